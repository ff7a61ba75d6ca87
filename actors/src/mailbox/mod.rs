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
//! 4. **Fairness.** After a turn (128 messages) the actor lets timers, sockets and other tasks run.
//! 5. **Books.** `sent = handled + rejected + dead + in flight` ([`Audit`](crate::system::Audit)).
//! 6. **Answers.** An ask ends with the answer or with an [`AskError`] that says which phase failed.
//!    Once its deadline has passed, or its caller is gone, it is not started any more.
//!
//! # How a message travels
//!
//! The sender passes the gate (a counter that closing turns into a fixed number, so that a stopping
//! actor knows when it has seen everything), pushes into a bounded channel, and pokes the actor. The
//! poke is one atomic swap while the actor is awake. The protocol and why it loses no wake-up are
//! written at its place in the source: `wake.rs` for waking, `queue.rs` for waiting, `ledger.rs` for
//! closing.
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
mod parcel;
mod queue;
mod reply;
mod stage;
mod waiting;
mod wake;

pub use config::MailboxConfig;
pub use error::{AskError, TellError};
pub use lane::Lane;
pub use reply::Reply;

pub(crate) use core::Core;
pub(crate) use drain::Drain;
pub(crate) use hub::Hub;
pub(crate) use stage::Stage;
