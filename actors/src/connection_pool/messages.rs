//! What a [`ConnectionPoolActor`](super::ConnectionPoolActor) understands.
use actix::Message;
use tokio::time::Instant;

use super::{ConnectionPoolStatus, DrainReceipt, ResizeError};

/// Asks for a snapshot of the pool.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "ConnectionPoolStatus")]
pub struct GetStatus;

/// Has the pool lend out no more connections; see [`ConnectionPool::close`](super::ConnectionPool::close).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Close;

/// Changes how many connections there may be; see [`ConnectionPool::resize`](super::ConnectionPool::resize).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<(), ResizeError>")]
pub struct Resize {
    /// The most connections at any time.
    pub max_size: usize,
    /// Connections that are kept ready.
    pub min_idle: usize,
}

/// Has the pool close all its connections by the deadline; see
/// [`ConnectionPool::drain`](super::ConnectionPool::drain).
///
/// The answer can take as long as that, but an ask at most as long as the pool's
/// [`drain_timeout`](super::ConnectionPoolConfig::drain_timeout).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "DrainReceipt")]
pub struct Drain {
    /// When everything must be over.
    pub deadline: Instant,
}
