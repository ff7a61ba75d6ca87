//! The tasks that run IO jobs.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::Plane;
use super::cell::Cell;
use super::contain::drop_quietly;
use super::job::Job;
use crate::worker_pool::ladder::run_until_stopped;
use crate::worker_pool::{JobError, RunningJob};

/// A job for a task.
pub(crate) trait IoJob: Job {
    /// Runs it to its end, unless it is over.
    fn drive(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

impl<F, T> IoJob for Cell<F, T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn drive(self: Arc<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let Some(fut) = self.begin() else { return };
            // Until then the job is lost if this task is dropped, which only a runtime's end does.
            let unfinished = Unfinished(&*self);
            let result = run_until_stopped(&self.head().context, self.head().plane.config.grace, fut).await;
            unfinished.finish(result);
        })
    }
}

struct Unfinished<'a, J: Send + 'static, T: Send + 'static>(&'a Cell<J, T>);

impl<J: Send + 'static, T: Send + 'static> Unfinished<'_, J, T> {
    fn finish(self, result: Result<T, JobError>) {
        self.0.finish(result);
        std::mem::forget(self);
    }
}

impl<J: Send + 'static, T: Send + 'static> Drop for Unfinished<'_, J, T> {
    fn drop(&mut self) {
        self.0.finish(Err(JobError::Lost));
    }
}

/// The IO jobs that run now.
#[derive(Default)]
pub(super) struct Tasks {
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    last_number: u64,
    jobs: BTreeMap<u64, Arc<dyn IoJob>>,
}

impl Tasks {
    fn begin(&self, job: &Arc<dyn IoJob>) -> u64 {
        let mut live = self.live.lock();
        live.last_number += 1;
        let number = live.last_number;
        live.jobs.insert(number, Arc::clone(job));
        number
    }

    fn end(&self, number: u64) {
        let ended = self.live.lock().jobs.remove(&number);
        drop_quietly(ended);
    }

    pub(super) fn jobs(&self) -> Vec<Arc<dyn IoJob>> {
        self.live.lock().jobs.values().cloned().collect()
    }

    pub(super) fn running(&self, now: Instant) -> Vec<RunningJob> {
        let describe = |job: Arc<dyn IoJob>| Some(job.head().describe(job.running_since()?, now));
        self.jobs().into_iter().filter_map(describe).collect()
    }
}

/// Runs `job` and then whatever gets its slot, until nothing does. The job is accounted for even if
/// this is dropped before it is polled, as it is on a runtime that was shut down.
pub(super) fn run(plane: Arc<Plane>, job: Arc<dyn IoJob>) -> impl Future<Output = ()> + Send {
    let mut runner = Runner { number: plane.tasks.begin(&job), plane, job: Some(job) };
    async move {
        while let Some(job) = &runner.job {
            Arc::clone(job).drive().await;
            runner.advance();
            tokio::task::consume_budget().await;
        }
    }
}

struct Runner {
    plane: Arc<Plane>,
    job: Option<Arc<dyn IoJob>>,
    number: u64,
}

impl Runner {
    fn advance(&mut self) {
        let Some(job) = self.job.take() else { return };
        self.plane.tasks.end(self.number);
        if let Some(key) = &job.head().key
            && let Some(next) = self.plane.io.key_finished(key)
        {
            self.plane.start_io(next);
        }
        drop_quietly(job);
        if let Some(next) = self.plane.io.release() {
            self.number = self.plane.tasks.begin(&next);
            self.job = Some(next);
        }
    }
}

impl Drop for Runner {
    /// Only a runtime's end drops a runner with a job. Nothing can be run any more then, so all that
    /// would get this slot is lost, one after the other.
    fn drop(&mut self) {
        let mut lost: Vec<_> = self.job.take().into_iter().collect();
        if !lost.is_empty() {
            self.plane.tasks.end(self.number);
        }
        while let Some(job) = lost.pop() {
            job.stop(JobError::Lost);
            lost.extend(job.head().key.as_ref().and_then(|key| self.plane.io.key_finished(key)));
            lost.extend(self.plane.io.release());
        }
    }
}
