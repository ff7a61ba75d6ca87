//! Jobs that outlive the process that they were put by, and are done by any of several.
//!
//! What is here so far is the [driver]: the contract of whatever keeps the jobs, and a driver in memory. The queue that
//! users hold stands on it.
pub mod driver;

pub use driver::{Fence, JobId};
