//! The behaviour of sitewatch through its public API.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod api;
mod api_fake;
mod check;
mod cli;
mod config;
mod hostile;
mod html;
mod jobs_fake;
mod notify;
mod packaging;
mod progress;
mod remote;
mod report;
mod robots;
mod service;
mod service_config;
mod sitemap;
mod store;
mod web;
mod web_fake;
