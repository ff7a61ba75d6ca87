//! What a [`WorkerPoolActor`](super::WorkerPoolActor) understands.
use actix::Message;
use tokio::time::Instant;

use super::{DrainReceipt, JobClass, ResizeError, WorkerPoolStatus};

/// Asks a [`WorkerPoolActor`](super::WorkerPoolActor) for a snapshot of its pool.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "WorkerPoolStatus")]
pub struct GetStatus;

/// Has a class of workers be as many as this; see [`WorkerPool::resize`](super::WorkerPool::resize).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), ResizeError>")]
pub struct Resize {
    /// Which workers.
    pub class: JobClass,
    /// How many there are to be; at least 1.
    pub to: usize,
}

/// Has the pool take no new work; see [`WorkerPool::close`](super::WorkerPool::close).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Close;

/// Has the pool finish what it has, by the deadline; see [`WorkerPool::drain`](super::WorkerPool::drain).
///
/// The answer can take as long as that: ask with the actor's `ask_timeout` in mind, which is the
/// pool's [`drain_timeout`](super::WorkerPoolConfig::drain_timeout).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "DrainReceipt")]
pub struct Drain {
    /// When everything must be over.
    pub deadline: Instant,
}
