//! Asking work to stop, and limiting how long it may take.
mod cause;
mod shield;
mod timeout;
mod token;

pub use cause::{CancelCause, CancelKind};
pub use shield::{ShieldError, shield};
pub use timeout::{Elapsed, move_on_after, timeout, timeout_at};
pub use token::{CancelToken, DropGuard};
