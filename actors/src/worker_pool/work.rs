use std::sync::Arc;

use super::JobClass;
use super::plane::Plane;
use super::plane::cell::Cell;

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

mod sealed {
    use super::{Arc, Cell, JobClass, Plane};

    pub trait Sealed<J, T>: Send + 'static {
        const CLASS: JobClass;
        fn into_job(self) -> J;
        fn submit(plane: &Arc<Plane>, job: Arc<Cell<J, T>>, patient: bool);
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

    fn submit(plane: &Arc<Plane>, job: Arc<Cell<F, T>>, patient: bool) {
        plane.submit_cpu(job, patient);
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

    fn submit(plane: &Arc<Plane>, job: Arc<Cell<F, F::Output>>, patient: bool) {
        plane.submit_io(job, patient);
    }
}
