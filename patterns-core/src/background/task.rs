use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use tokio::time::Instant;

use super::shared::{End, Shared};
use crate::cancel::CancelToken;
use crate::context::{Context, TaskPath};
use crate::outcome::{BoxError, FailureKind, Panic, TaskFailed, Why, cancellation, catch_panic, catch_panics};
use crate::reaper::Tracked;
use crate::semaphore::OwnedPermit;

/// What is known of one task while it runs.
pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) token: CancelToken,
    path: TaskPath,
    place: &'static Location<'static>,
}

impl Task {
    /// How its work, or a round of it, ended.
    pub(super) fn judge(&self, ended: Result<Result<(), BoxError>, Panic>) -> Result<(), Why> {
        let error = match ended {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(panic) => return Err(Why::Panicked(panic)),
        };
        match cancellation(&*error, self.token.cause(), None) {
            Some(cause) => Err(Why::Cancelled(cause)),
            None => Err(Why::Error(error)),
        }
    }

    pub(super) fn failed(&self, since: Instant, why: Why) -> TaskFailed {
        let ran_for = Instant::now().saturating_duration_since(since);
        TaskFailed::new(self.shared.number, self.path.clone(), self.place, ran_for, why)
    }
}

/// A task that counts as live, until this is dropped.
pub(super) struct Ticket {
    task: Arc<Task>,
    started: Instant,
    /// How it ended. A task that is dropped by its runtime was cancelled.
    end: End,
    // Fields are dropped in order, after the task was counted out.
    _permit: OwnedPermit,
    _tracked: Tracked,
}

impl Ticket {
    /// Counts a task in; `None` if nothing new is taken.
    pub(super) fn new(
        shared: &Arc<Shared>,
        permit: OwnedPermit,
        name: Cow<'static, str>,
        place: &'static Location<'static>,
    ) -> Option<Self> {
        let path = Context::current().path().join(name);
        let tracked = shared.reaper.track(path.clone());
        if !shared.enter() {
            return None;
        }
        let task = Task { shared: Arc::clone(shared), token: shared.token.child(), path, place };
        let started = Instant::now();
        Some(Self { task: Arc::new(task), started, end: End::Cancelled, _permit: permit, _tracked: tracked })
    }

    pub(super) fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// Starts `work` as a task of its own; gives the token that asks it to stop.
    pub(super) fn start<W>(self, work: W) -> CancelToken
    where
        W: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let task = Arc::clone(&self.task);
        let context = Context::root(task.shared.reaper.clone()).with_path(task.path.clone());
        let context = context.with_token(task.token.clone());
        // The ticket owns the task; the handle would say nothing that the ledger doesn't.
        drop(task.shared.runtime.spawn(context.scope(Self::drive(work, self))));
        task.token.clone()
    }

    /// The work comes first, so it is dropped first where this is never polled: it counts until it is gone.
    async fn drive<W>(work: W, ticket: Self)
    where
        W: Future<Output = Result<(), BoxError>>,
    {
        let mut work = catch_panics(work);
        let asked = ticket.task.token.cause().cloned();
        let ended = match asked {
            // Asked to stop before it began: it never runs.
            Some(cause) => Err(Why::Cancelled(cause)),
            None => tokio::select! {
                biased;
                ended = &mut work => ticket.task.judge(ended),
                cause = ticket.task.shared.forced.cancelled() => {
                    Err(Why::Straggler(ticket.task.token.cause().cloned().unwrap_or(cause)))
                }
            },
        };
        let dropped = catch_panic(|| drop(work)).map_err(Why::Panicked);
        ticket.file(dropped.and(ended));
    }

    /// Reports how the task ended, and counts it out.
    fn file(mut self, ended: Result<(), Why>) {
        let shared = &self.task.shared;
        self.end = match ended {
            Ok(()) => End::Ok,
            Err(why) => {
                let failed = self.task.failed(self.started, why);
                match failed.kind() {
                    FailureKind::Error => {
                        shared.report(&failed);
                        End::Failed
                    }
                    FailureKind::Panicked => {
                        shared.report(&failed);
                        End::Panicked
                    }
                    FailureKind::Cancelled => End::Cancelled,
                    FailureKind::Straggler => {
                        shared.straggled(failed);
                        End::Cancelled
                    }
                }
            }
        };
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.task.shared.leave(self.end);
    }
}
