//! Connections to SQLite, whose blocking calls run off the async threads.
//!
//! # How it works
//!
//! [`SqliteConnection::call`] moves a closure and the connection to tokio's blocking threads. A pool of
//! `n` connections therefore needs at most `n` of them, and on a paused clock no virtual time passes
//! during a call. Every connection is opened in WAL mode with foreign keys on and a busy timeout, so
//! that readers and one writer don't disturb each other.
//!
//! SQLite has one writer at a time, and lets others wait for it in no order. So [`transaction`] goes through a queue:
//! first come, first served, whichever connection it is that writes. What a commit costs is mostly the wait for the
//! disk, so calls that arrive while others run or are committed are committed together with them, each
//! with a savepoint of its own: one that fails takes nothing from the others. Between two commits the connection
//! goes back to the pool, for whoever waits to read. `transaction` of a [connection](SqliteConnection::transaction)
//! that is held anyway is for itself, and `synchronous` is as SQLite has it: full.
//!
//! A call whose caller goes away is *abandoned*: its running statement is interrupted, later ones fail
//! at once, and what it left open is rolled back. The connection goes to its next user only after that, or
//! is replaced if it takes longer than the pool's `check_timeout`. An interruption never reaches
//! another call's statements.
//!
//! # Comparison to `tokio-rusqlite`
//!
//! tokio-rusqlite 0.8 has a thread per connection and needs rusqlite 0.40, beside which no other
//! rusqlite can be linked. Beyond that:
//!
//! 1. A panic in a call is that call's error; there it ends the connection's thread.
//! 2. A call whose future is dropped is interrupted and rolled back; there it runs on.
//! 3. Calls obey the ambient deadline and token.
//! 4. Writers take turns, and share commits; there each program makes its own.
//!
//! [`transaction`]: crate::ConnectionPool#method.transaction
//!
//! # Examples
//!
//! ```
//! use actors::connection_pool::sqlite::{CallError, SqliteManager};
//! use actors::{ConnectionPool, System};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("links.db");
//! let system = System::start()?;
//! let manager = SqliteManager::new(&file).init("create table if not exists link (url text primary key) strict");
//! let pool = ConnectionPool::builder(manager).max_size(4).start(&system).await?;
//!
//! let stored = pool
//!     .transaction(|tx| tx.execute("insert into link values (?1)", ["https://example.org/"]))
//!     .await?;
//! assert_eq!(stored, 1);
//!
//! let mut conn = pool.acquire().await?;
//! let count: u32 = conn.call(|c| c.query_row("select count(*) from link", [], |row| row.get(0))).await?;
//! assert_eq!(count, 1);
//!
//! let error = conn.call(|c| c.execute("insert into no_such_table values (1)", [])).await.unwrap_err();
//! assert!(matches!(error, CallError::Failed(_)));
//! # Ok(()) }
//! ```
mod calls;
mod connection;
mod error;
mod group;
mod job;
mod manager;
mod pool;
mod writer;

pub use connection::SqliteConnection;
pub use error::{CallError, SqliteError};
pub use manager::SqliteManager;
/// The rusqlite that this is built on, for its types in closures.
pub use rusqlite;
pub use writer::WriteCounts;
