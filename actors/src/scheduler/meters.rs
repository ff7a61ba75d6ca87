use metrics::{Counter, Unit, counter, describe_counter};

use super::FiringCounts;

const INSTANTS: &str = "actors_schedule_instants_total";
const RUNS: &str = "actors_schedule_runs_total";
const LATE: &str = "actors_schedule_runs_late_total";
const INTERRUPTED: &str = "actors_schedule_runs_interrupted_total";

/// What is shown of a scheduler. Without a recorder each of these is empty, and costs a branch.
///
/// Schedulers of one name are counted together. A recorder is foreign code, so it is called under no lock.
pub(super) struct Meters {
    run: Counter,
    skipped: Counter,
    missed: Counter,
    done: Counter,
    failed: Counter,
    panicked: Counter,
    cancelled: Counter,
    late: Counter,
    interrupted: Counter,
}

impl Meters {
    pub(super) fn new(scheduler: &str) -> Self {
        describe_counter!(INSTANTS, Unit::Count, "instants of schedules that came, by what became of them");
        describe_counter!(RUNS, Unit::Count, "runs of schedules that ended, by outcome");
        describe_counter!(LATE, Unit::Count, "runs of schedules that began late");
        describe_counter!(INTERRUPTED, Unit::Count, "runs of schedules that a crash cut off");
        let instants =
            |outcome: &'static str| counter!(INSTANTS, "scheduler" => scheduler.to_owned(), "outcome" => outcome);
        let runs = |outcome: &'static str| counter!(RUNS, "scheduler" => scheduler.to_owned(), "outcome" => outcome);
        Self {
            run: instants("run"),
            skipped: instants("skipped"),
            missed: instants("missed"),
            done: runs("done"),
            failed: runs("failed"),
            panicked: runs("panicked"),
            cancelled: runs("cancelled"),
            late: counter!(LATE, "scheduler" => scheduler.to_owned()),
            interrupted: counter!(INTERRUPTED, "scheduler" => scheduler.to_owned()),
        }
    }

    /// Adds what is new.
    pub(super) fn tell(&self, new: FiringCounts) {
        let counters = [
            (&self.run, new.runs),
            (&self.skipped, new.skipped),
            (&self.missed, new.missed),
            (&self.done, new.done),
            (&self.failed, new.failed),
            (&self.panicked, new.panicked),
            (&self.cancelled, new.cancelled),
            (&self.late, new.late),
            (&self.interrupted, new.interrupted),
        ];
        for (counter, new) in counters.into_iter().filter(|(_, new)| *new > 0) {
            counter.increment(new);
        }
    }
}
