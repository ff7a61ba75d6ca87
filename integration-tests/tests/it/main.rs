//! All parts together, on a real clock.
#![allow(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod actors_fairness;
mod blocking;
mod fetch;
mod program;
mod same_findings;
mod shutdown;
mod support;
