//! Fire-and-forget that is tracked, bounded, and drained at shutdown.
//!
//! A bare `tokio::spawn` whose handle is dropped is owned by nobody: its error and its panic vanish, nothing
//! limits how many there are, and the end of the program cuts it wherever it is. A [`Background`] is the owner:
//!
//! - [`spawn`](Background::spawn) waits for a free place, [`try_spawn`](Background::try_spawn) gives the future
//!   back where there is none.
//! - [`every`](Background::every) runs a round of work again and again; a round that fails or panics doesn't end
//!   the loop.
//! - Errors and panics go to a [sink](Builder::on_error), with the task's path, the place of its spawn, how long
//!   it ran, and a panic's text and place.
//! - [`drain`](Background::drain) finishes what is in, [`shutdown`](Background::shutdown) asks it to stop and
//!   says what became of everything; [`finish`](Background::finish) does one and then the other, for the end of a program.
//!
//! # The law
//!
//! `spawned = ok + failed + panicked + cancelled + live`, at any time: see [`Status`]. And `live` is never more
//! than the limit.
//!
//! # What a task inherits
//!
//! The path of names of whoever spawned it, so that a failure says what it was for. Neither its deadline nor its
//! token: the request may be answered, or given up, long before its audit record is written. What waits inside a
//! task obeys the background's token instead, and what it lets go of (a dropped group, a
//! [`shield`](crate::cancel::shield)) is waited for by the background.
//!
//! # How it stops
//!
//! 1. *Close*: no new work. A loop begins no other round, and ends well if none is running.
//! 2. *Ask*: the tasks' tokens are cancelled, with a cause. One that has not begun never runs.
//! 3. *Grace*: time for cleanup.
//! 4. *Abort*: what is still there is dropped where it awaits, and named as a straggler.
//! 5. *Join*: waits until the last destructor has returned.
//!
//! Dropping the last handle does all that without being waited for: the enclosing
//! [`TaskGroup`](crate::task_group::TaskGroup) or root [`Reaper`](crate::reaper::Reaper) waits instead.
//!
//! In the book: [background](../../../book/background.html).
mod builder;
mod error;
mod handle;
mod rounds;
mod shared;
mod spawn;
mod status;
mod stop;
mod task;

pub use builder::Builder;
pub use error::{BuildError, SpawnError};
pub use handle::Background;
pub use status::{Receipt, Status};
