use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::WallClock;
use jiff::Timestamp;
use parking_lot::Mutex;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{Interrupt, interruptible};
use patterns_core::outcome::catch_panics;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::batch::{Batch, MOST};
use super::ending::{Ending, pauses};
use super::{Channel, ChannelStatus, Outbox, OutboxError, Policy, Queued, SendError};

/// How often the outbox is looked at where nobody says that there is something new.
const POLL: Duration = Duration::from_secs(60);

/// The longest that a receiver may ask to be left alone.
const LONGEST_REST: Duration = Duration::from_secs(24 * 60 * 60);

/// Whoever carries the notices of one channel.
pub(super) struct Courier {
    name: String,
    channel: Arc<dyn Channel>,
    policy: Policy,
    /// Cancelled when it is to take up nothing more.
    closing: CancelToken,
    /// Told when there may be something new. It remembers being told once, so nothing is missed between two looks.
    woken: Notify,
    /// Held by whoever runs it: two at a time would send everything twice.
    turn: tokio::sync::Mutex<()>,
    status: Mutex<ChannelStatus>,
}

impl Courier {
    pub(super) fn new(name: String, channel: Arc<dyn Channel>, policy: Policy, closing: CancelToken) -> Self {
        let (woken, turn, status) = (Notify::new(), tokio::sync::Mutex::new(()), Mutex::default());
        Self { name, channel, policy, closing, woken, turn, status }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    pub(super) fn status(&self) -> ChannelStatus {
        self.status.lock().clone()
    }

    /// Carries until it is asked to stop; ends well once it is to take up nothing more, and has done with what it had.
    pub(super) async fn run(
        self: Arc<Self>,
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn WallClock>,
    ) -> Result<(), Interrupt> {
        let _turn = interruptible(self.turn.lock()).await?;
        let mut troubles = pauses();
        loop {
            let now = clock.now();
            let Some(looked) = self.look(&*outbox, now).await? else { return Ok(()) };
            let queued = match looked {
                Ok(queued) => queued,
                Err(error) => {
                    self.trouble(&error.to_string());
                    self.pause(troubles.next().unwrap_or(POLL)).await?;
                    continue;
                }
            };
            troubles = pauses();
            self.seen(queued.len());
            let Some(batch) = Batch::first_of(queued) else {
                self.status.lock().next = None;
                self.rest(POLL).await?;
                continue;
            };
            let wait = batch.wait(now, self.policy.wait);
            if wait.is_zero() {
                self.carry(batch, &outbox, &*clock).await?;
            } else {
                self.status.lock().next = Some(later(now, wait));
                self.rest(wait.min(POLL)).await?;
            }
        }
    }

    /// What is due now; nothing where it is to take up nothing more.
    async fn look(
        &self,
        outbox: &dyn Outbox,
        now: Timestamp,
    ) -> Result<Option<Result<Vec<Queued>, OutboxError>>, Interrupt> {
        interruptible(async {
            tokio::select! {
                biased;
                _ = self.closing.cancelled() => None,
                due = outbox.due(&self.name, now, MOST) => Some(due),
            }
        })
        .await
    }

    /// Sends a batch, has the outbox know how that went, and rests if it went wrong.
    async fn carry(&self, batch: Batch, outbox: &Arc<dyn Outbox>, clock: &dyn WallClock) -> Result<(), Interrupt> {
        let Batch { ids, notices, attempts, .. } = batch;
        let (ids, count) = (Arc::<[i64]>::from(ids), notices.len() as u64);
        let sent = interruptible(catch_panics(self.channel.send(&notices))).await?;
        let result = sent.unwrap_or_else(|panic| Err(SendError::Panicked(panic)));
        let (ending, pause) = match &result {
            Ok(()) => {
                let mut status = self.status.lock();
                status.sent += count;
                (status.last_error, status.next) = (None, None);
                tracing::info!(channel = self.name, notices = count, "notices were sent");
                (Ending::Delivered, Duration::ZERO)
            }
            Err(error) => self.failed(error, count, attempts.saturating_add(1), clock.now()),
        };
        ending.note(outbox, &ids, |why| self.trouble(why)).await?;
        self.status.lock().outbox_error = None;
        if matches!(ending, Ending::Again { .. }) {
            self.pause(pause).await?;
        }
        Ok(())
    }

    /// What follows from an attempt in vain, and how long to rest before the next.
    fn failed(&self, error: &SendError, count: u64, attempts: u32, now: Timestamp) -> (Ending, Duration) {
        let why = error.to_string();
        let mut status = self.status.lock();
        status.failed += 1;
        status.last_error = Some(why.clone());
        if error.is_permanent() || attempts >= self.policy.attempts {
            status.given_up += count;
            status.next = None;
            tracing::error!(channel = self.name, notices = count, attempts, why, "notices were given up");
            return (Ending::GivenUp { why }, Duration::ZERO);
        }
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_REST);
        let pause = self.policy.pause(attempts).max(asked);
        let next = later(now, pause);
        status.next = Some(next);
        tracing::warn!(channel = self.name, notices = count, attempts, why, %next, "notices were not sent");
        (Ending::Again { next, why }, pause)
    }

    fn seen(&self, waiting: usize) {
        let mut status = self.status.lock();
        status.waiting = waiting as u64;
        status.outbox_error = None;
    }

    fn trouble(&self, why: &str) {
        self.status.lock().outbox_error = Some(why.to_owned());
        tracing::warn!(channel = self.name, why, "the outbox is waited for");
    }

    /// Waits so long, or until it is to take up nothing more.
    async fn pause(&self, time: Duration) -> Result<(), Interrupt> {
        interruptible(async {
            tokio::select! {
                biased;
                _ = self.closing.cancelled() => {}
                () = sleep(time) => {}
            }
        })
        .await
    }

    /// Waits so long, or until there may be something new, or until it is to take up nothing more.
    async fn rest(&self, time: Duration) -> Result<(), Interrupt> {
        interruptible(async {
            tokio::select! {
                biased;
                _ = self.closing.cancelled() => {}
                () = self.woken.notified() => {}
                () = sleep(time) => {}
            }
        })
        .await
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("name", &self.name).field("policy", &self.policy).finish_non_exhaustive()
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
