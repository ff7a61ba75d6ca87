//! The threads that run CPU jobs.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::Plane;
use super::cell::Cell;
use super::contain::{contain, drop_quietly};
use super::job::Job;
use crate::worker_pool::{JobError, RunningJob};

/// A job for a thread.
pub(crate) trait CpuJob: Job {
    /// Runs it on this thread, unless it is over.
    fn run(&self);
}

impl<F, T> CpuJob for Cell<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn run(&self) {
        if let Some(work) = self.begin() {
            let result = contain(|| self.head().context.sync_scope(work));
            self.finish(result.map_err(JobError::Panicked));
        }
    }
}

/// What goes through the channel. It has room for every accepted job and the signals to stop.
enum Feed {
    Job(Arc<dyn CpuJob>),
    Stop,
}

pub(super) struct Threads {
    feed: Sender<Feed>,
    /// Kept by the pool too, so that it can take back what no thread gets to.
    taken: Receiver<Feed>,
    slots: Box<[Slot]>,
}

#[derive(Default)]
struct Slot {
    current: Mutex<Option<Arc<dyn CpuJob>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Threads {
    /// `slots` is how many jobs may be dispatched and not over.
    pub(super) fn new(threads: usize, slots: usize) -> Self {
        let (feed, taken) = crossbeam_channel::bounded(slots + threads);
        Self { feed, taken, slots: std::iter::repeat_with(Slot::default).take(threads).collect() }
    }

    /// Starts all threads; if one can't be had, those that were started stop again.
    pub(super) fn start(plane: &Arc<Plane>) -> io::Result<()> {
        let threads = &plane.threads;
        for (index, slot) in threads.slots.iter().enumerate() {
            let plane = Arc::clone(plane);
            let thread = thread::Builder::new()
                .name(format!("{}-cpu-{index}", plane.config.name))
                .spawn(move || work(&plane, index))
                .inspect_err(|_| threads.stop())?;
            *slot.thread.lock() = Some(thread);
        }
        Ok(())
    }

    /// Never waits: a job that is sent has a slot of the gate, and so a place in the channel.
    pub(super) fn send(&self, job: Arc<dyn CpuJob>) {
        let sent = self.feed.try_send(Feed::Job(job));
        debug_assert!(sent.is_ok(), "the channel has room for every slot of the gate");
    }

    /// Takes back a job that no thread has begun.
    pub(super) fn take_back(&self) -> Option<Arc<dyn CpuJob>> {
        loop {
            match self.taken.try_recv() {
                Ok(Feed::Job(job)) => return Some(job),
                Ok(Feed::Stop) => {}
                Err(_) => return None,
            }
        }
    }

    /// Makes every thread end after the jobs that are in the channel now.
    pub(super) fn stop(&self) {
        for _ in &self.slots {
            // Full only when called twice, and then the first call's signals are still there.
            let _ = self.feed.try_send(Feed::Stop);
        }
    }

    /// Joins the threads that run no job, after [`stop`](Self::stop), and says how many. Blocks for
    /// as long as they need to notice.
    pub(super) fn join_idle(&self) -> usize {
        let is_busy = |slot: &&Slot| slot.current.lock().as_ref().is_some_and(|job| job.running_since().is_some());
        let idle = self.slots.iter().filter(|slot| !is_busy(slot));
        let threads = idle.filter_map(|slot| slot.thread.lock().take());
        threads.map(|thread| thread.join().is_ok()).filter(|joined| *joined).count()
    }

    pub(super) fn jobs(&self) -> Vec<Arc<dyn CpuJob>> {
        self.slots.iter().filter_map(|slot| slot.current.lock().clone()).collect()
    }

    pub(super) fn running(&self, now: Instant) -> Vec<RunningJob> {
        let describe = |job: Arc<dyn CpuJob>| Some(job.head().describe(job.running_since()?, now));
        self.jobs().into_iter().filter_map(describe).collect()
    }

    pub(super) fn width(&self) -> usize {
        self.slots.len()
    }
}

/// A thread's life.
fn work(plane: &Arc<Plane>, index: usize) {
    // For the clock, and so that jobs may spawn.
    let _entered = plane.runtime.enter();
    while let Ok(Feed::Job(job)) = plane.threads.taken.recv() {
        *plane.threads.slots[index].current.lock() = Some(Arc::clone(&job));
        job.run();
        plane.cpu_job_over(&*job);
        let current = plane.threads.slots[index].current.lock().take();
        // The last reference may hold a value that nobody wants.
        drop_quietly((current, job));
    }
}
