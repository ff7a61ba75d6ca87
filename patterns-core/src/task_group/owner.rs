use std::pin::pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::shared::Shared;
use crate::cancel::{CancelCause, CancelKind};
use crate::outcome::{ErrorGroup, Node, TaskFailed, Why};
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
        let cause = || CancelCause::new(CancelKind::ScopeDropped, "its group was dropped unfinished");
        shared.token().cancel_with(shared.context.sync_scope(cause));
        if shared.context.reaper().if_drained(|| shared.count.close_at_zero()) {
            shared.count.closed();
            shared.log_lost();
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
    shared.log_lost();
}

impl Shared {
    /// Nobody gets the result of a dropped group: at least its failures are not lost in silence.
    fn log_lost(&self) {
        // That it was cut short is what the dropper asked for.
        if let Some(errors) = self.errors(false).filter(|errors| !errors.is_cancelled()) {
            tracing::warn!(group = %self.context.path(), %errors, "failures in a group that was dropped");
        }
    }

    /// All that failed, with the cut if there was one; `must_fail` for a body without a value.
    pub(super) fn errors(&self, must_fail: bool) -> Option<ErrorGroup> {
        let mut ledger = self.ledger.lock();
        let ran_for = Instant::now().saturating_duration_since(self.started);
        let path = || self.context.path().clone();
        let mut nodes = std::mem::take(&mut ledger.nodes);
        if ledger.cut.is_some() || (must_fail && nodes.is_empty()) {
            let cause = ledger.cut.clone().or_else(|| self.token().cause().cloned());
            let cause = cause.unwrap_or_else(|| CancelCause::new(CancelKind::Requested, "its body gave no value"));
            nodes.push(Node::Leaf(TaskFailed::new(self.number, path(), self.place, ran_for, Why::Cancelled(cause))));
        }
        if nodes.is_empty() {
            return None;
        }
        nodes.extend(ledger.stragglers.iter().cloned().map(Node::Leaf));
        Some(ErrorGroup::new(self.number, path(), self.place, ran_for, nodes))
    }
}
