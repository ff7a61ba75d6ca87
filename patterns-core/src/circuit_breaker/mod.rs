//! Not calling what fails anyway.
//!
//! A [`CircuitBreaker`] watches how calls end. While most succeed it is *closed* and only counts. When too many fail,
//! or are too slow, it *opens*: calls are turned away at once, which spares the caller the wait and the other side
//! the load. After a while it is *half open*: a few calls, the probes, are let through, and decide.
//!
//! # What is easy to get wrong
//!
//! 1. *All rush in when it is half open.* Here a probe is reserved before it is made: exactly as many get in as were
//!    asked for.
//! 2. *A caller who gives up counts as a failure.* Impatient callers would open the breaker of a healthy service.
//!    Here a call that is dropped says nothing about the other side, unless you [say so](OnCancel).
//! 3. *A probe that is dropped is lost*, and the breaker stays half open for ever. Here it gives its place back.
//! 4. *Late results.* A call that began before the breaker opened ends while it is half open, and closes it. Here
//!    a result counts in the period in which its call began, and in no other.
//!
//! In the book: [circuit_breaker](../../../book/circuit_breaker.html).
mod breaker;
mod builder;
mod call;
mod core;
mod error;
mod status;
mod window;

pub use self::breaker::CircuitBreaker;
pub use self::builder::{Builder, OnCancel};
pub use self::call::Call;
pub use self::error::{BreakerError, BuildError, Open};
pub use self::status::{Change, State, Status};
