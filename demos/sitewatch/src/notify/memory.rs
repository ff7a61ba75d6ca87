use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{Notice, Outbox, OutboxError, Queued};

/// An [`Outbox`] in memory, for tests. It forgets nothing, so that one can look at what became of each notice; for the
/// same reason it only grows.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::{EntryState, MemoryOutbox, Notice, NoticeKind, Outbox};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let outbox = MemoryOutbox::default();
/// let at = "2026-11-26T15:00:00Z".parse()?;
/// let id = outbox.put("ops", Notice::new(NoticeKind::Recovered, "docs", "https://example.org/docs/", 12, at), at);
///
/// assert_eq!(outbox.due("ops", at, 50).await?[0].id, id);
/// assert!(outbox.due("others", at, 50).await?.is_empty());
/// outbox.delivered(&[id]).await?;
/// assert!(outbox.due("ops", at, 50).await?.is_empty());
/// assert_eq!(outbox.entries()[0].state, EntryState::Delivered);
/// # Ok(()) }
/// ```
#[derive(Debug, Default)]
pub struct MemoryOutbox(Mutex<Vec<Entry>>);

/// A notice in a [`MemoryOutbox`], and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1.
    pub id: i64,
    /// Whom it is for.
    pub channel: String,
    /// What is to be told.
    pub notice: Notice,
    /// When it was put in.
    pub since: Timestamp,
    /// Attempts in vain.
    pub attempts: u32,
    /// When it is due.
    pub next: Timestamp,
    /// What became of it.
    pub state: EntryState,
    /// What was wrong with the latest attempt in vain, or why there was none.
    pub why: Option<String>,
}

/// What became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryState {
    /// It waits.
    Waiting,
    /// It was taken.
    Delivered,
    /// It was given up.
    GivenUp,
}

impl MemoryOutbox {
    /// Puts in a notice for a channel, due at once, and gives its number.
    pub fn put(&self, channel: &str, notice: Notice, since: Timestamp) -> i64 {
        let mut entries = self.0.lock();
        let id = i64::try_from(entries.len()).map_or(i64::MAX, |before| before + 1);
        entries.push(Entry {
            id,
            channel: channel.to_owned(),
            notice,
            since,
            attempts: 0,
            next: since,
            state: EntryState::Waiting,
            why: None,
        });
        id
    }

    /// All that was ever put in, by number.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().clone()
    }

    /// Changes those of these that wait.
    fn change(&self, ids: &[i64], change: impl Fn(&mut Entry)) {
        let mut entries = self.0.lock();
        entries
            .iter_mut()
            .filter(|entry| entry.state == EntryState::Waiting && ids.contains(&entry.id))
            .for_each(change);
    }
}

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn due(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Queued>, OutboxError> {
        let entries = self.0.lock();
        let due = entries
            .iter()
            .filter(|entry| entry.state == EntryState::Waiting && entry.channel == channel && entry.next <= now);
        Ok(due
            .take(limit)
            .map(|Entry { id, notice, attempts, since, .. }| Queued {
                id: *id,
                notice: notice.clone(),
                attempts: *attempts,
                since: *since,
            })
            .collect())
    }

    async fn delivered(&self, ids: &[i64]) -> Result<(), OutboxError> {
        self.change(ids, |entry| (entry.state, entry.why) = (EntryState::Delivered, None));
        Ok(())
    }

    async fn failed(&self, ids: &[i64], next: Timestamp, why: &str) -> Result<(), OutboxError> {
        self.change(ids, |entry| {
            (entry.next, entry.why) = (next, Some(why.to_owned()));
            entry.attempts += 1;
        });
        Ok(())
    }

    async fn given_up(&self, ids: &[i64], why: &str) -> Result<(), OutboxError> {
        self.change(ids, |entry| {
            (entry.state, entry.why) = (EntryState::GivenUp, Some(why.to_owned()));
            entry.attempts += 1;
        });
        Ok(())
    }

    async fn give_up_others(&self, channels: &BTreeSet<String>, why: &str) -> Result<u64, OutboxError> {
        let mut count = 0;
        for entry in &mut *self.0.lock() {
            if entry.state == EntryState::Waiting && !channels.contains(&entry.channel) {
                (entry.state, entry.why) = (EntryState::GivenUp, Some(why.to_owned()));
                count += 1;
            }
        }
        Ok(count)
    }
}
