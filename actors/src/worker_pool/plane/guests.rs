//! Jobs that their submitters run themselves: see [`Rejection::CallerRuns`].

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::outcome::catch_panic;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;
use tokio::time::Instant;

use super::job::Job;
use super::spare::Spare;
use super::tasks::IoJob;
use super::threads::CpuJob;
use crate::worker_pool::submission::dropped;
use crate::worker_pool::{JobClass, JobError, Rejection, RunningJob};

/// The jobs that are run by their submitters now.
#[derive(Default)]
pub(super) struct Guests {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_number: u64,
    jobs: BTreeMap<u64, Arc<dyn Job>>,
}

impl Guests {
    pub(super) fn jobs(&self) -> Vec<Arc<dyn Job>> {
        self.state.lock().jobs.values().cloned().collect()
    }

    pub(super) fn running(&self, now: Instant) -> Vec<RunningJob> {
        let describe = |job: Arc<dyn Job>| job.look().map(|look| job.head().describe(look.since, now));
        self.jobs().into_iter().filter_map(describe).collect()
    }
}

/// One of them, from when it is let in until it is over.
struct Guest<J: Job + ?Sized> {
    job: Arc<J>,
    number: u64,
}

impl<J: Job + ?Sized> Guest<J> {
    fn new(job: Arc<J>, shown: Arc<dyn Job>) -> Self {
        let guests = &job.head().plane.guests;
        let mut state = guests.state.lock();
        state.last_number += 1;
        let number = state.last_number;
        state.jobs.insert(number, shown);
        drop(state);
        Self { job, number }
    }
}

impl<J: Job + ?Sized> Drop for Guest<J> {
    fn drop(&mut self) {
        let head = self.job.head();
        let shown = head.plane.guests.state.lock().jobs.remove(&self.number);
        drop(shown);
        // It was never begun, if whoever was to run it is dropped at once.
        self.job.stop(JobError::Cancelled(dropped()));
        head.plane.job_over(head, true);
        // Nobody else comes by to see whether that makes room for another.
        head.plane.call(head.class);
    }
}

/// Runs an IO job in the task that awaits this.
pub(crate) fn run_io(job: Arc<dyn IoJob>) -> impl Future<Output = ()> + Send {
    let guest = Guest::new(Arc::clone(&job), job);
    async move {
        let mut spare = Spare::default();
        Arc::clone(&guest.job).drive(&mut spare, || JobError::Cancelled(dropped())).await;
    }
}

/// Runs a CPU job on the thread that polls this.
pub(crate) fn run_cpu(job: Arc<dyn CpuJob>) -> impl Future<Output = ()> + Send {
    let guest = Guest::new(Arc::clone(&job), job);
    async move {
        let mut spare = Spare::default();
        // Not allowed everywhere on a multi-threaded runtime either (a `LocalSet`): then it holds up what is there.
        if catch_panic(|| block_in_place(|| guest.job.run(&mut spare))).is_err() {
            guest.job.run(&mut Spare::default());
        }
    }
}

/// What the policy is for whoever submits here.
pub(crate) fn policy_here(policy: Rejection, class: JobClass) -> Rejection {
    let may_block = || Handle::try_current().map_or(true, |here| here.runtime_flavor() == RuntimeFlavor::MultiThread);
    match policy {
        Rejection::CallerRuns if class == JobClass::Cpu && !may_block() => Rejection::Wait,
        policy => policy,
    }
}
