//! Watching sites: `sitewatch serve`.
mod view;
mod watch;

pub use view::*;
pub use watch::{Watch, WatchError};
