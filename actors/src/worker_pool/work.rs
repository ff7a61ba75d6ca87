use std::pin::Pin;
use std::sync::Arc;

use super::JobClass;
use super::plane::Plane;
use super::plane::cell::Cell;
use super::plane::gate::{Entry, Manner};
use super::plane::guests::{run_cpu, run_io};
use super::plane::tasks::IoJob;
use super::plane::threads::CpuJob;

/// A closure as a CPU job. See [`WorkerPool::submit_cpu`](super::WorkerPool::submit_cpu).
#[derive(Debug)]
pub struct Cpu<F>(pub(super) F);

/// A future as an IO job. See [`WorkerPool::submit_io`](super::WorkerPool::submit_io).
#[derive(Debug)]
pub struct Io<F>(pub(super) F);

/// What a [`WorkerPool`](super::WorkerPool) can run: [`Cpu`] or [`Io`].
pub trait Work: sealed::Sealed<Self::Job, Self::Output> {
    /// The closure or future itself.
    type Job: Send + 'static;
    /// What it returns.
    type Output: Send + 'static;
}

/// A job that its submitter runs.
pub(super) type Here = Pin<Box<dyn Future<Output = ()> + Send>>;

mod sealed {
    use super::{Arc, Cell, Entry, Here, JobClass, Manner, Plane};

    pub trait Sealed<J, T>: Send + 'static {
        const CLASS: JobClass;
        fn into_job(self) -> J;
        fn submit(plane: &Arc<Plane>, job: &Arc<Cell<J, T>>, manner: Manner) -> Entry;
        fn run_here(job: Arc<Cell<J, T>>) -> Here;
    }
}

impl<F, T> Work for Cpu<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Job = F;
    type Output = T;
}

impl<F, T> sealed::Sealed<F, T> for Cpu<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    const CLASS: JobClass = JobClass::Cpu;

    fn into_job(self) -> F {
        self.0
    }

    fn submit(plane: &Arc<Plane>, job: &Arc<Cell<F, T>>, manner: Manner) -> Entry {
        plane.submit_cpu(Arc::clone(job) as Arc<dyn CpuJob>, manner)
    }

    fn run_here(job: Arc<Cell<F, T>>) -> Here {
        Box::pin(run_cpu(job))
    }
}

impl<F> Work for Io<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Job = F;
    type Output = F::Output;
}

impl<F> sealed::Sealed<F, F::Output> for Io<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    const CLASS: JobClass = JobClass::Io;

    fn into_job(self) -> F {
        self.0
    }

    fn submit(plane: &Arc<Plane>, job: &Arc<Cell<F, F::Output>>, manner: Manner) -> Entry {
        plane.submit_io(Arc::clone(job) as Arc<dyn IoJob>, manner)
    }

    fn run_here(job: Arc<Cell<F, F::Output>>) -> Here {
        Box::pin(run_io(job))
    }
}
