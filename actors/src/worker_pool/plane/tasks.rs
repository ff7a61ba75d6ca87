//! The tasks that run IO jobs.
//!
//! As many runners as the class is wide, each a task that runs one job after the other, and they are
//! there only while there is something to run. At most two are on their way to look for a job: with two, the
//! runtime lets another of its threads have the first, and more would find nothing.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::task::coop::consume_budget;
use tokio::task::yield_now;
use tokio::time::Instant;
use tracing::Instrument;

use super::Plane;
use super::cell::Cell;
use super::desk::Desk;
use super::gate::Worker;
use super::job::Job;
use super::spare::Spare;
use crate::worker_pool::ladder::run_until_stopped;
use crate::worker_pool::{JobClass, JobError, RunningJob};

/// A job for a task.
pub(crate) trait IoJob: Job {
    /// Runs it to its end, unless it is over. Dropped before that, the job ends as `orphaned` says.
    fn drive<'a>(
        self: Arc<Self>,
        spare: &'a mut Spare,
        orphaned: fn() -> JobError,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

impl<F, T> IoJob for Cell<F, T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn drive<'a>(
        self: Arc<Self>,
        spare: &'a mut Spare,
        orphaned: fn() -> JobError,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let Some((fut, context)) = self.begin(spare) else { return };
            let unfinished = Unfinished { job: &*self, orphaned };
            let run = run_until_stopped(&context, self.head().plane.config.grace, fut);
            let result = run.instrument(self.head().span()).await;
            unfinished.finish(result);
            if self.head().is_bare() {
                spare.put(context);
            }
        })
    }
}

struct Unfinished<'a, J: Send + 'static, T: Send + 'static> {
    job: &'a Cell<J, T>,
    orphaned: fn() -> JobError,
}

impl<J: Send + 'static, T: Send + 'static> Unfinished<'_, J, T> {
    fn finish(self, result: Result<T, JobError>) {
        self.job.finish(result);
        std::mem::forget(self);
    }
}

impl<J: Send + 'static, T: Send + 'static> Drop for Unfinished<'_, J, T> {
    fn drop(&mut self) {
        self.job.finish(Err((self.orphaned)()));
    }
}

#[derive(Default)]
pub(super) struct Tasks {
    width: AtomicUsize,
    /// Runners that there are.
    active: AtomicUsize,
    /// Of those, the ones that have not yet found their first job or have none any more.
    searching: AtomicUsize,
    /// The runtime is gone.
    lost: AtomicBool,
    desks: Mutex<Desks>,
}

#[derive(Default)]
struct Desks {
    last_number: u64,
    all: BTreeMap<u64, Arc<Desk<dyn IoJob>>>,
}

impl Tasks {
    pub(super) fn resize(&self, plane: &Arc<Plane>, width: usize) {
        let was = self.width.swap(width, Ordering::SeqCst);
        plane.io.change_free(width.wrapping_sub(was).cast_signed());
    }

    pub(super) fn width(&self) -> usize {
        self.width.load(Ordering::SeqCst)
    }

    /// One more runner, if there may be.
    fn reserve(&self) -> bool {
        let one_more = |active: usize| (active < self.width()).then_some(active + 1);
        self.active.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_ok()
    }

    fn is_too_many(&self) -> bool {
        self.active.load(Ordering::SeqCst) > self.width()
    }

    fn desks(&self) -> Vec<Arc<Desk<dyn IoJob>>> {
        self.desks.lock().all.values().cloned().collect()
    }

    pub(super) fn jobs(&self) -> Vec<Arc<dyn IoJob>> {
        self.desks().iter().filter_map(|desk| desk.job()).collect()
    }

    pub(super) fn running(&self, now: Instant) -> Vec<RunningJob> {
        self.desks().iter().filter_map(|desk| desk.running(now)).collect()
    }
}

/// Has a runner look for a job if there is one, unless enough are about to.
pub(super) fn call(plane: &Arc<Plane>) {
    const ENOUGH: usize = 2;
    let tasks = &plane.tasks;
    if tasks.searching.load(Ordering::SeqCst) >= ENOUGH || !plane.io.has_work() {
        return;
    }
    if tasks.lost.load(Ordering::SeqCst) {
        lose(plane);
    } else if tasks.reserve() {
        // The task is owned: it ends when there is nothing left to run, and a drain waits for that.
        drop(plane.runtime.spawn(Runner::new(plane).run()));
    }
}

/// Nothing can be run any more, so all that waits is lost.
fn lose(plane: &Arc<Plane>) {
    for job in plane.io.jobs() {
        job.stop(JobError::Lost);
    }
}

