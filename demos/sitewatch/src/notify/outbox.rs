use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Notice;

/// Where notices wait until they were taken. What is put in outlives the process, if the store does.
///
/// Each notice is for one channel; that each change is put in for every channel that is to hear of it is up to whoever
/// puts it in. [`MemoryOutbox`](super::MemoryOutbox) is one for tests.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// The notices for a channel that are due by now, the first ones by [`id`](Queued::id): at most `limit`. Those that
    /// were [delivered](Self::delivered) or [given up](Self::given_up) are not among them.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]: the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    async fn due(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Queued>, OutboxError>;

    /// Notes that these were taken: all of them, or none if it fails.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]: the store does not answer. It may be said again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is noted whole or not at all.
    async fn delivered(&self, ids: &[i64]) -> Result<(), OutboxError>;

    /// Notes one more attempt in vain, and that these are due again at `next`: all of them, or none if it fails.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]: the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is noted whole or not at all.
    async fn failed(&self, ids: &[i64], next: Timestamp, why: &str) -> Result<(), OutboxError>;

    /// Notes one more attempt in vain, and that there will be no other: for all of them, or none if it fails.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]: the store does not answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is noted whole or not at all.
    async fn given_up(&self, ids: &[i64], why: &str) -> Result<(), OutboxError>;

    /// Gives up what waits for any other channel than these, due or not, and gives how many notices that were. No
    /// attempt is counted.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]: the store does not answer. It may be said again.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is noted whole or not at all.
    async fn give_up_others(&self, channels: &BTreeSet<String>, why: &str) -> Result<u64, OutboxError>;
}

/// A notice in an outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its number there, which only grows.
    pub id: i64,
    /// What is to be told.
    pub notice: Notice,
    /// Attempts in vain so far.
    pub attempts: u32,
    /// When it was put in.
    pub since: Timestamp,
}

/// Why an outbox did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the outbox does not answer: {why}")]
pub struct OutboxError {
    why: String,
}

impl OutboxError {
    /// An error for this reason.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}
