use std::any::Any;
use std::error::Error;
use std::fmt;

use tokio::time::Instant;

use super::policy::{Counts, Ended, FailFast, Flow, JoinPolicy, Observe};
use crate::cancel::{CancelCause, CancelKind};
use crate::context::{DeadlinePassed, Interrupt};
use crate::outcome::{BoxError, ErrorGroup, FailureKind, Node, TaskFailed};

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

/// Whether a task failed only because it was told to stop, and why: `token` is the cause for which its
/// own token was cancelled, `deadline` the one that it runs under.
pub(crate) fn cancellation(
    error: &(dyn Error + 'static),
    token: Option<&CancelCause>,
    deadline: Option<Instant>,
) -> Option<CancelCause> {
    let late = |deadline: &Instant| *deadline <= Instant::now();
    let told = told_to_stop(error)?;
    match (token, told) {
        (Some(cause), _) => Some(cause.clone()),
        (None, Told::Cancelled(cause)) if cause.kind() == CancelKind::Deadline => {
            deadline.filter(late).map(|_| cause.clone())
        }
        (None, Told::DeadlinePassed) => deadline.filter(late).map(|_| CancelCause::new(CancelKind::Deadline, "")),
        // A cancellation of something else, which is an error here.
        (None, Told::Cancelled(_)) => None,
    }
}

enum Told<'a> {
    Cancelled(&'a CancelCause),
    DeadlinePassed,
}

/// The first link of the error's chain that speaks of being told to stop.
fn told_to_stop<'a>(error: &'a (dyn Error + 'static)) -> Option<Told<'a>> {
    let mut link = Some(error);
    while let Some(error) = link {
        if let Some(interrupt) = error.downcast_ref::<Interrupt>() {
            return Some(interrupt.cause().map_or(Told::DeadlinePassed, Told::Cancelled));
        }
        if error.is::<DeadlinePassed>() {
            return Some(Told::DeadlinePassed);
        }
        if let Some(cause) = error.downcast_ref::<CancelCause>() {
            return Some(Told::Cancelled(cause));
        }
        // What failed besides being cancelled has failed.
        if let Some(group) = error.downcast_ref::<ErrorGroup>() {
            return group.cause().map(Told::Cancelled);
        }
        link = error.source();
    }
    None
}

/// Whether `error` is a failure of the group `number` that its ledger has.
pub(super) fn is_echo(error: &BoxError, number: u64) -> bool {
    error.downcast_ref::<TaskFailed>().is_some_and(|failed| failed.group() == number && !failed.is_cancelled())
}
