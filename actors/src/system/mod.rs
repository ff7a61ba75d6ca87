//! Where actors live: any program can start a [`System`], and stop it with a receipt.
//!
//! actix wants a `LocalSet` around everything that starts an actor, and for some things a `System` of its
//! own. Here a system brings what it needs, and its [handles](Handle) can be used from anywhere.
//!
//! | started in | actors live on |
//! |---|---|
//! | a current-thread runtime (`#[tokio::test]`, `#[actix::main]`) | that same thread, so that a paused clock drives them too |
//! | a multi-thread runtime (a plain `#[tokio::main]`), or no runtime | a thread of their own, with an actix `System` |
//! | anything, with [`SystemBuilder::own_thread`] | a thread of their own, with an actix `System` |
//!
//! All actors of a system share one thread: they are for state and decisions. Long computations
//! belong on a worker pool; a handler that blocks holds up every actor of its system.
//!
//! # In an actix program
//!
//! Beside actors that actix itself has started, on their thread:
//!
//! ```
//! use actors::prelude::*;
//! # struct Greeter;
//! # impl Actor for Greeter { type Context = Context<Self>; }
//! # #[derive(Message)]
//! # #[rtype(result = "String")]
//! # struct Greet(&'static str);
//! # impl Handler<Greet> for Greeter {
//! #     type Result = String;
//! #     fn handle(&mut self, Greet(name): Greet, _: &mut Context<Self>) -> String { format!("hello, {name}") }
//! # }
//!
//! #[actix::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let plain = Greeter.start();
//!     assert_eq!(plain.send(Greet("actix")).await?, "hello, actix");
//!
//!     let system = System::start()?;
//!     let greeter = system.spawn(ActorConfig::named("greeter"), || Greeter);
//!     assert_eq!(greeter.ask(Greet("world")).await?, "hello, world");
//!     Ok(())
//! }
//! ```
//!
//! # Behind actix-web
//!
//! One actor, of which each of the server's workers has a handle:
//!
//! ```no_run
//! use actix_web::{App, HttpResponse, HttpServer, web};
//! use actors::prelude::*;
//! use std::time::Duration;
//! # struct Counter(u64);
//! # impl Actor for Counter { type Context = Context<Self>; }
//! # #[derive(Message)]
//! # #[rtype(result = "u64")]
//! # struct Add(u64);
//! # impl Handler<Add> for Counter {
//! #     type Result = u64;
//! #     fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 { self.0 += n; self.0 }
//! # }
//!
//! async fn add(counter: web::Data<Handle<Counter>>, n: web::Path<u64>) -> HttpResponse {
//!     match counter.ask(Add(n.into_inner())).await {
//!         Ok(sum) => HttpResponse::Ok().body(sum.to_string()),
//!         Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
//!     }
//! }
//!
//! #[actix_web::main] // or #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let system = System::start()?;
//!     let counter = web::Data::new(system.spawn(ActorConfig::named("counter"), || Counter(0)));
//!     let app = move || App::new().app_data(counter.clone()).route("/add/{n}", web::post().to(add));
//!     HttpServer::new(app).bind(("127.0.0.1", 8080))?.run().await?;
//!
//!     assert!(system.shutdown(Duration::from_secs(10)).await.is_clean());
//!     Ok(())
//! }
//! ```
//!
//! # Guarantees
//!
//! 1. Nothing outlives [`System::shutdown`]: actors stop in the reverse order of their start, then the
//!    tasks that they gave to the reaper end, then the thread.
//! 2. Every message is accounted for, at any time ([`System::audit`]).
//! 3. If the runtime under the actors is dropped, nobody waits for them in vain: senders, askers and
//!    whoever waits for a stop are told [`RuntimeGone`](crate::supervision::StopReason::RuntimeGone).
//!
//! # Looking inside
//!
//! [`System::status`] and [`Handle::status`] say what every actor is doing: its state, lanes, present
//! message, waits, panics. It is text (`Display`) or JSON (serde), and takes nothing from the actors but the look.
//!
//! Each message is handled in a `tracing` span `handle` of level debug, with the fields `actor`, `incarnation`,
//! `message_type` and `kind` (tell or ask).
//!
//! For a recorder of the [`metrics`] facade there are the following; without one they cost next to nothing. They are
//! registered when the first actor of a name is spawned, so install the recorder before. Actors of one name are counted
//! together: give one name to many actors of a kind.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `actors_messages_handled_total` | counter | `actor` | handled to the end |
//! | `actors_messages_rejected_total` | counter | `actor` | given back to their senders |
//! | `actors_messages_dead_total` | counter | `actor`, `reason` | taken in and lost, by [`DeadKind`] |
//! | `actors_panics_total` | counter | `actor` | panics, in handlers and elsewhere in the actor |
//! | `actors_restarts_total` | counter | `actor` | incarnations built after a panic |
//! | `actors_queue_depth` | gauge | `actor`, `lane` | messages in the mailbox |
//! | `actors_queue_wait_seconds` | histogram | `actor` | from sending until taken out; as exact as [`WaitHistogram`] |
//!
//! [`DeadKind`]: crate::dead_letters::DeadKind
//! [`WaitHistogram`]: crate::mailbox::WaitHistogram
//!
//! In the book: [runtime](../../../book/runtime.html).
mod builder;
mod config;
mod engine;
mod error;
mod handle;
mod kin;
mod receipt;
mod running;
mod sending;
mod shared;
mod status;

pub use builder::SystemBuilder;
pub use config::{ActorConfig, SystemConfig};
pub use error::StartError;
pub use handle::{Handle, WeakHandle};
pub use receipt::{End, Receipt, ShutdownReceipt};
pub use running::System;
pub use status::{ActorStatus, Audit, CurrentMessage, LaneStatus};

pub(crate) use shared::{Managed, Shared};

use std::time::Duration;

use tokio::runtime::Handle as RuntimeHandle;
use tokio::time::Instant;

/// How long beyond a deadline an actor has to obey it.
const GRACE: Duration = Duration::from_secs(1);

/// The instant `duration` after `instant`, or one that is as good as never.
pub(crate) fn after(instant: Instant, duration: Duration) -> Instant {
    instant.checked_add(duration).unwrap_or_else(|| instant + Duration::from_secs(86_400 * 365 * 30))
}

/// Makes a timer also where the caller is on no tokio runtime: the actors' runtime drives it then.
pub(crate) fn reactor<T>(runtime: &RuntimeHandle, make: impl FnOnce() -> T) -> T {
    let _guard = RuntimeHandle::try_current().is_err().then(|| runtime.enter());
    make()
}
