//! The behaviour of sitewatch through its public API.
mod cli;
mod config;
mod progress;
mod report;
