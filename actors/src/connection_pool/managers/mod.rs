//! Managers for what a program may want to connect to.

#[cfg(any(feature = "postgres", feature = "redis"))]
mod linger;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "tcp")]
pub mod tcp;
