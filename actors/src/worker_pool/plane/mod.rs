//! The data plane: plain shared state that submitters, threads and tasks use directly.

pub(super) mod cell;
mod clock;
pub(super) mod counts;
mod desk;
mod drain;
pub(super) mod gate;
pub(super) mod guests;
pub(super) mod job;
mod keeper;
mod lounge;
mod meters;
mod permits;
pub(super) mod spare;
mod status;
pub(super) mod tasks;
pub(super) mod threads;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clock::ClockHold;
use counts::{Bucket, Counts};
use gate::{Entry, Gate, Manner};
use guests::Guests;
use job::{Head, Job};
use keeper::Watch;
use meters::Meters;
use patterns_core::cancel::CancelCause;
use permits::{Freed, Permits};
use tasks::{IoJob, Tasks};
use threads::{CpuJob, Threads};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::config::{MAX_TASKS, MAX_THREADS};
use super::{JobClass, Reject, ResizeError, StartError, WorkerPoolConfig};

/// The shared state of one pool.
#[expect(missing_debug_implementations, reason = "public in a private module only, for a sealed trait")]
pub struct Plane {
    pub(super) config: WorkerPoolConfig,
    counts: Counts,
    meters: Meters,
    clock: ClockHold,
    runtime: Handle,
    permits: Option<Arc<Permits>>,
    cpu: Gate<dyn CpuJob>,
    io: Gate<dyn IoJob>,
    threads: Threads,
    tasks: Tasks,
    guests: Guests,
    watch: Watch,
    keeper: Arc<Notify>,
    closed: AtomicBool,
    /// Set when what has not been started never will be.
    stop: OnceLock<CancelCause>,
    /// Something ended after the pool was closed.
    changed: Notify,
}

impl Plane {
    pub(super) fn start(config: WorkerPoolConfig) -> Result<Arc<Self>, StartError> {
        config.check()?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let permits = config.global.map(|limit| Arc::new(Permits::new(limit)));
        let keeper = Arc::new(Notify::new());
        let plane = Arc::new(Self {
            counts: Counts::default(),
            meters: Meters::new(&config.name),
            clock: ClockHold::new(&runtime),
            cpu: Gate::new(JobClass::Cpu, &config, permits.clone(), Arc::clone(&keeper)),
            io: Gate::new(JobClass::Io, &config, permits.clone(), Arc::clone(&keeper)),
            permits,
            threads: Threads::default(),
            tasks: Tasks::default(),
            guests: Guests::default(),
            watch: Watch::new(),
            keeper: Arc::clone(&keeper),
            closed: AtomicBool::new(false),
            stop: OnceLock::new(),
            changed: Notify::new(),
            runtime,
            config,
        });
        plane.tasks.resize(&plane, plane.config.io_tasks);
        if let Err(error) = plane.threads.resize(&plane, plane.config.cpu_threads) {
            plane.give_up();
            return Err(StartError::Thread(error));
        }
        // The task is owned: it ends with the last job of the closed pool.
        drop(plane.runtime.spawn(keeper::keep(Arc::clone(&plane), keeper)));
        Ok(plane)
    }

    /// Lets a CPU job in, or refuses it; one that is let in [`Here`](Entry::Here) the caller runs.
    pub(super) fn submit_cpu(self: &Arc<Self>, job: Arc<dyn CpuJob>, manner: Manner) -> Entry {
        self.admit(job, &self.cpu, manner)
    }

    /// The same for an IO job.
    pub(super) fn submit_io(self: &Arc<Self>, job: Arc<dyn IoJob>, manner: Manner) -> Entry {
        self.admit(job, &self.io, manner)
    }

    /// It is counted as submitted before the pool is asked whether it is closed, and a pool is drained
    /// when it is closed *and then* everything submitted has ended: no job gets in unnoticed.
    fn admit<J: Job + ?Sized>(self: &Arc<Self>, job: Arc<J>, gate: &Gate<J>, manner: Manner) -> Entry {
        // The recorder first: it may panic.
        self.meters.submitted.increment(1);
        self.counts.submitted();
        let entry = if self.is_closed() {
            job.refuse(Reject::Closed);
            Entry::Refused(Reject::Closed)
        } else {
            // What can be handed over needs no other hands on it.
            gate.pass(job).map_or_else(|job| gate.enter(&job, manner), |()| Entry::Accepted)
        };
        if matches!(entry, Entry::Accepted | Entry::Parked) {
            self.call(gate.class());
        }
        entry
    }

    /// Has a worker of a class look whether there is something for it.
    pub(super) fn call(self: &Arc<Self>, class: JobClass) {
        match class {
            JobClass::Cpu => {
                self.threads.lounge.call_if(|| self.cpu.has_work());
                self.clock.hold(&self.threads.lounge);
            }
            JobClass::Io => tasks::call(self),
        }
    }

    /// A job that was started has ended, and what it had is another's. Without a permit of its own it was written
    /// off before.
    fn job_over(self: &Arc<Self>, head: &Head, has_permit: bool) {
        if let Some(key) = head.key() {
            match head.class {
                JobClass::Cpu => self.cpu.finished(key),
                JobClass::Io => self.io.finished(key),
            }
        }
        if has_permit {
            self.permit_back(head.class);
        }
    }

    /// A permit of this class is not needed any more: it goes to whoever can use it.
    fn permit_back(self: &Arc<Self>, class: JobClass) {
        if let Some(permits) = &self.permits {
            self.hand_on(permits, permits.leave(class));
        }
    }

    /// A worker of this class has left, which a permit may have been set aside for.
    fn worker_gone(self: &Arc<Self>, class: JobClass) {
        if let Some(permits) = &self.permits
            && !self.can_start(class)
        {
            self.hand_on(permits, permits.decline(class));
        }
    }

    /// Calls whoever can use a permit.
    fn hand_on(self: &Arc<Self>, permits: &Permits, mut freed: Option<Freed>) {
        while let Some(next) = freed {
            if !next.is_granted || self.can_start(next.class) {
                return self.call(next.class);
            }
            freed = permits.decline(next.class);
        }
    }

    fn can_start(&self, class: JobClass) -> bool {
        match class {
            JobClass::Cpu => self.cpu.can_start(),
            JobClass::Io => self.io.can_start(),
        }
    }

    /// A job ended that may still stand at its gate.
    fn died(&self, head: &Head) {
        match head.class {
            JobClass::Cpu => self.cpu.died(head),
            JobClass::Io => self.io.died(head),
        }
    }

    /// A job ended and is counted.
    fn after_end(&self, bucket: Bucket) {
        self.meters.ended(bucket);
        if self.is_closed() {
            self.notice();
        }
    }

    /// Makes a class as wide as this.
    pub(super) fn resize(self: &Arc<Self>, class: JobClass, to: usize) -> Result<(), ResizeError> {
        let most = match class {
            JobClass::Cpu => MAX_THREADS,
            JobClass::Io => MAX_TASKS,
        };
        if to == 0 || to > most {
            return Err(ResizeError::OutOfRange { class, asked: to, most });
        }
        if self.is_closed() {
            return Err(ResizeError::Closed);
        }
        tracing::debug!(pool = %self.config.name, %class, to, "the worker pool is resized");
        self.threads.join_ended();
        match class {
            JobClass::Cpu => self.threads.resize(self, to).map_err(ResizeError::Thread)?,
            JobClass::Io => self.tasks.resize(self, to),
        }
        self.call(class);
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Why nothing is to be started any more, if so.
    fn stopping(&self) -> Option<&CancelCause> {
        self.stop.get()
    }
}
