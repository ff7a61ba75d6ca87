//! What happens when an actor panics, stops or is asked to.
//!
//! # A panic costs its own message
//!
//! Each message is handled under `catch_unwind`. When its handler panics, the asker gets
//! [`AskError::Panicked`](crate::AskError::Panicked) at once, with the panic's text and place, and
//! the message is a dead letter. It is not tried again: the handler had consumed it and may have
//! done half of what it asks for; who sent it knows best whether to send it again, and can say so
//! beforehand ([`tell_retried`](crate::Handle::tell_retried)): then the next incarnations handle it again, until it has
//! proved to be poison. The actor's state may be half changed too, so the value is dropped, and after a
//! [pause](RestartConfig) its factory builds a new one. The mailbox lives outside of the actor and waits: nothing
//! queued is lost.
//!
//! A panic anywhere else in the actor (`started`, a timer, a spawned future, `stopped`, its
//! destructor) is caught the same way, and restarts it too. None reaches the thread or the process.
//! That needs unwinding: under `panic = "abort"` nothing can be caught.
//!
//! # A new context per incarnation
//!
//! actix could restart a context in place (`ContextFut::restart`), which keeps the `Addr`s of the
//! actor alive, but also the value, asks that it be `Supervised`, and runs a hook on state that a panic
//! had torn. Here each incarnation is a new value in a new `Context`: any actor will do, and nothing torn
//! is ever seen again. An `Addr` that the old incarnation gave away is closed, a [`Handle`](crate::Handle)
//! stays good. Of an incarnation that panicked no hook is called; its destructor runs.
//!
//! # When it is too often
//!
//! More panics within a window than [`RestartConfig`] allows end the actor. What is queued becomes
//! dead letters, askers get the last panic, and an [`Escalation`] goes to every
//! [`EscalationSink`].
//!
//! # Stopping
//!
//! [`Handle::stop`](crate::Handle::stop), dropping the last handle and
//! [`System::shutdown`](crate::System::shutdown) close the mailbox, let the actor handle what is in
//! and wait for answers under way, and then call actix's `stopping`. An actor that answers
//! `Running::Continue` has until the deadline to finish and call `ctx.stop()`. An actor that stops itself
//! leaves at once; what is queued becomes dead letters.
//!
//! # Comparison to `actix::Supervisor`
//!
//! 1. It restarts after `ctx.stop()`, and loses actor and queue to a panic; here it is the other way
//!    round.
//! 2. It restarts the same value at once and for ever.
//!
//! # Examples
//!
//! ```
//! # use actors::prelude::*;
//! # struct Parser;
//! # impl Actor for Parser { type Context = Context<Self>; }
//! # #[derive(Message)]
//! # #[rtype(result = "i32")]
//! # struct Parse(&'static str);
//! # impl Handler<Parse> for Parser {
//! #     type Result = i32;
//! #     fn handle(&mut self, Parse(text): Parse, _: &mut Context<Self>) -> i32 { text.parse().expect("a number") }
//! # }
//! use actors::supervision::{RestartConfig, StopReason};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let system = System::start()?;
//! let config = ActorConfig::named("parser").restart(RestartConfig::default().max_restarts(1));
//! let parser = system.spawn(config, || Parser);
//!
//! // Three asks are queued; the one in the middle panics.
//! let (first, second, third) = tokio::join!(parser.ask(Parse("1")), parser.ask(Parse("two")), parser.ask(Parse("3")));
//! assert_eq!((first?, third?), (1, 3));
//! assert!(matches!(second, Err(AskError::Panicked(panic)) if panic.message().contains("a number")));
//!
//! // A second panic within ten seconds is one too many.
//! let _ = parser.ask(Parse("four")).await;
//! assert!(matches!(parser.ask(Parse("5")).await, Err(AskError::Stopped(StopReason::RestartLimit(_)))));
//! # Ok(()) }
//! ```
//!
//! In the book: [supervision](../../../book/supervision.html).
mod config;
mod driver;
mod escalation;
mod incarnation;
mod intensity;
mod life;
mod stop;

pub use config::RestartConfig;
pub use escalation::{Escalation, EscalationSink};
pub(crate) use escalation::{Escalations, REMEMBERED};
pub use life::ActorState;
pub use stop::StopReason;

pub(crate) use driver::Seed;
pub(crate) use life::Life;
