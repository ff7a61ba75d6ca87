//! A recursive link checker and site monitor.
pub mod config;
pub mod progress;
pub mod report;
