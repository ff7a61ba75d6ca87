//! Readiness with reasons, events, and shutdown in the order of dependencies.
//!
//! A program is made of components that need each other: workers need the pool, the pool needs the
//! database. A [`Coordinator`] knows them by name, has each checked, says whether the whole is ready and if
//! not why (`db: not ready for 3s: connection refused`), and stops them in the reverse order, each with a
//! receipt, under deadlines, with an exit code at the end.
//!
//! ```text
//! Starting --all ready--> Ready <--> Degraded      a component is not ready any more, or again;
//!     \___________________/  \_________/           an actor that failed for good degrades for good
//!               \ shutdown(cause)
//!                Draining --every component has its receipt--> Stopped
//! ```
//!
//! # Guarantees
//!
//! 1. No component is stopped before every one that comes after it has its receipt.
//! 2. A shutdown takes at most `shutdown_timeout` and a second of grace; a component that hangs or panics
//!    costs its own deadline only, and the receipt says so.
//! 3. Late or slow listeners miss nothing in silence: events are numbered and replayed, and what
//!    is not kept any more is counted ([`Update::Lagged`]).
//! 4. State can be read at any time without waiting for anybody.
//!
//! # Looking inside
//!
//! [`Coordinator::status`] says what is ready and why not, [`Coordinator::events`] what has happened. For a recorder of the
//! [`metrics`] facade there are the following; they are registered when a coordinator is started, so install the
//! recorder before.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `actors_component_ready` | gauge | `component` | 1 while it can do its work, else 0 |
//! | `actors_component_failures_total` | counter | `component` | how often it was ready, and then was not |
//! | `actors_escalations_total` | counter | | actors that failed for good |
//!
//! # Comparison to Akka's `CoordinatedShutdown`
//!
//! 1. The order follows from the dependencies that the components name, not from numbered phases.
//! 2. Each task comes back with a receipt, and together they make the exit code.
//! 3. It covers getting ready as well, and failures in between.
//!
//! # Examples
//!
//! ```
//! use actors::coordinator::{Cause, Coordinator, Phase, Readiness};
//! use actors::prelude::*;
//! use patterns_core::context;
//! use std::time::Duration;
//! use tokio::time::Instant;
//! # use actors::coordinator::Component;
//! # use std::sync::atomic::{AtomicU32, Ordering};
//! # struct Database(AtomicU32);
//! # #[async_trait::async_trait]
//! # impl Component for Database {
//! #     async fn ready(&self) -> Readiness {
//! #         if self.0.fetch_add(1, Ordering::Relaxed) < 30 { Readiness::NotReady("connection refused".into()) } else { Readiness::Ready }
//! #     }
//! #     async fn shut_down(&self, _: tokio::time::Instant) -> Receipt { Receipt::new("database").handled(12) }
//! # }
//! # struct Web;
//! # impl Actor for Web { type Context = Context<Self>; }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let system = System::start()?;
//! // A database that accepts connections only after three seconds.
//! let database = Database(AtomicU32::new(0));
//! let web = system.spawn(ActorConfig::named("web"), || Web);
//! let coordinator = Coordinator::builder()
//!     .add("db", database)
//!     .add("web", web).after(["db"])
//!     .start(&system)?;
//!
//! let soon = context::Context::current().with_deadline(Instant::now() + Duration::from_millis(2_500));
//! let error = soon.scope(coordinator.wait_ready()).await.unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "not ready when the wait ended (deadline passed): \
//!      db: not ready for 2s: connection refused; web: waits for db"
//! );
//! coordinator.wait_ready().await?;
//! assert_eq!(coordinator.phase(), Phase::Ready);
//!
//! let report = coordinator.run_until(async { Cause::Interrupted }).await;
//! let order: Vec<_> = report.receipts.iter().map(|receipt| receipt.name.as_str()).collect();
//! assert_eq!(order, ["web", "db"]);
//! assert_eq!(report.code(), 130);
//! # Ok(()) }
//! ```
//!
//! In the book: [coordinator](../../../book/coordinator.html).
mod actor;
mod board;
mod builder;
mod component;
mod config;
mod error;
mod events;
mod graph;
mod handle;
pub mod messages;
mod meters;
mod report;
mod sequence;
mod status;

pub use actor::CoordinatorActor;
pub use builder::CoordinatorBuilder;
pub use component::{Component, Readiness};
pub use config::CoordinatorConfig;
pub use error::{PlanError, ReadyError};
pub use events::{Event, EventKind, Subscription, Update};
pub use handle::Coordinator;
pub use report::{Cause, ShutdownReport};
pub use status::{ComponentStatus, CoordinatorStatus, Phase};
