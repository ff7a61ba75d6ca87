//! Mailboxes with lanes, one exact bound each, and asks that fail with a reason.
//!
//! Any actix actor gets one when it is [spawned](crate::System::spawn). A message is put into its
//! lane by the sender; a future of ours inside the actor's own `Context` takes it out and calls the
//! actor's ordinary `Handler`.
//!
//! # Guarantees
//!
//! 1. **Bound.** A lane holds at most its capacity. Who waits for room holds its own message.
//! 2. **Order.** Within a lane, messages of one sender are handled in the order sent, and senders
//!    that wait for room get it first come, first served.
//! 3. **Priority.** Control before interactive before batch; batch at least one in nine.
//! 4. **Fairness.** After a turn (128 messages or 1 ms) the actor lets timers, sockets and other tasks run.
//! 5. **Books.** `sent = handled + rejected + dead + in flight` ([`Audit`](crate::system::Audit)).
//! 6. **Answers.** An ask ends with the answer or with an [`AskError`] that says which phase failed.
//!    Once its deadline has passed, or its caller is gone, it is not started any more. One that could only wait for
//!    itself is [refused at once](#asks-that-wait-for-themselves).
//!
//! # How a message travels
//!
//! The sender passes the gate (a counter that closing turns into a fixed number, so that a stopping
//! actor knows when it has seen everything), pushes into a bounded channel, and pokes the actor. The
//! poke is one atomic swap while the actor is awake. The protocol and why it loses no wake-up are
//! written at its place in the source: `wake.rs` for waking, `queue.rs` for waiting, `ledger.rs` for
//! closing.
//!
//! # Asks that wait for themselves
//!
//! An actor whose handler answers with an `AtomicResponse`, or calls `ctx.wait`, is *held*: it handles nothing until
//! that future ends. If the future asks the actor itself, or asks another one whose answer needs this one, everybody
//! waits, until the first deadline. Such an ask ends with [`AskError::Cycle`] and the way around, and is not sent.
//!
//! What is detected: an ask that closes a circle of asks under way, in which the asked actor is held by its own part.
//! The parts may be asks of futures that hold their actors, and asks of a [`Reply`], in any number; a future that
//! awaits other things beside the ask (a `select!`, a join) counts as waiting for it. In the same way a `tell` that
//! would have to wait for room in the mailbox of a held actor that waits for it is [`Full`](TellError::Full).
//!
//! What is never refused: an ask of an actor that is not held by the circle, so that it can answer. An actor may ask
//! itself in a [`Reply`], a `ResponseFuture` or a `ResponseActFuture`.
//!
//! What is not detected, and ends with a timeout: a circle with a part
//!
//! - in a task of its own (a `ResponseFuture`, `tokio::spawn`), as nothing ambient gets there;
//! - in a future that does not hold its actor (`ResponseActFuture`, `ctx.spawn`), as actix does not say whose answer it
//!   works on;
//! - in a `ctx.wait` that was called outside of a handler of this mailbox, if it asks in its first poll;
//! - in a system with a thread of its own, in the very moment in which the actor becomes held;
//! - in a handler that blocks its thread.
//!
//! # What it does not cover
//!
//! A message that the actor sends itself through actix (`ctx.address()`, `ctx.notify`) goes
//! through actix's own mailbox: unbounded, in no lane, in no book. An actor that notifies itself for
//! ever keeps its thread; through a [`WeakHandle`](crate::WeakHandle) it would not. And actix polls
//! every future of a context (`ctx.spawn`, `run_later`, `ResponseActFuture`) at each turn, so a
//! turn costs more with thousands of them; a [`Reply`] (or a `ResponseFuture`) costs nothing while
//! it waits.
//!
//! # Comparison to `actix::Addr`
//!
//! 1. An `Addr`'s capacity limits nothing: each clone of a sender has a place of its own.
//! 2. It knows one error, `Closed`; here a panic comes with its text and place, a stop with its
//!    reason, and a timeout says whether the message was queued or in its handler.
//! 3. A panic loses its whole queue; here it costs one message.
//!
//! In the book: [runtime](../../../book/runtime.html).
mod answers;
mod ask;
mod asking;
mod config;
mod core;
mod drain;
mod error;
mod forward;
mod hub;
mod lane;
mod ledger;
mod link;
mod meters;
mod parcel;
mod queue;
mod reply;
mod retried;
mod stage;
mod turn;
mod waiting;
mod waits;
mod wake;
mod work;

pub use config::MailboxConfig;
pub use error::{AskError, TellError};
pub use lane::Lane;
pub use reply::Reply;
pub use waits::{WaitBucket, WaitHistogram};

pub(crate) use core::Core;
pub(crate) use drain::Drain;
pub(crate) use hub::Hub;
pub(crate) use meters::{Meters, count_dead, describe};
pub(crate) use parcel::Tell;
pub(crate) use retried::Retried;
pub(crate) use stage::Stage;
