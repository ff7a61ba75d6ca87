//! A recursive link checker and site monitor.
pub mod cli;
pub mod config;
pub mod fetch;
pub mod progress;
pub mod report;
