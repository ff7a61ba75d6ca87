use std::cell::{Cell, OnceCell};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::interruption::{Interruption, Moment, Plan};
use crate::cancel::CancelToken;

/// What a [`Probe`] and whoever drives it share.
#[derive(Debug)]
pub(super) struct Probed {
    /// The scenario's token.
    pub(super) token: CancelToken,
    /// Polls that the scenario was given.
    pub(super) polls: Cell<usize>,
    /// Whether the plan was carried out.
    pub(super) interrupted: Cell<bool>,
    /// When patience with the scenario ends; moved on by a cancellation.
    pub(super) deadline: Cell<Instant>,
    /// The task that the probe runs in.
    pub(super) task: OnceCell<AbortHandle>,
}

/// How a probed scenario ended, unless by abort or panic.
#[derive(Debug)]
pub(super) enum End {
    Finished,
    Dropped,
    TooManyPolls,
}

/// Counts the polls of a scenario, and interrupts it where the plan says.
pub(super) struct Probe<F> {
    scenario: Option<Pin<Box<F>>>,
    plan: Option<Plan>,
    max_polls: usize,
    patience: Duration,
    shared: Rc<Probed>,
}

impl<F> Probe<F> {
    pub(super) fn new(
        scenario: F,
        plan: Option<Plan>,
        max_polls: usize,
        patience: Duration,
        shared: Rc<Probed>,
    ) -> Self {
        Self { scenario: Some(Box::pin(scenario)), plan, max_polls, patience, shared }
    }

    fn interrupt(&mut self, moment: Moment, poll: usize) -> Option<Poll<End>> {
        let plan = self.plan.filter(|plan| plan.moment == moment && plan.poll == poll)?;
        self.shared.interrupted.set(true);
        match plan.interruption {
            Interruption::Drop => {
                self.scenario = None;
                Some(Poll::Ready(End::Dropped))
            }
            Interruption::Cancel => {
                self.shared.deadline.set(Instant::now() + self.patience);
                self.shared.token.cancel(format!("explored: {plan}"));
                None
            }
            Interruption::Abort => {
                // Sees itself aborted when this poll returns; the runtime then drops the scenario.
                self.shared.task.get().expect("set before the first poll").abort();
                Some(Poll::Pending)
            }
            Interruption::Panic => {
                // On the stack, so that it is dropped by the unwinding itself.
                let _doomed = self.scenario.take();
                // Not `panic!`: the hook would print a report and a backtrace per run.
                resume_unwind(Box::new(format!("explored: {plan}")))
            }
        }
    }
}

impl<F: Future> Future for Probe<F> {
    type Output = End;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let this = self.get_mut();
        let poll = this.shared.polls.get() + 1;
        if let Some(end) = this.interrupt(Moment::Woken, poll) {
            return end;
        }
        if poll > this.max_polls {
            return Poll::Ready(End::TooManyPolls);
        }
        this.shared.polls.set(poll);
        let scenario = this.scenario.as_mut().expect("polled after it had ended");
        match scenario.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(End::Finished),
            Poll::Pending => this.interrupt(Moment::Waiting, poll).unwrap_or(Poll::Pending),
        }
    }
}
