use std::panic::Location;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use super::count::Count;
use super::ledger::{Ledger, is_echo};
use super::policy::{Ended, Flow};
use super::registry::Registry;
use super::task::Task;
use crate::cancel::{CancelCause, CancelKind, CancelToken};
use crate::context::{Context, TaskPath, far_future_or};
use crate::outcome::{BoxError, ErrorGroup, Node, Panic, TaskFailed, Why, cancellation, catch_panic};

/// What a group's owner, its handles and its children have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Tells this group's failures from another's.
    pub(super) number: u64,
    /// What children inherit: the group's token, path and reaper, the enclosing deadline.
    pub(super) context: Context,
    pub(super) runtime: Handle,
    pub(super) place: &'static Location<'static>,
    pub(super) started: Instant,
    pub(super) grace: Duration,
    pub(super) limit: usize,
    pub(super) sees_success: bool,
    pub(super) count: Count,
    pub(super) registry: Registry,
    pub(super) ledger: Mutex<Ledger>,
    /// When the group was first seen to be cancelled: its grace starts here.
    pub(super) asked_at: OnceLock<Instant>,
    /// Somebody was cancelled alone.
    pub(super) asked: Notify,
    /// Why the group cancelled itself, if it did: no cut from outside, where that came first.
    pub(super) stopped_itself: OnceLock<CancelCause>,
    #[cfg(feature = "inspect")]
    pub(super) _registered: crate::inspect::Registered<Self>,
}

/// How many stragglers a log line names.
const NAMED: usize = 10;

/// How a task failed to return a value.
pub(super) enum Failing {
    Error(BoxError),
    Panicked(Panic),
    /// It was dropped, or never started.
    Dropped {
        aborted: bool,
    },
}

impl Shared {
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    pub(super) fn token(&self) -> &CancelToken {
        self.context.token()
    }

    /// Asks all to stop, on behalf of the group itself.
    pub(super) fn stop(&self, cause: CancelCause) -> bool {
        // Before: whoever is woken by it may be the last, and look.
        let own = self.stopped_itself.get_or_init(|| cause.clone());
        self.token().cancel_with(own.clone());
        own.is(&cause) && self.token().cause().is_some_and(|first| first.is(own))
    }

    pub(super) fn child_succeeded(&self, task: &Task) {
        if self.sees_success {
            self.end(&Ended { path: task.path(), failure: None, is_body: false }, |_| {});
        }
    }

    /// Files how a child failed, says that it did so, and tells the policy.
    pub(super) fn child_failed(&self, task: &Task, failing: Failing, filed: &mut bool) -> TaskFailed {
        let (failed, keep) = self.failure(failing, task.cause(), task.path(), task.place(), task.age());
        self.end(&Ended { path: task.path(), failure: Some(&failed), is_body: false }, |ledger| {
            ledger.count(failed.kind());
            // One that was cancelled alone concerns whoever did it.
            if !self.is_alone(task) {
                ledger.note_cut(&failed);
            }
            ledger.keep(keep);
            *filed = true;
        });
        failed
    }

    /// Files a child that was dropped before it could say how it ended: its runtime has, or the policy panicked over it.
    pub(super) fn child_lost(&self, task: &Task) {
        let failing = if std::thread::panicking() {
            Failing::Panicked(Panic::from_payload(Box::new("the group's policy panicked when it was told of its end")))
        } else {
            Failing::Dropped { aborted: false }
        };
        let (failed, keep) = self.failure(failing, task.cause(), task.path(), task.place(), task.age());
        let mut ledger = self.ledger.lock();
        ledger.count(failed.kind());
        ledger.note_cut(&failed);
        ledger.keep(keep);
    }

    /// Whether a child was cancelled by its handle, and not with the group.
    fn is_alone(&self, task: &Task) -> bool {
        let group = self.token().cause();
        task.cause().is_some_and(|cause| !group.is_some_and(|group| group.is(cause)))
    }

    /// Files how the body failed, and tells the policy.
    pub(super) fn body_failed(&self, failing: Failing) {
        let age = Instant::now().saturating_duration_since(self.started);
        let (failed, keep) = self.failure(failing, self.token().cause(), self.context.path(), self.place, age);
        let ended = Ended { path: failed.path(), failure: Some(&failed), is_body: true };
        self.context.sync_scope(|| {
            self.end(&ended, |ledger| {
                ledger.note_cut(&failed);
                ledger.keep(keep);
            });
        });
    }

