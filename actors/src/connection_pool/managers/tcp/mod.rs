//! Plain TCP connections, for protocols that have no manager of their own.
//!
//! A pooled connection is a [`TcpStream`](tokio::net::TcpStream). What is said on it is up to its users, so they give
//! it back only between an answer and the next question; else they [discard](crate::Pooled::discard) it. One on
//! which something has come in that nobody read is noticed and closed.
//!
//! # Examples
//!
//! ```
//! use actors::connection_pool::tcp::TcpManager;
//! use actors::{ConnectionPool, System};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
//! # let address = listener.local_addr()?.to_string();
//! # tokio::spawn(async move {
//! #     while let Ok((mut stream, _)) = listener.accept().await {
//! #         tokio::spawn(async move {
//! #             let (mut input, mut output) = stream.split();
//! #             let _ = tokio::io::copy(&mut input, &mut output).await;
//! #         });
//! #     }
//! # });
//! let system = System::start()?;
//! let pool = ConnectionPool::builder(TcpManager::new(address)).max_size(4).start(&system).await?;
//!
//! let mut echo = pool.acquire().await?;
//! echo.write_all(b"hello").await?;
//! let mut answer = [0; 5];
//! echo.read_exact(&mut answer).await?;
//! assert_eq!(&answer, b"hello");
//!
//! let nowhere = ConnectionPool::builder(TcpManager::new("no address")).start(&system).await;
//! assert!(nowhere.unwrap_err().to_string().contains("cannot connect to no address"));
//! # Ok(()) }
//! ```
mod error;
mod manager;

pub use error::TcpError;
pub use manager::TcpManager;
