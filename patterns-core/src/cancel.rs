//! Asking work to stop, and limiting how long it may take.
//!
//! In the book: [cancel](../../../book/cancel.html).
mod cause;
#[cfg(test)]
mod model;
mod shield;
mod timeout;
mod token;

/// What the token is made of: the model checker has others.
mod sync {
    pub(super) use std::sync::OnceLock;
    pub(super) use std::sync::atomic::AtomicBool;

    pub(super) use parking_lot::Mutex;
    pub(super) use tokio::sync::Notify;
}

pub use cause::{CancelCause, CancelKind};
pub use shield::{ShieldError, shield};
pub use timeout::{Elapsed, move_on_after, timeout, timeout_at};
pub use token::{CancelToken, DropGuard};
