//! So many at once, and everybody in turn.
//!
//! A [`Semaphore`] admits holders of permits up to a limit that can change at any time; an
//! [`AdaptiveLimit`] finds that limit by itself, from how long calls take and whether they fail.
//!
//! # Why can a free permit be unobtainable?
//!
//! In most async semaphores a freed permit is *given* to the longest waiter, who owns it from then on. If
//! that waiter is a future that nobody polls any more, because it lost in a `select!` and is still alive, or
//! because its owner awaits something else first, the permit is lost for as long as that lasts; and if what
//! its owner awaits is another permit of the same semaphore, for ever (the "futurelock").
//!
//! Here a freed permit is *offered*. The offer stands for a [grace](Builder::grace), in which the waiter has
//! to be polled; then it is revoked, and made to the next in line. The one that was passed over keeps its
//! place: polled again, it is the first in line again.
//!
//! ```
//! use patterns_core::semaphore::Semaphore;
//! use std::pin::pin;
//! use std::time::Duration;
//! use tokio::time::{sleep, timeout};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let semaphore = Semaphore::new(1);
//! let held = semaphore.acquire().await?;
//! let mut first = pin!(semaphore.acquire());
//! tokio::select! {
//!     biased;
//!     _ = &mut first => unreachable!("the permit is held"),
//!     () = sleep(Duration::from_millis(1)) => {}
//! }
//! drop(held); // offered to `first`, which nobody polls
//! let second = timeout(Duration::from_secs(1), semaphore.acquire()).await??;
//! drop(second);
//! drop(first.await?); // it has kept its place
//! # Ok(()) }
//! ```
//!
//! In the book: [semaphore](../../../book/semaphore.html).
mod adaptive;
mod builder;
mod error;
mod handle;
mod line;
#[cfg(test)]
mod model;
mod permit;
mod request;
mod shared;
mod state;
mod status;
mod waiting;
mod watch;

/// What the semaphore is made of: the model checker has others.
mod sync {
    pub(super) use parking_lot::{Mutex, MutexGuard};
}

pub use adaptive::{AdaptiveBuilder, AdaptiveLimit, AdaptivePermit, AdaptiveStatus, Algorithm};
pub use builder::Builder;
pub use error::{AcquireError, BuildError};
pub use handle::Semaphore;
pub use permit::{OwnedPermit, Permit};
pub use request::Request;
#[cfg(feature = "inspect")]
pub(crate) use shared::Shared;
#[cfg(feature = "inspect")]
pub(crate) use state::Claim;
pub use status::{Holder, Status, Waiter};