    /// The failure, and what of it goes to the ledger.
    fn failure(
        &self,
        failing: Failing,
        cause: Option<&CancelCause>,
        path: &TaskPath,
        place: &'static Location<'static>,
        age: Duration,
    ) -> (TaskFailed, Option<Node>) {
        let new = |why| TaskFailed::new(self.number, path.clone(), place, age, why);
        let leaf = |why| {
            let failed = new(why);
            (failed.clone(), Some(Node::Leaf(failed)))
        };
        match failing {
            Failing::Panicked(panic) => leaf(Why::Panicked(panic)),
            Failing::Dropped { aborted } => {
                let cause =
                    cause.cloned().unwrap_or_else(|| CancelCause::new(CancelKind::Shutdown, "its runtime ended"));
                if aborted { leaf(Why::Straggler(cause)) } else { (new(Why::Cancelled(cause)), None) }
            }
            Failing::Error(error) => {
                if let Some(cause) = cancellation(&*error, cause, self.context.deadline()) {
                    return (new(Why::Cancelled(cause)), None);
                }
                if is_echo(&error, self.number) {
                    return (new(Why::Error(error)), None);
                }
                match error.downcast::<ErrorGroup>() {
                    Ok(group) => (new(Why::Error(group.clone())), Some(Node::Group(*group))),
                    Err(error) => leaf(Why::Error(error)),
                }
            }
        }
    }

    /// Lets `file` put down how a task ended, and tells the policy.
    fn end(&self, task: &Ended<'_>, file: impl FnOnce(&mut Ledger)) {
        let flow = {
            let mut ledger = self.ledger.lock();
            file(&mut ledger);
            ledger.observe(task)
        };
        if flow == Flow::CancelSiblings && !self.token().is_cancelled() {
            self.stop(match task.failure {
                // An error may panic in its `Display`, and the siblings must be told all the same.
                Some(failed) => CancelCause::new(
                    CancelKind::SiblingFailed,
                    catch_panic(|| failed.to_string()).unwrap_or_else(|panic| format!("{}: {panic}", failed.path())),
                ),
                None => CancelCause::new(CancelKind::Requested, format!("{} was enough", task.path)),
            });
        }
    }

    /// Cancels one child, whose grace starts now.
    pub(super) fn ask(&self, task: &Arc<Task>) {
        self.registry.ask(task, self.grace_from(Instant::now()));
        self.asked.notify_one();
    }

    fn grace_from(&self, asked: Instant) -> Instant {
        far_future_or(asked.checked_add(self.grace))
    }

    /// Aborts whoever was asked to stop and is still there when its grace is over. Returns once that
    /// was done for the whole group. Only the owner awaits this.
    pub(super) async fn enforce(&self) {
        let mut cancelled = pin!(self.token().cancelled());
        let deadline = self.context.deadline();
        let mut passed = pin!(async {
            // Most who set a deadline then drop the group, but some only announce it; and this way
            // the children learn that it was the deadline.
            unconstrained(tokio::time::sleep_until(far_future_or(deadline))).await;
        });
        while !self.token().is_cancelled() {
            let next = self.abort_due();
            tokio::select! {
                biased;
                _ = &mut cancelled => {}
                () = self.asked.notified() => {}
                () = sleep_until(next) => {}
                () = &mut passed, if deadline.is_some() => {
                    self.token().cancel_with(CancelCause::new(CancelKind::Deadline, ""));
                }
            }
        }
        let end = self.grace_from(*self.asked_at.get_or_init(Instant::now));
        while Instant::now() < end {
            let next = self.abort_due().map_or(end, |next| next.min(end));
            unconstrained(tokio::time::sleep_until(next)).await;
        }
        self.warn(&self.registry.abort_all());
    }

    /// Waits until the children that were aborted are gone and who waited for them has had a turn.
    pub(super) async fn aborted(&self) {
        self.count.zero_or_more().await;
        tokio::task::yield_now().await;
    }

    fn abort_due(&self) -> Option<Instant> {
        let (aborted, next) = self.registry.abort_due();
        self.warn(&aborted);
        next
    }

    fn warn(&self, aborted: &[Arc<Task>]) {
        if aborted.is_empty() {
            return;
        }
        let named = aborted.iter().take(NAMED).map(|task| format!("{} ({:?})", task.path(), task.age()));
        let named = named.collect::<Vec<_>>().join(", ");
        tracing::warn!(tasks = aborted.len(), grace = ?self.grace, %named, "aborted tasks that did not stop when asked");
    }

    /// Waits until the last child and all that was handed over has ended, and closes the group. Only
    /// the owner awaits this, once the body has ended.
    pub(super) async fn ended(&self) {
        let reaper = self.context.reaper();
        while !reaper.if_drained(|| self.count.close_at_zero()) {
            self.count.zero().await;
            // What was handed over may still spawn into the group.
            reaper.drained().await;
        }
        self.count.closed();
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => unconstrained(tokio::time::sleep_until(instant)).await,
        None => std::future::pending().await,
    }
}
