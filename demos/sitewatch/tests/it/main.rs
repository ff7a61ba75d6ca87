//! The behaviour of sitewatch through its public API.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod check;
mod cli;
mod config;
mod html;
mod progress;
mod report;
mod robots;
mod sitemap;
