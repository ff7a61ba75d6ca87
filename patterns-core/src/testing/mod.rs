//! Finding out what a type does when its user is interrupted, at every place where that can happen.
//!
//! [`explore_cancellation`] re-runs a scenario, each time interrupted at another poll, and checks
//! its invariants after every run.
mod explore;
mod interruption;
mod probe;
mod run;

pub use explore::{Exploration, Explorer, explore_cancellation};
pub use interruption::Interruption;
