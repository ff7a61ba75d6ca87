//! What the scenarios need: real servers, started on free ports in temporary folders, and ended by
//! the process that started them.
//!
//! These are the only tests on a real clock; each has a bound.
pub mod browser;
mod nginx;
mod postgres;
mod redis;
mod server;
pub mod sitewatch;

pub use nginx::Nginx;
pub use postgres::Postgres;
pub use redis::Redis;
pub use server::{Server, find, is_recording, skip_or_fail};
