//! Measuring rows in interleaved rounds, and saying what came out.
mod alone;
mod calibrate;
mod disturbance;
mod json;
mod machine;
mod measure;
mod options;
mod row;
mod table;
mod watchdog;

pub(crate) use alone::{alone, asked_alone, can_tell_memory, resident};
pub(crate) use calibrate::{calibrated, ns_per_call, ns_per_future};
pub(crate) use machine::{Machine, root};
#[cfg(test)]
pub(crate) use measure::Measured;
pub(crate) use measure::measure;
pub(crate) use options::Options;
pub(crate) use row::{Row, Skipped, Target, Verdict};
pub(crate) use watchdog::Watchdog;
