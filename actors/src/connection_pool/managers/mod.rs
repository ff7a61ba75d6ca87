//! Managers for what a program may want to connect to.

#[cfg(feature = "sqlite")]
pub mod sqlite;
