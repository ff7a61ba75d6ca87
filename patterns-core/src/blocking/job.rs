use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::{EnterGuard, Handle};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::job_context::JobContext;
use super::shared::Shared;
use super::{BlockingError, RunningJob};
use crate::cancel::CancelToken;
use crate::context::{Context, Interrupt, TaskPath};
use crate::outcome::{Panic, catch_panic};

/// What is known of a job whatever its types are.
pub(super) struct Head {
    context: Context,
    place: &'static Location<'static>,
    /// For the clock, and so that the job may spawn; `None` where it was submitted outside of any runtime.
    runtime: Option<Handle>,
}

impl Head {
    /// Of a job that is submitted here and now.
    pub(super) fn new(place: &'static Location<'static>) -> Self {
        let caller = Context::current();
        let context = caller.with_token(caller.token().child());
        Self { context, place, runtime: Handle::try_current().ok() }
    }

    pub(super) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.runtime.as_ref().map(Handle::enter)
    }

    pub(super) fn token(&self) -> &CancelToken {
        self.context.token()
    }

    /// Why it is not to start, if it isn't.
    pub(super) fn interrupt(&self) -> Option<Interrupt> {
        self.context.interrupt()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.context.deadline()
    }

    pub(super) fn path(&self) -> &TaskPath {
        self.context.path()
    }

    pub(super) fn describe(&self, since: Instant, abandoned: Option<Instant>, now: Instant) -> RunningJob {
        RunningJob {
            path: self.context.path().clone(),
            place: self.place,
            age: now.saturating_duration_since(since),
            abandoned: abandoned.map(|at| now.saturating_duration_since(at)),
        }
    }
}

/// A job of whatever types.
pub(super) trait Job: Send + Sync {
    fn head(&self) -> &Head;

    /// Runs it on this thread, and ends it in the books before the caller hears of it. Only after it was
    /// [begun](Shared::begin).
    fn run(&self, number: u64, shared: &Shared);

    /// Drops the closure, and tells the caller why it will never start. Only after the books say so.
    fn refuse(&self, error: BlockingError);
}

type Answer<T> = oneshot::Sender<Result<T, BlockingError>>;

/// A closure, and where its value goes.
pub(super) struct Cell<F, T> {
    head: Head,
    /// Taken by whoever ends the job, which the books allow once.
    work: Mutex<Option<(F, Answer<T>)>>,
}

impl<F, T> Cell<F, T> {
    pub(super) fn new(head: Head, work: F, answer: Answer<T>) -> Arc<Self> {
        Arc::new(Self { head, work: Mutex::new(Some((work, answer))) })
    }

    /// A result that nobody waits for any more.
    fn unheard(&self, result: Result<T, Panic>) {
        if let Err(panic) = &result {
            let (job, place) = (self.head.path(), self.head.place);
            tracing::error!(%job, %place, %panic, "a blocking job panicked after its caller had gone");
        }
        quietly(|| drop(result));
    }

    fn take(&self) -> (F, Answer<T>) {
        let taken = self.work.lock().take();
        taken.unwrap_or_else(|| unreachable!("a job ends once"))
    }

    /// The closure of a job that was not submitted after all.
    pub(super) fn take_back(&self) -> F {
        self.take().0
    }
}

impl<F, T> Job for Cell<F, T>
where
    F: FnOnce(&JobContext) -> T + Send + 'static,
    T: Send + 'static,
{
    fn head(&self) -> &Head {
        &self.head
    }

    fn run(&self, number: u64, shared: &Shared) {
        let (work, answer) = self.take();
        let job = JobContext::new(self.head.context.clone());
        let result = catch_panic(|| self.head.context.sync_scope(|| work(&job)));
        let panicked = result.is_err();
        if answer.is_closed() {
            // Before the end: its destructor may take as long as the job.
            self.unheard(result);
            shared.end(number, panicked);
            return;
        }
        shared.end(number, panicked);
        let unheard = quietly(|| answer.send(result.map_err(BlockingError::Panicked)).err());
        if let Some(Some(Err(BlockingError::Panicked(panic)))) = unheard {
            self.unheard(Err(panic));
        } else {
            // Here, where a panic of the value's destructor is nobody else's.
            quietly(|| drop(unheard));
        }
    }

    fn refuse(&self, error: BlockingError) {
        let (work, answer) = self.take();
        quietly(|| drop(work));
        quietly(|| drop(answer.send(Err(error))));
    }
}

/// Runs what drops values of the user's, or wakes tasks. A panic in it is logged and goes no further.
pub(super) fn quietly<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_panic(f) {
        Ok(value) => Some(value),
        Err(panic) => {
            tracing::error!(%panic, "dropping what a blocking job left behind panicked");
            None
        }
    }
}