/// One task of the pool.
struct Runner {
    plane: Arc<Plane>,
    worker: Worker,
    is_searching: bool,
    number: u64,
    desk: Arc<Desk<dyn IoJob>>,
    is_over: bool,
}

impl Runner {
    /// One that is counted as searching; its place is reserved.
    fn new(plane: &Arc<Plane>) -> Self {
        let desk = Arc::new(Desk::new());
        let mut desks = plane.tasks.desks.lock();
        desks.last_number += 1;
        let number = desks.last_number;
        desks.all.insert(number, Arc::clone(&desk));
        drop(desks);
        plane.tasks.searching.fetch_add(1, Ordering::SeqCst);
        Self { plane: Arc::clone(plane), worker: Worker::new(), is_searching: true, number, desk, is_over: false }
    }

    async fn run(mut self) {
        let mut spare = Spare::default();
        let mut quick = 0;
        loop {
            if let Some(job) = self.take() {
                let waited = self.work(&job, &mut spare).await;
                quick = if waited { 0 } else { quick + 1 };
                self.finish(job);
                consume_budget().await;
            } else if !self.finds_more(&mut quick).await && self.leaves() {
                return;
            }
        }
    }

    /// The next job. From then on the runner can't be relied on to look for another.
    fn take(&mut self) -> Option<Arc<dyn IoJob>> {
        if self.plane.tasks.is_too_many() {
            return None;
        }
        let job = self.plane.io.next(&mut self.worker, &self.plane)?;
        self.desk.put(&job);
        if std::mem::take(&mut self.is_searching) {
            self.plane.tasks.searching.fetch_sub(1, Ordering::SeqCst);
        }
        call(&self.plane);
        Some(job)
    }

    /// Runs a job. Whether it had to wait.
    async fn work(&self, job: &Arc<dyn IoJob>, spare: &mut Spare) -> bool {
        let mut waited = false;
        let mut end = Arc::clone(job).drive(spare, || JobError::Lost);
        poll_fn(|cx| {
            let polled = end.as_mut().poll(cx);
            waited |= polled.is_pending();
            polled
        })
        .await;
        waited
    }

    fn finish(&self, job: Arc<dyn IoJob>) {
        let shown = self.desk.clear();
        self.plane.job_over(job.head(), true);
        drop((shown, job));
    }

    /// Waits for a moment, where jobs that never had to wait came one upon the other: there will be another, and to
    /// start a task for it would cost more than it does. Whether it has come.
    async fn finds_more(&mut self, quick: &mut u32) -> bool {
        const STREAM: u32 = 8;
        const LOOKS: u32 = 16;
        let is_stream = std::mem::take(quick) >= STREAM;
        if !is_stream || self.plane.tasks.is_too_many() {
            return false;
        }
        self.plane.io.mark_free(&mut self.worker);
        if !std::mem::replace(&mut self.is_searching, true) {
            self.plane.tasks.searching.fetch_add(1, Ordering::SeqCst);
        }
        for _ in 0..LOOKS {
            yield_now().await;
            if self.plane.io.has_work() {
                *quick = STREAM;
                return true;
            }
        }
        false
    }

    /// Ends the runner, unless work has come that nobody else was told of.
    fn leaves(&mut self) -> bool {
        let tasks = &self.plane.tasks;
        self.plane.io.mark_free(&mut self.worker);
        if std::mem::take(&mut self.is_searching) {
            tasks.searching.fetch_sub(1, Ordering::SeqCst);
        }
        tasks.active.fetch_sub(1, Ordering::SeqCst);
        if self.plane.io.has_work() && tasks.reserve() {
            self.is_searching = true;
            tasks.searching.fetch_add(1, Ordering::SeqCst);
            return false;
        }
        self.is_over = true;
        self.plane.worker_gone(JobClass::Io);
        true
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let tasks = &self.plane.tasks;
        tasks.desks.lock().all.remove(&self.number);
        if self.is_over {
            return;
        }
        // A runtime's end drops a runner that is not over, and else only a panic of foreign code (a subscriber's, say).
        let is_lost = !std::thread::panicking();
        if is_lost {
            tasks.lost.store(true, Ordering::SeqCst);
        }
        self.plane.io.mark_free(&mut self.worker);
        tasks.searching.fetch_sub(usize::from(self.is_searching), Ordering::SeqCst);
        tasks.active.fetch_sub(1, Ordering::SeqCst);
        if let Some(job) = self.desk.clear() {
            job.stop(JobError::Lost);
            self.plane.job_over(job.head(), true);
        }
        if is_lost {
            lose(&self.plane);
        } else {
            // Which has another look for work, if there still is a runtime.
            self.plane.keeper.notify_one();
        }
    }
}
