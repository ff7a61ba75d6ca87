//! What it costs to have nothing to do: a process that has done one job, and waits for more.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use super::load::{How, Load};
use super::postgres::Databases;
use super::program::Program;
use crate::harness::{Row, Skipped, Target};

const LOAD: Load = Load { how: How::Idle, jobs: 1, width: 10 };

/// Until a process has calmed down. PostgreSQL counts what a connection did up to ten seconds later.
const CALM: Duration = Duration::from_secs(12);

/// For how long it is watched: four times what any of them does once in five seconds.
const WATCHED: Duration = Duration::from_secs(20);

/// Transactions, as the server counts them: a query by itself is one. Nothing but the process is in its database, and
/// the server tidies up nothing.
pub(in crate::rows) fn idle_postgres() -> Result<Row, Skipped> {
    let databases = Rc::new(Databases::new(&["autovacuum=off"])?);
    let measured = |program: Program| {
        let databases = Rc::clone(&databases);
        move || {
            databases.with_new_one(|url, name| {
                let _idle = program.idle(LOAD, url);
                thread::sleep(CALM);
                let (before, began) = (databases.transactions(name), Instant::now());
                thread::sleep(WATCHED);
                (databases.transactions(name) - before) / began.elapsed().as_secs_f64()
            })
        }
    };
    Ok(Row::new("jobs_idle_postgres", "transactions/s", Target::Absolute(2.0))
        .ours("JobQueue", measured(Program::ours("postgres")))
        .peer("graphile_worker", measured(Program::peer("peer-graphile-worker")?))
        .peer("underway", measured(Program::peer("peer-underway")?)))
}

/// How often a thread of the process wakes, on SQLite: as often as it goes to sleep by itself.
pub(in crate::rows) fn idle_wakeups() -> Result<Row, Skipped> {
    fn measured(program: Program) -> impl FnMut() -> f64 {
        move || {
            let folder = tempfile::tempdir().expect("there is room for a folder");
            let idle = program.idle(LOAD, &folder.path().join("jobs.db").to_string_lossy());
            thread::sleep(CALM);
            let before: BTreeMap<u32, u64> = idle.sleeps().into_iter().collect();
            let began = Instant::now();
            thread::sleep(WATCHED);
            let more = |(thread, sleeps): (u32, u64)| sleeps - before.get(&thread).copied().unwrap_or(0).min(sleeps);
            let more: u64 = idle.sleeps().into_iter().map(more).sum();
            more as f64 / began.elapsed().as_secs_f64()
        }
    }
    Ok(Row::new("jobs_idle_wakeups", "wake-ups/s", Target::Absolute(10.0))
        .ours("JobQueue", measured(Program::ours("sqlite")))
        .peer("apalis", measured(Program::peer("peer-apalis")?))
        .peer("azums", measured(Program::peer("peer-azums")?)))
}
