//! How far a check has come, while it runs.
//!
//! The check counts in a [`ProgressState`], which costs an atomic addition; a [`Display`] looks at it ten
//! times a second on a terminal, every few seconds otherwise.
mod display;
mod meter;
mod state;

pub use display::Display;
pub use meter::Meter;
pub use state::{ProgressState, Snapshot};
