//! Where messages go that were taken in and could not be handled.
//!
//! A message that an actor refuses goes back to its sender, in the error. One that was taken in can
//! still be lost: its handler panics, its asker gives up, the actor stops first. Every such loss
//! passes through one function, which counts it under its [reason](DeadReason), keeps it in a ring
//! of the latest (with the message itself, where the handler had not consumed it), and shows it to
//! the [sinks](DeadLetterSink).
//!
//! Reach it with [`System::dead_letters`](crate::System::dead_letters).
//!
//! # Invariants
//!
//! 1. One loss, one letter, one count: `DeadCounts::total` is the `dead` of
//!    [`System::audit`](crate::System::audit).
//! 2. Memory is bounded by the ring's capacity; an evicted letter stays counted.
//! 3. No user code (a sink, a message's destructor) runs under a lock of ours, and a panic in it
//!    stops here.
//!
//! # Comparison to Akka's dead letters
//!
//! 1. The letter keeps the message, so it can be [taken out](DeadLetter::take) and sent again.
//! 2. It says why, by a type, not in a log line.
//! 3. It covers asks whose caller gave up, so that the books balance.
mod config;
mod letter;
mod ring;

pub use config::DeadLetterConfig;
pub use letter::{DeadLetter, DeadReason};
pub use ring::{DeadCounts, DeadLetterSink, DeadLetters};
