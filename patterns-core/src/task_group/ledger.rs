use std::any::Any;
use std::fmt;

use super::policy::{Counts, Ended, FailFast, Flow, JoinPolicy, Observe};
use crate::cancel::CancelCause;
use crate::outcome::{BoxError, FailureKind, Node, TaskFailed};

/// What a group keeps of tasks that have ended: failures and counts, nothing else.
pub(super) struct Ledger {
    pub(super) nodes: Vec<Node>,
    pub(super) stragglers: Vec<TaskFailed>,
    /// Without `ok`: the successes are what is left of the total.
    pub(super) counts: Counts,
    /// Why work was cut short, the first time that it was.
    pub(super) cut: Option<CancelCause>,
    policy: Box<dyn Observe>,
}

impl Ledger {
    pub(super) fn new(policy: impl JoinPolicy) -> Self {
        Self {
            nodes: Vec::new(),
            stragglers: Vec::new(),
            counts: Counts::default(),
            cut: None,
            policy: Box::new(policy),
        }
    }

    /// The policy back, once nobody needs it any more.
    pub(super) fn take_policy<P: JoinPolicy>(&mut self) -> P {
        let policy: Box<dyn Observe> = std::mem::replace(&mut self.policy, Box::new(FailFast));
        let policy: Box<dyn Any> = policy;
        *policy.downcast().expect("the policy that the group was made with")
    }

    pub(super) fn count(&mut self, kind: FailureKind) {
        match kind {
            FailureKind::Error => self.counts.failed += 1,
            FailureKind::Panicked => self.counts.panicked += 1,
            FailureKind::Cancelled | FailureKind::Straggler => self.counts.cancelled += 1,
        }
    }

    pub(super) fn keep(&mut self, node: Option<Node>) {
        match node {
            Some(Node::Leaf(failed)) if failed.kind() == FailureKind::Straggler => self.stragglers.push(failed),
            Some(node) => self.nodes.push(node),
            None => {}
        }
    }

    /// Notes why work was cut short with the whole group.
    pub(super) fn note_cut(&mut self, failed: &TaskFailed) {
        if self.cut.is_none() {
            self.cut = failed.cause().cloned();
        }
    }

    pub(super) fn observe(&mut self, task: &Ended<'_>) -> Flow {
        self.policy.ended(task)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("counts", &self.counts)
            .field("failures", &self.nodes.len())
            .finish_non_exhaustive()
    }
}

/// Whether `error` is a failure of the group `number` that its ledger has.
pub(super) fn is_echo(error: &BoxError, number: u64) -> bool {
    error.downcast_ref::<TaskFailed>().is_some_and(|failed| failed.group() == number && !failed.is_cancelled())
}
