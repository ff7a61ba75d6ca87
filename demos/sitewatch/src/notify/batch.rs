use std::time::Duration;

use jiff::Timestamp;

use super::{Notice, Queued};

/// How many notices are sent at a time.
pub(super) const MOST: usize = 50;

/// How many links they name at most, unless a single notice names more: a request of about a megabyte.
const MOST_NAMED: usize = 2_000;

/// Notices that are sent as one.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) ids: Vec<i64>,
    pub(super) notices: Vec<Notice>,
    /// Attempts in vain so far: the same for all.
    pub(super) attempts: u32,
    oldest: Timestamp,
    /// Whether the next one would not fit in.
    is_full: bool,
}

impl Batch {
    /// The first of what is due: what was sent together before stays together, so that a receiver that has it all the
    /// same can tell.
    pub(super) fn first_of(queued: Vec<Queued>) -> Option<Self> {
        let Queued { attempts, since, .. } = *queued.first()?;
        let mut batch = Self { ids: Vec::new(), notices: Vec::new(), attempts, oldest: since, is_full: false };
        let mut named = 0;
        for Queued { id, mut notice, since, .. } in queued.into_iter().take_while(|one| one.attempts == attempts) {
            named += notice.named();
            batch.is_full = batch.ids.len() == MOST || named > MOST_NAMED;
            if batch.is_full && !batch.ids.is_empty() {
                break;
            }
            notice.id = id;
            batch.ids.push(id);
            batch.notices.push(notice);
            batch.oldest = batch.oldest.min(since);
        }
        batch.is_full |= batch.ids.len() == MOST;
        Some(batch)
    }

    /// How long to wait yet for others to join it.
    pub(super) fn wait(&self, now: Timestamp, wait: Duration) -> Duration {
        if self.is_full || self.attempts > 0 {
            return Duration::ZERO;
        }
        // Of the future only where a clock was set back: then nobody knows, and it is not held up.
        let age = Duration::try_from(now.duration_since(self.oldest)).unwrap_or(Duration::MAX);
        wait.saturating_sub(age)
    }
}
