//! Giving back what was acquired, in reverse order and with awaits, however the work ends.
//!
//! - [`ExitStack`]: any number of cleanups, pushed as the resources are acquired.
//! - [`managed`]: one resource with its release.
//! - [`transaction`]: commit if all went well, roll back otherwise.
//!
//! # Why not `Drop`?
//!
//! A destructor can't await, and a dropped future runs no code after its last await. Closing a
//! connection properly, flushing a file or rolling back takes awaits. So cleanups run on a task of
//! their own: whoever uses the stack waits for that task, and if he is dropped or aborted, the
//! [`Reaper`](crate::reaper::Reaper) of the context does.
//!
//! # Invariants
//!
//! 1. Each cleanup runs exactly once: on ok, error, panic, cancellation, drop and abort.
//! 2. They run one after the other, the one pushed last first. One that fails, panics or takes too
//!    long does not keep the next from running.
//! 3. They obey neither the token nor the deadline of the work: each has a limit of its own,
//!    [`DEFAULT_LIMIT`] if not said otherwise, and sees it as its ambient deadline.
//! 4. No failure of a cleanup is silent: it is returned, or, where nobody is left to return it to,
//!    logged as a `tracing` error.
//!
//! The only way to lose a cleanup is to shut the runtime down under it, which is logged too: a
//! program ends with [`Reaper::drained`](crate::reaper::Reaper::drained).
//!
//! In the book: [exit_stack](../../../book/exit_stack.html).
mod cleanup;
mod error;
mod exit;
mod managed;
mod slot;
mod stack;
mod transaction;

use std::time::Duration;

pub use error::{BoxError, CleanupError, CleanupErrors, CleanupFailure, ExitError};
pub use exit::Exit;
pub use managed::{Managed, managed};
pub use slot::Entered;
pub use stack::ExitStack;
pub use transaction::{Transaction, TransactionError, Transactional, transaction};

/// How long a cleanup may take if not said otherwise: 30 seconds.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(30);
