//! So many calls to one thing at once, and no more in line than make sense.
//!
//! # Why not just a semaphore?
//!
//! A [`Semaphore`](crate::semaphore::Semaphore) limits how many are inside. When what is inside gets slow, the line in
//! front of it grows without bound, and everybody in it waits longer than anybody would: memory and time go to calls
//! whose callers have given up. A [`Bulkhead`] limits the line too, in length and in time, and turns the rest away at
//! once. One for each thing that can be slow keeps that one from taking all of the caller's tasks with it.
//!
//! In the book: [bulkhead](../../../book/bulkhead.html).
mod builder;
mod error;
mod handle;
mod place;
mod status;

pub use self::builder::Builder;
pub use self::error::{BuildError, BulkheadError, EnterError};
pub use self::handle::Bulkhead;
pub use self::place::Place;
pub use self::status::Status;
