use std::pin::pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::shared::Shared;
use crate::cancel::{CancelCause, CancelKind};
use crate::outcome::{ErrorGroup, FailureKind, Node, TaskFailed, Why};
use crate::reaper::Reaper;

/// Whoever runs a group. Dropped before the group has ended, it cancels the children and hands them
/// over to the enclosing reaper, where their cleanup finishes.
pub(super) struct Owner {
    shared: Arc<Shared>,
    adopter: Reaper,
    ended: bool,
}

impl Owner {
    pub(super) fn new(shared: Arc<Shared>, adopter: Reaper) -> Self {
        Self { shared, adopter, ended: false }
    }

    /// There is nothing left to hand over.
    pub(super) fn ended(&mut self) {
        self.ended = true;
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let shared = &self.shared;
        if self.ended {
            return;
        }
        let late = shared.context.deadline().is_some_and(|deadline| deadline <= Instant::now());
        let kind = if late { CancelKind::Deadline } else { CancelKind::ScopeDropped };
        let cause = || CancelCause::new(kind, "its group was dropped unfinished");
        shared.token().cancel_with(shared.context.sync_scope(cause));
        // The grace starts now, not when the adopter is first polled.
        shared.asked_at.get_or_init(Instant::now);
        if shared.context.reaper().if_drained(|| shared.count.close_at_zero()) {
            shared.count.closed();
            return;
        }
        let adopted = wind_down(Arc::clone(shared));
        self.adopter.adopt(&shared.runtime, shared.context.path().clone(), adopted);
    }
}

/// What is left of stopping a group whose result nobody will see.
async fn wind_down(shared: Arc<Shared>) {
    {
        let mut ended = pin!(shared.ended());
        let stopped = tokio::select! {
            biased;
            () = &mut ended => true,
            () = shared.enforce() => false,
        };
        if !stopped {
            ended.await;
        }
    }
    // That it was cut short is what the dropper asked for.
    if let Some(errors) = shared.errors(false).filter(|errors| !errors.is_cancelled()) {
        tracing::warn!(group = %shared.context.path(), %errors, "failed after its group was dropped");
    }
}

impl Shared {
    /// All that failed, with the cut if there was one; `must_fail` for a body without a value.
    pub(super) fn errors(&self, must_fail: bool) -> Option<ErrorGroup> {
        let mut ledger = self.ledger.lock();
        let ran_for = Instant::now().saturating_duration_since(self.started);
        let path = || self.context.path().clone();
        let mut nodes = std::mem::take(&mut ledger.nodes);
        if ledger.cut.is_some() || (must_fail && nodes.is_empty()) {
            let cause = ledger.cut.clone().or_else(|| self.token().cause().cloned());
            let cause = cause.unwrap_or_else(|| CancelCause::new(CancelKind::Requested, ""));
            nodes.push(Node::Leaf(TaskFailed::new(self.number, path(), self.place, ran_for, Why::Cancelled(cause))));
        }
        if nodes.is_empty() {
            return None;
        }
        nodes.extend(ledger.stragglers.iter().cloned().map(Node::Leaf));
        Some(ErrorGroup::new(self.number, path(), self.place, ran_for, nodes))
    }

    /// Whether the deadline is all that went wrong.
    pub(super) fn is_only_late(&self, errors: &ErrorGroup) -> bool {
        let late = |leaf: &TaskFailed| {
            leaf.kind() == FailureKind::Cancelled && leaf.cause().is_some_and(|cause| cause.kind() == CancelKind::Deadline)
        };
        self.context.deadline().is_some() && errors.leaves().all(late)
    }
}
