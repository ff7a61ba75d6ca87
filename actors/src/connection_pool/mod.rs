//! Keeping connections open and lending them out, never more than allowed.
//!
//! A [`ConnectionPool`] opens connections through a [`ConnectionManager`], lends them as [`Pooled`]
//! guards, and looks after them: it checks what was idle for long, closes what is too old or not needed, and
//! replaces what is broken. Reach for it when connections are dear or the server limits their number.
//!
//! # Guarantees
//!
//! 1. **Limit.** At no time are there more than `max_size` connections, as the *server* counts them: one
//!    that is being opened, checked or closed has its slot. The slot is free once it is closed, or closing it has taken
//!    longer than `close_timeout`.
//! 2. **Order.** First come, first served. A connection that comes back is handed to whoever has waited
//!    longest; nobody who comes later can take it.
//! 3. **No stalls.** Who was handed a connection and is not polled within `handoff_grace` (at most twice that)
//!    has it taken back, for the next in line, but keeps its place.
//! 4. **Nothing is lost.** A checkout or a guard dropped at any point loses no connection and no slot;
//!    opening, checking and closing are done by tasks of the pool, which no caller cuts short.
//! 5. **Reasons.** An [`AcquireError`] names how long was waited, who has the connections (with the place
//!    in the source), who else waits, and what became of the last attempt to connect.
//! 6. **Limits on every wait.** Every setting that is a time has a finite default.
//! 7. **A dead server** is tried by one attempt at a time, with growing pauses, however many wait; by it the pool
//!    knows when the server is back. Where no connection is left, whoever waits learns the cause within
//!    `fail_after`, and whoever asks at once; so also of what
//!    [can't be helped](ConnectionManager::is_permanent), like a wrong password.
//! 8. **No gap.** A connection that is needed and nears the end of its life is closed only after its successor
//!    was opened, where there is room for both.
//! 9. **No secret leaks.** Whoever holds a connection for longer than `leak_after` is reported, with the place.
//!
//! # Data plane and control plane
//!
//! A checkout of an idle connection takes one lock for a pop, a return one for a push; neither allocates, sets a
//! timer, or reads a clock, as a rule. What takes time or has to be
//! decided is done by a [`ConnectionPoolActor`]; the data plane only tells it that there is
//! something to do. So a busy mailbox costs no checkout anything, and a system's shutdown closes the pool.
//!
//! However, the control plane is what notes the times: while the thread of its system is blocked, a connection
//! that came back in the meantime counts as new, and no connection is opened or closed.
//!
//! # Looking inside
//!
//! [`ConnectionPool::status`] says where the connections are, who has them and who waits. Opening, checking and closing
//! are `tracing` spans `connect`, `check` and `close` of level debug, with the field `pool`. For a recorder of the
//! [`metrics`] facade there are the following, to within a tenth of a second; they are registered when a pool is
//! started, so install the recorder before. Pools of one name are counted together.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `actors_checkouts_total` | counter | `pool`, `outcome` | attempts to get a connection: `acquired`, `gave_up` |
//! | `actors_checkouts_waiting` | gauge | `pool` | who waits for one |
//! | `actors_connections` | gauge | `pool`, `state` | connections that are `in_use`, `idle` |
//! | `actors_connections_opened_total` | counter | `pool` | connections opened |
//! | `actors_connections_open_failed_total` | counter | `pool` | attempts to open one that failed |
//! | `actors_connections_closed_total` | counter | `pool` | connections closed |
//! | `actors_connections_check_failed_total` | counter | `pool` | checks that one did not pass |
//! | `actors_connections_taken_back_total` | counter | `pool` | taken back from who was not polled |
//! | `actors_connections_leaked_total` | counter | `pool` | held for longer than `leak_after` |
//!
//! # Comparison to `deadpool`, `bb8` and `sqlx::Pool`
//!
//! 1. Fair and direct: in `bb8` a task in a hot loop can starve all who wait.
//! 2. Connections are opened by the pool, not in the caller's task: dropped checkouts waste none.
//! 3. A panic in the manager costs one connection; in `deadpool` one in `retain`'s predicate ends the
//!    pool for good.
//! 4. `deadpool`'s timeouts default to none. A timeout of `bb8` or `sqlx` doesn't say why, and hides a wrong
//!    password.
//! 5. [`resize`](ConnectionPool::resize) keeps its promise at any moment; `deadpool` 0.13 hands out ten after
//!    `resize(5)` where the ten had not been opened yet.
//!
//! # Managers
//!
//! For whatever can be connected to: implement [`ConnectionManager`]. Behind features of their names there are
//! `sqlite`, `postgres`, `redis` and `tcp`.
//!
//! In the book: [connection_pool](../../../book/connection_pool.html).
mod acquire;
mod actor;
mod builder;
mod component;
mod config;
mod error;
mod handle;
mod manager;
mod managers;
pub mod messages;
mod meters;
mod plane;
mod pooled;
mod status;

pub use acquire::Acquire;
pub use actor::ConnectionPoolActor;
pub use builder::ConnectionPoolBuilder;
pub use config::ConnectionPoolConfig;
pub use error::{AcquireError, AcquireReport, ConnectError, ResizeError, StartError};
pub use handle::ConnectionPool;
pub use manager::{ConnectionManager, OnReturn};
#[cfg(feature = "postgres")]
pub use managers::postgres;
#[cfg(feature = "redis")]
pub use managers::redis;
#[cfg(feature = "sqlite")]
pub use managers::sqlite;
#[cfg(feature = "tcp")]
pub use managers::tcp;
pub use pooled::Pooled;
pub use status::{ConnectFailure, ConnectionCounts, ConnectionPoolStatus, DrainReceipt, Holder};
