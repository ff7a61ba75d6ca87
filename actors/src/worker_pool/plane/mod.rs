//! The data plane: plain shared state that submitters, threads and tasks use directly.

pub(super) mod cell;
mod clock;
pub(super) mod contain;
pub(super) mod counts;
mod drain;
mod gate;
pub(super) mod job;
pub(super) mod tasks;
pub(super) mod threads;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use patterns_core::cancel::CancelCause;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{ClassStatus, JobClass, PoolState, Reject, RunningJob, StartError};
use super::{WorkerPoolConfig, WorkerPoolStatus};
use clock::ClockHold;
use counts::Counts;
use gate::{Entry, Gate};
use job::Head;
use tasks::{IoJob, Tasks};
use threads::{CpuJob, Threads};

/// The shared state of one pool.
#[expect(missing_debug_implementations, reason = "public in a private module only, for a sealed trait")]
pub struct Plane {
    pub(super) config: WorkerPoolConfig,
    counts: Counts,
    clock: ClockHold,
    runtime: Handle,
    cpu: Gate<dyn CpuJob>,
    io: Gate<dyn IoJob>,
    threads: Threads,
    tasks: Tasks,
    closed: AtomicBool,
    /// Set when what has not been started never will be.
    stop: OnceLock<CancelCause>,
    threads_stopped: AtomicBool,
    threads_joined: AtomicUsize,
    /// Something ended after the pool was closed.
    changed: Notify,
}

impl Plane {
    pub(super) fn start(config: WorkerPoolConfig) -> Result<Arc<Self>, StartError> {
        config.check()?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let WorkerPoolConfig { cpu_threads, io_tasks, queue, per_key, .. } = config;
        let plane = Arc::new(Self {
            counts: Counts::default(),
            clock: ClockHold::new(&runtime),
            cpu: Gate::new(cpu_threads + queue, 0, queue, per_key),
            io: Gate::new(io_tasks, queue, queue, per_key),
            threads: Threads::new(cpu_threads, cpu_threads + queue),
            tasks: Tasks::default(),
            closed: AtomicBool::new(false),
            stop: OnceLock::new(),
            threads_stopped: AtomicBool::new(false),
            threads_joined: AtomicUsize::new(0),
            changed: Notify::new(),
            runtime,
            config,
        });
        Threads::start(&plane).map_err(StartError::Thread)?;
        Ok(plane)
    }

    /// Keeps a paused clock still for a CPU job; whether it does. See [`ClockHold`].
    pub(super) fn hold_clock(&self) -> bool {
        self.clock.enter()
    }

    /// Lets a job in, or refuses it.
    ///
    /// It is counted as submitted before the pool is asked whether it is closed, and a pool is drained
    /// when it is closed *and then* everything submitted has ended: no job gets in unnoticed.
    pub(super) fn submit_cpu(&self, job: Arc<dyn CpuJob>, patient: bool) {
        self.counts.submitted();
        match self.is_closed() {
            true => job.refuse(Reject::Closed),
            false => match self.cpu.enter(&job, patient) {
                Entry::Go => self.threads.send(job),
                Entry::Stay => {}
                Entry::Refused(why) => job.refuse(why),
            },
        }
    }

    /// The same for an IO job.
    pub(super) fn submit_io(self: &Arc<Self>, job: Arc<dyn IoJob>, patient: bool) {
        self.counts.submitted();
        match self.is_closed() {
            true => job.refuse(Reject::Closed),
            false => match self.io.enter(&job, patient) {
                Entry::Go => self.start_io(job),
                Entry::Stay => {}
                Entry::Refused(why) => job.refuse(why),
            },
        }
    }

    /// The task is owned: it is in the counts until it has ended, and a drain waits for that.
    fn start_io(self: &Arc<Self>, job: Arc<dyn IoJob>) {
        drop(self.runtime.spawn(tasks::run(Arc::clone(self), job)));
    }

    /// A job that was in the channel is over, and its slot is free.
    fn cpu_job_over(&self, job: &dyn CpuJob) {
        let of_its_key = job.head().key.as_ref().and_then(|key| self.cpu.key_finished(key));
        for next in of_its_key.into_iter().chain(self.cpu.release()) {
            self.threads.send(next);
        }
    }

    /// A job ended that may still stand at its gate.
    fn died(self: &Arc<Self>, class: JobClass) {
        match class {
            JobClass::Cpu => self.cpu.died().into_iter().for_each(|job| self.threads.send(job)),
            JobClass::Io => self.io.died().into_iter().for_each(|job| self.start_io(job)),
        }
    }

    /// A job ended and is counted.
    fn after_end(&self, head: &Head) {
        if head.holds_clock {
            self.clock.leave();
        }
        if self.is_closed() {
            self.notice();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Why nothing is to be started any more, if so.
    fn stopping(&self) -> Option<&CancelCause> {
        self.stop.get()
    }

    pub(super) fn running(&self) -> Vec<RunningJob> {
        let now = Instant::now();
        let mut running = self.threads.running(now);
        running.extend(self.tasks.running(now));
        running.sort_by_key(|job| std::cmp::Reverse(job.age));
        running
    }

    pub(super) fn status(&self) -> WorkerPoolStatus {
        let counts = self.counts.snapshot();
        let running = self.running();
        let of = |class| running.iter().filter(|job| job.class == class).count();
        let (cpu, io) = (self.cpu.depths(), self.io.depths());
        WorkerPoolStatus {
            state: match (self.is_closed(), counts.in_flight()) {
                (false, _) => PoolState::Open,
                (true, 0) => PoolState::Closed,
                (true, _) => PoolState::Draining,
            },
            cpu: ClassStatus {
                width: self.threads.width(),
                running: of(JobClass::Cpu),
                // It has a slot for every job that runs or is in the channel.
                queued: cpu.used.saturating_sub(of(JobClass::Cpu)) + cpu.accepted,
                held: cpu.held,
                waiting: cpu.parked,
            },
            io: ClassStatus {
                width: self.config.io_tasks,
                running: of(JobClass::Io),
                queued: io.accepted,
                held: io.held,
                waiting: io.parked,
            },
            counts,
            running,
        }
    }
}
