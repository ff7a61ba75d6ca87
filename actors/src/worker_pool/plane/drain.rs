//! The end of a pool.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use patterns_core::cancel::{CancelCause, CancelKind};
use tokio::time::Instant;

use super::Plane;
use super::job::Job;
use super::keeper::later;
use crate::worker_pool::{DrainReceipt, JobClass, JobError, Reject};

impl Plane {
    /// Takes no new work; whoever waits for a place gets the job back.
    pub(in crate::worker_pool) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for job in self.cpu.close() {
            job.refuse(Reject::Closed);
        }
        for job in self.io.close() {
            job.refuse(Reject::Closed);
        }
        self.notice();
    }

    /// Something happened to a closed pool. Lets threads and keeper go once there is nothing left for them.
    pub(super) fn notice(&self) {
        if self.is_drained() {
            // What is left of jobs that ended in the queue keeps the pool, and the pool keeps it.
            self.cpu.sweep();
            self.io.sweep();
            self.threads.stop();
            self.keeper.notify_one();
        }
        self.changed.notify_waiters();
    }

    pub(super) fn is_drained(&self) -> bool {
        self.is_closed() && self.counts.snapshot().in_flight() == 0
    }

    /// Whether nothing is left, not even a thread.
    pub(in crate::worker_pool) fn is_ended(&self) -> bool {
        self.is_drained() && self.threads.is_over()
    }

    /// Waits until nothing is left of a closed pool, not even a thread.
    pub(in crate::worker_pool) async fn ended(self: &Arc<Self>) {
        self.wait(Self::is_drained).await;
        self.join_threads().await;
    }

    /// Cancels everything that has not ended.
    pub(in crate::worker_pool) fn cancel_all(&self, cause: &CancelCause) {
        let _ = self.stop.set(cause.clone());
        let why = || JobError::Cancelled(cause.clone());
        self.cpu.jobs().iter().for_each(|job| job.stop(why()));
        self.io.jobs().iter().for_each(|job| job.stop(why()));
        let on_threads = self.threads.members().into_iter().filter_map(|member| member.desk.job());
        on_threads.for_each(|job| job.stop(why()));
        self.tasks.jobs().iter().for_each(|job| job.stop(why()));
        self.guests.jobs().iter().for_each(|job| job.stop(why()));
        self.cpu.sweep();
        self.io.sweep();
    }

    /// Finishes what can be finished, cancels the rest in time, and is over by the deadline.
    pub(in crate::worker_pool) async fn drain(self: &Arc<Self>, deadline: Instant) -> DrainReceipt {
        let start = Instant::now();
        self.close();
        let grace = self.config.grace;
        let last_call = deadline.checked_sub(grace).unwrap_or(start);
        if !self.wait_until(Self::is_drained, last_call).await {
            self.cancel_all(&CancelCause::new(CancelKind::Shutdown, "the worker pool was drained"));
            // IO jobs are dropped when their grace is over: at this same instant at the latest, unless
            // the deadline was nearer than a grace or one of them blocks.
            let asked = Instant::now();
            if !self.wait_until(Self::is_drained, later(asked, grace)).await {
                let none_runs = |plane: &Self| {
                    let is_io = |job: &Arc<dyn Job>| job.head().class == JobClass::Io;
                    let by_tasks = plane.tasks.jobs().iter().any(|job| job.look().is_some());
                    !by_tasks && !plane.guests.jobs().iter().any(|job| is_io(job) && job.look().is_some())
                };
                self.wait_until(none_runs, later(later(asked, grace), grace)).await;
            }
        }
        let threads_joined = self.join_threads().await;
        DrainReceipt {
            took: start.elapsed(),
            counts: self.counts.snapshot(),
            stragglers: self.stragglers(),
            threads_joined,
        }
    }

    /// Waits until `done`, which can only become true when something ends.
    async fn wait(&self, done: impl Fn(&Self) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if done(self) {
                return;
            }
            changed.await;
        }
    }

    async fn wait_until(&self, done: impl Fn(&Self) -> bool, deadline: Instant) -> bool {
        tokio::time::timeout_at(deadline, self.wait(done)).await.is_ok()
    }

    /// Ends and joins every thread that does nothing any more; returns how many were joined in the pool's life.
    async fn join_threads(self: &Arc<Self>) -> usize {
        self.threads.stop();
        let plane = Arc::clone(self);
        // On a blocking thread, which also keeps a paused clock still.
        let join = move || plane.threads.join_idle(plane.config.grace);
        tokio::task::spawn_blocking(join).await.unwrap_or(0)
    }

    /// Closes a pool that has had no jobs, and joins its threads.
    pub(in crate::worker_pool) fn give_up(&self) {
        self.close();
        self.threads.join_idle(self.config.grace);
    }
}
