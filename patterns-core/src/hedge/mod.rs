//! Another attempt while the first is still on its way, for calls that are usually fast and sometimes slow.
//!
//! # Why not a shorter timeout and a retry?
//!
//! A timeout throws away an attempt that might have answered in the next moment, and pays for it whenever it
//! is too short. A hedge lets the slow attempt go on and starts another beside it; whichever answers first
//! wins. With a delay of the 95th percentile one call in twenty sends a second request, and the slowest
//! calls become about as fast as two delays.
//!
//! What has to be right:
//!
//! 1. A second request is sent only where it may help: none after the ambient deadline or token has ended the
//!    call, none that the typical latency, where it is known ([`percentile`](Hedge::percentile)), says would come too
//!    late, and none that the [`RetryBudget`] shared with retries has no token for. When a server is slow because it is overloaded, every call is slow, and hedging
//!    all of them would double its load.
//! 2. The losers are somebody's. They are asked to stop, so that they roll back, return a connection or cancel
//!    the query at the server, and whoever waits for the caller waits for that too.
//! 3. The operation may be carried out twice: hedge what is idempotent, such as reads.
//!
//! A failure is not hedged: an attempt that fails while no other is on its way fails the call. Trying again is
//! what [`Retry`](crate::retry::Retry) is for, around the hedge.
//!
//! Source: Jeffrey Dean and Luiz André Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013.
//!
//! [`RetryBudget`]: crate::retry::RetryBudget
//!
//! In the book: [hedge](../../../book/hedge.html).
mod error;
mod latencies;
mod policy;
mod race;

pub use error::{AttemptFailure, FailedAttempt, HedgeError};
pub use policy::{Hedge, Status};
