//! What a [`JobQueueActor`](super::JobQueueActor) understands.
use actix::Message;
use tokio::time::Instant;

use super::{DrainReceipt, JobQueueStatus};

/// Asks a [`JobQueueActor`](super::JobQueueActor) for a snapshot.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "JobQueueStatus")]
pub struct GetStatus;

/// Has the process take nothing any more; see [`JobQueue::close`](super::JobQueue::close).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Close;

/// Has the process finish what it has, by the deadline; see [`JobQueue::drain`](super::JobQueue::drain).
///
/// The answer can take as long as that: ask with the actor's `ask_timeout` in mind, which is at least the queue's
/// [`drain_timeout`](super::JobQueueConfig::drain_timeout).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "DrainReceipt")]
pub struct Drain {
    /// When everything must be over.
    pub deadline: Instant,
}
