//! Where messages go that were taken in and could not be handled.
//!
//! A message that an actor refuses goes back to its sender, in the error. One that was taken in can
//! still be lost: its handler panics, its asker gives up, the actor stops first. Every such loss
//! passes through one function, which counts it under its [reason](DeadReason), keeps it in a ring
//! of the latest (with the message itself, where the handler had not consumed it), and shows it to
//! the [sinks](DeadLetterSink).
//!
//! The ring can be [searched](DeadLetters::find) by actor, message type, reason and time, and what it keeps can be
//! [sent again](DeadLetters::replay). Reach it with [`System::dead_letters`](crate::System::dead_letters).
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
//! 1. The letter keeps the message, so it can be [taken out](DeadLetter::take) and [sent again](DeadLetters::replay).
//! 2. It says why, by a type, not in a log line; and a message that crashed several incarnations says
//!    [what each of them died of](DeadLetter::history).
//! 3. It covers asks whose caller gave up, so that the books balance.
//!
//! In the book: [runtime](../../../book/runtime.html).
mod config;
mod filter;
mod letter;
mod reason;
mod replay;
mod ring;

pub use config::DeadLetterConfig;
pub use filter::LetterFilter;
pub use letter::{Crash, DeadLetter};
pub use reason::{DeadKind, DeadReason};
pub use replay::Replayed;
pub use ring::{DeadCounts, DeadLetterSink, DeadLetters};

pub(crate) use letter::Loss;
