//! Connections to PostgreSQL, with transactions.
//!
//! # How it works
//!
//! A [`PostgresConnection`] is tokio-postgres' client together with the task that drives it: the task belongs to
//! the connection, and ends with it. The connection reads along what the server says of its transaction, so it is
//! known at any time whether one is open, or has failed.
//!
//! A query whose caller goes away is *abandoned*: the server would go on with it, and the next user wait for its
//! end. So before the connection goes to its next user, the server is asked to cancel it, what was left open is
//! rolled back, and an answer is awaited; if that takes longer than the pool's `check_timeout`, the connection is
//! closed. A cancellation can't hit the next user's query: the request is over before anything else is asked.
//!
//! Closing takes leave of the server, and waits until the server has closed its side, which is when it has the
//! connection in its books (`pg_stat_activity`) no more.
//!
//! # Comparison to `deadpool-postgres` and `bb8-postgres`
//!
//! 1. There a query that nobody waits for runs on while the connection is given to the next user, and closing drops
//!    the connection, which the server may still count: the limit of connections is then exceeded.
//! 2. There a connection can come back with a transaction open, if it was begun by a statement.
//! 3. A wrong password, an unknown database or user is told to whoever waits at once.
//! 4. Queries obey the ambient deadline and token, and none waits for ever: a server that has silently vanished is a
//!    timeout.
//!
//! # Limits
//!
//! - Of the configuration the intervals of keep-alives and `tcp_user_timeout` are left to the system, and there is no
//!   channel binding. TLS is [brought along](PostgresManager::tls).
//! - Of what a user sets for a session (`SET`, advisory locks, temporary tables), the next one finds what
//!   [`clean`](PostgresManager::clean) does not undo.
//! - Where several hosts are named, `target_session_attrs=read-write` has the one found that takes writes. A
//!   connection whose server has refused to write is closed when it comes back, as it may be a standby's by now; so is
//!   one on which a transaction that only reads was to write.
//! - Notices go to the log, at the level `debug`; notifications are dropped: to hear them,
//!   [listen](PostgresManager::listen) on a connection of its own.
//!
//! # Examples
//!
//! ```no_run
//! use actors::connection_pool::postgres::PostgresManager;
//! use actors::{ConnectionPool, System};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let system = System::start()?;
//! let manager = PostgresManager::new("postgres://app:secret@localhost/shop")?;
//! let pool = ConnectionPool::builder(manager).max_size(16).start(&system).await?;
//!
//! let row = pool
//!     .transaction(async |tx| tx.query_one("insert into page (title) values ($1) returning id", &[&"Home"]).await)
//!     .await?;
//! let id: i64 = row.get(0);
//!
//! let conn = pool.acquire().await?;
//! let titles = conn.query("select title from page where id >= $1", &[&id]).await?;
//! assert!(!titles.is_empty());
//! # Ok(()) }
//! ```
//!
//! ```
//! use actors::connection_pool::postgres::PostgresManager;
//!
//! assert!(PostgresManager::new("postgres://localhost:no-port/").is_err());
//! ```
mod cancel;
mod care;
mod connection;
mod dial;
mod error;
mod listen;
mod manager;
mod pool;
mod session;
mod stream;
mod transaction;
mod wire;

pub use connection::PostgresConnection;
pub use error::{PostgresError, TransactionError};
pub use listen::{Heard, Listener};
pub use manager::PostgresManager;
pub use session::Session;
pub use stream::{BoxStream, Stream, Tls};
/// The tokio-postgres that this is built on, for its types in queries.
pub use tokio_postgres;
pub use transaction::{Isolation, TransactionBuilder};
