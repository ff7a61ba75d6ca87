use super::bare::rows_in_groups;
use super::load::{How, Load};
use super::program::Program;
use crate::harness::{Row, Skipped, Target};

const LOAD: Load = Load { how: How::Single, jobs: 20_000, width: 64 };

/// Those that commit each job by itself, and more than once.
const FEWER: Load = Load { jobs: 2_000, ..LOAD };

/// A target of its own: 10,000 jobs in a second, each on the disk when its put returns, and its end, too.
pub(in crate::rows) fn sqlite_full() -> Result<Row, Skipped> {
    Ok(Row::new("jobs_sqlite_full", "us/job", Target::Absolute(100.0))
        .ours("JobQueue", in_a_new_file(Program::ours("sqlite"), LOAD))
        .peer("apalis", in_a_new_file(Program::peer("peer-apalis")?, FEWER))
        .peer("azums", in_a_new_file(Program::peer("peer-azums")?, FEWER))
        .limit("rusqlite, 64 rows a commit", || rows_in_groups(LOAD.jobs, 64)))
}

fn in_a_new_file(program: Program, load: Load) -> impl FnMut() -> f64 {
    move || {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        program.us_per_job(load, &folder.path().join("jobs.db").to_string_lossy())
    }
}
