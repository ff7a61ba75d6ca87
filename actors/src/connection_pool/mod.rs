//! Keeping connections open and lending them out, never more than allowed.
mod acquire;
mod actor;
mod builder;
mod component;
mod config;
mod error;
mod handle;
mod manager;
pub mod messages;
mod plane;
mod pooled;
mod status;

pub use acquire::Acquire;
pub use actor::ConnectionPoolActor;
pub use builder::ConnectionPoolBuilder;
pub use config::ConnectionPoolConfig;
pub use error::{AcquireError, AcquireReport, ConnectError, StartError};
pub use handle::ConnectionPool;
pub use manager::{ConnectionManager, OnReturn};
pub use pooled::Pooled;
pub use status::{ConnectFailure, ConnectionCounts, ConnectionPoolStatus, DrainReceipt, Holder};
