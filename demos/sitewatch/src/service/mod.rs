//! Watching sites: `sitewatch serve`.
mod at_rest;
mod attempt;
mod bus;
mod check;
pub mod config;
mod confirm;
mod core;
mod delivery;
mod jobs;
mod journal;
mod journaled;
mod keeper;
mod live;
mod machinery;
pub(crate) mod meters;
mod notices;
mod record;
#[allow(clippy::module_inception, reason = "the main type of the module")]
mod service;
mod site;
mod sites;
mod view;
mod watch;
mod watch_jobs;

pub use at_rest::AtRest;
pub use core::Dial;
pub use jobs::Jobs;
pub use service::{Service, ServiceBuilder};
pub use view::*;
pub use watch::{Watch, WatchError};
pub use watch_jobs::WatchJobs;
