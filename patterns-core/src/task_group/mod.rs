//! Tasks that cannot outlive the block that started them.
//!
//! A [`TaskGroup`] runs a body; the body [spawns](Group::spawn) children; the group ends when the body
//! and all children have ended, destructors included, however any of them ends. So a function that
//! uses a group inside has left nothing running when it returns.
//!
//! # How a group stops
//!
//! 1. *Ask*: the token that the body and the children run under is cancelled, with a
//!    [cause](crate::cancel::CancelCause): a sibling failed, the enclosing work was cancelled, the
//!    deadline passed, somebody called [`Group::cancel`], or the group's future was dropped.
//!    Whatever waits [interruptibly](crate::context::interruptible) returns an error, so that `?` unwinds to
//!    the cleanup, which runs as ordinary async code. A child that had not started never runs.
//! 2. *Grace* ([`TaskGroup::grace`]): time for that cleanup.
//! 3. *Abort*: what is still there is dropped where it awaits, and named as a straggler.
//! 4. *Join*: the group still waits until the last destructor has returned.
//!
//! A child that neither looks at its token nor awaits can't be stopped by anybody; the group waits for it
//! and says so. If the group's own future is dropped, steps 1 to 4 go on in the background, owned
//! by the enclosing group, which waits for them before it ends, or by the root
//! [`Reaper`](crate::reaper::Reaper).
//!
//! ```
//! use patterns_core::context;
//! use patterns_core::task_group::TaskGroup;
//! use std::time::Duration;
//! use tokio::time::sleep;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let result = TaskGroup::new("import").grace(Duration::from_secs(5)).run(async |group| {
//!     group.spawn("pages", async {
//!         let worked = context::sleep(Duration::from_secs(60)).await;
//!         sleep(Duration::from_secs(1)).await; // Rolls back, say: asked, not dropped.
//!         worked
//!     });
//!     group.spawn("deaf", async { sleep(Duration::from_secs(60)).await; Ok::<_, String>(()) });
//!     group.spawn("index", async { Err::<(), _>("disk is full") });
//!     Ok(())
//! });
//! let errors = result.await.unwrap_err();
//! let lines: Vec<_> = errors.leaves().map(ToString::to_string).collect();
//! assert_eq!(lines[0], "import/index: disk is full");
//! assert!(lines[1].starts_with("import/deaf: aborted, as it did not stop when cancelled: a sibling failed"));
//! assert_eq!(lines.len(), 2);
//! # }
//! ```
//!
//! # What counts as a failure
//!
//! An error that a task returns *because* it was asked to stop is a cancellation, not an error: an
//! error is one of these if its token is cancelled and the chain of its
//! [sources](std::error::Error::source) holds an [`Interrupt`](crate::context::Interrupt), a
//! [`CancelCause`](crate::cancel::CancelCause) or an [`ErrorGroup`] of nothing but
//! cancellations. Any other error is kept, also one that happens during the cleanup.
//!
//! A group that was cut short from outside never looks like one that has finished: its result has
//! the cancellation as a leaf. A child that was cancelled alone ([`TaskHandle::cancel`]), or a group
//! that cancelled itself ([`Group::cancel`]), is not a failure by itself.
//!
//! # Join policies
//!
//! | policy | stops the others at | the run returns |
//! |---|---|---|
//! | [`FailFast`] | the first failure | the body's value, or all errors |
//! | [`CollectAll`] | nothing | value, errors and counts: [`Settled`] |
//! | [`FirstOk`] | the first success | the body's value, or all errors where none succeeded |
//! | [`Quorum`] | the k-th success | the body's value, or all errors where fewer succeeded |
//! | [`ErrorBudget`] | one failure more than allowed | value and tolerated errors, or all errors |
//! | [`UntilDeadline`] | the ambient deadline | value, errors and counts; the deadline is no error |
//!
//! Or write another: [`JoinPolicy`].
//!
//! # Why children are `'static`
//!
//! A scope that is parallel, borrows from its caller, and is itself a future cannot be sound in Rust: the
//! future may be forgotten while the children still use the borrow. Move or share (`Arc`) what
//! children need. The *body* may borrow, as it runs inside of the group's own future.
//!
//! In the book: [task_group](../../../book/task_group.html).
mod builder;
mod child;
mod count;
mod group;
mod handle;
mod ledger;
#[cfg(feature = "inspect")]
mod look;
mod owner;
mod policies;
mod policy;
mod registry;
mod shared;
mod task;
mod winner;

pub use builder::TaskGroup;
pub use group::Group;
pub use handle::TaskHandle;
pub use policies::{ErrorBudget, FirstOk, Quorum, Tolerated, UntilDeadline};
pub use policy::{CollectAll, Counts, Ended, FailFast, Flow, JoinPolicy, Settled};
#[cfg(feature = "inspect")]
pub(crate) use shared::Shared;
pub(crate) use task::Task;
pub use winner::{first_ok, winner, winners};

pub use crate::outcome::{BoxError, ErrorGroup, TaskFailed};
