use super::bare::messages;
use super::load::{How, Load};
use super::program::Program;
use crate::harness::{Row, Skipped, Target};
use crate::rows::mt2;

const LOAD: Load = Load { how: How::Single, jobs: 100_000, width: 64 };

/// What is not the engine's: at most a quarter of what a job on SQLite may cost.
pub(in crate::rows) fn in_memory() -> Result<Row, Skipped> {
    let (ours, runtime) = (Program::ours("memory"), mt2());
    Ok(Row::new("jobs_memory", "us/job", Target::Absolute(25.0))
        .ours("JobQueue", move || ours.us_per_job(LOAD, "here"))
        .limit("bare channel (tokio mpsc)", move || messages(&runtime, LOAD.jobs, LOAD.width as u64)))
}
