//! Checking a site: every page found, every link resolved, each target asked for once.
//!
//! # How it works
//!
//! ```text
//! start --> frontier (WorkQueue) --> fetch (IO workers) --> parse (CPU workers) --+
//!              ^                                                                  |
//!              +--------------------- links not seen before ----------------------+
//! ```
//!
//! A crawl is a *cycle* of queues, and three questions decide whether it is right:
//!
//! - **When is it done?** When the frontier's `join` returns: everything put has been answered, and a
//!   job is answered only after what was found in it was put.
//! - **Who may block whom?** Nobody in the cycle: putting from inside a job never waits. The frontier
//!   grows only with distinct targets. What feeds it from outside waits for its bound.
//! - **Who checks for duplicates?** The frontier, when something is put, in one step with putting it.
//!
//! Whether a link is well is decided at the end, when every target has answered and every page's
//! anchors are known. Until then a link is three numbers; its place and text are read again from its
//! page, only where there is something to report.
mod checker;
mod crawl;
mod error;
mod http;
mod judge;
mod levels;
mod read;
mod resolve;
mod run;
mod site;
mod sitemaps;
mod spool;
mod start;
mod tally;
mod targets;
mod visit;

pub use checker::Checker;
pub use error::CheckError;
pub use http::{Http, Reply, Want};
pub use resolve::resolve;
