use tokio::time::Instant;

use super::Plane;
use super::gate::Depths;
use crate::worker_pool::{ClassStatus, JobClass, PoolState, Quarantined, RunningJob, WorkerPoolStatus};

impl Plane {
    /// What runs, longest first: on workers and at their submitters', and on threads that are written off.
    fn seen(&self) -> (Vec<RunningJob>, Vec<Quarantined>) {
        let now = Instant::now();
        let sight = self.threads.look(now);
        let mut running = sight.running;
        running.extend(self.tasks.running(now));
        running.extend(self.guests.running(now));
        running.sort_by_key(|job| std::cmp::Reverse(job.age));
        let quarantined = |(thread, job, asked): (String, RunningJob, Option<Instant>)| {
            let asked_for = asked.map_or_else(Default::default, |asked| now.saturating_duration_since(asked));
            Quarantined { thread, job, asked_for }
        };
        let mut stuck: Vec<_> = sight.stuck.into_iter().map(quarantined).collect();
        stuck.sort_by_key(|stuck| std::cmp::Reverse(stuck.job.age));
        (running, stuck)
    }

    /// Everything that runs.
    pub(super) fn stragglers(&self) -> Vec<RunningJob> {
        let (running, quarantined) = self.seen();
        let mut all: Vec<_> = quarantined.into_iter().map(|stuck| stuck.job).chain(running).collect();
        all.sort_by_key(|job| std::cmp::Reverse(job.age));
        all
    }

    pub(in crate::worker_pool) fn status(&self) -> WorkerPoolStatus {
        let counts = self.counts.snapshot();
        let (running, quarantined) = self.seen();
        let of_class = |class, width, depths: Depths| ClassStatus {
            width,
            running: running.iter().filter(|job| job.class == class).count(),
            queued: depths.ready,
            held: depths.held,
            waiting: depths.parked,
        };
        WorkerPoolStatus {
            state: match (self.is_closed(), counts.in_flight()) {
                (false, _) => PoolState::Open,
                (true, 0) => PoolState::Closed,
                (true, _) => PoolState::Draining,
            },
            cpu: of_class(JobClass::Cpu, self.threads.width(), self.cpu.depths()),
            io: of_class(JobClass::Io, self.tasks.width(), self.io.depths()),
            counts,
            running,
            quarantined,
        }
    }
}
