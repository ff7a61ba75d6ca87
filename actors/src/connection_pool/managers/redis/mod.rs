//! Connections to Redis and what speaks its protocol, one per user at a time.
//!
//! # How it works
//!
//! The redis crate's own connections are shared by everybody at once. That is fast, and right for plain commands; but
//! `MULTI`, `WATCH`, `BLPOP`, or a slow script of one user hold up or mix up all others. Here each user has a
//! connection of its own. It is a [`ConnectionLike`](redis::aio::ConnectionLike), so all that the crate can do with a
//! connection can be done with it: [`Cmd`](redis::Cmd), [`Pipeline`](redis::Pipeline), `AsyncCommands`.
//!
//! It notes what its user does. One that comes back in a `MULTI`, subscribed, in another database or as another user is
//! closed; what was watched is unwatched. A command whose caller goes away is still answered by the server: the
//! connection goes to its next user only after that, and is closed instead if it was a command that blocks.
//!
//! Closing says `QUIT`, and waits until the server has closed its side.
//!
//! # Limits
//!
//! - No TLS, no cluster, no sentinel.
//! - Of the connection information the TCP settings are not used; Nagle's algorithm is off.
//! - Messages that the server sends by itself are dropped: to subscribe, use a connection outside of any pool.
//!
//! # Examples
//!
//! ```no_run
//! use actors::connection_pool::redis::RedisManager;
//! use actors::connection_pool::redis::redis::AsyncCommands;
//! use actors::{ConnectionPool, System};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let system = System::start()?;
//! let manager = RedisManager::new("redis://127.0.0.1:6379/")?;
//! let pool = ConnectionPool::builder(manager).max_size(8).start(&system).await?;
//!
//! let mut conn = pool.acquire().await?;
//! let () = conn.set("greeting", "hello").await?;
//! let greeting: String = conn.get("greeting").await?;
//! assert_eq!(greeting, "hello");
//! # Ok(()) }
//! ```
//!
//! ```
//! use actors::connection_pool::redis::RedisManager;
//!
//! assert!(RedisManager::new("nonsense").is_err());
//! ```
mod connection;
mod manager;
mod session;

/// The redis crate that this is built on.
pub use ::redis;
pub use connection::RedisConnection;
pub use manager::RedisManager;
