use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::cancel::CancelToken;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::component::{Component, Readiness};
use super::events::{EventKind, EventLog};
use super::meters::Meters;
use super::{Cause, ComponentStatus, CoordinatorConfig, CoordinatorStatus, Phase, ShutdownReport};
use crate::Receipt;
use crate::supervision::{Escalation, REMEMBERED};

/// What does not change: the components and how they depend on each other.
pub(super) struct Plan {
    pub(super) config: CoordinatorConfig,
    pub(super) components: Vec<(String, Arc<dyn Component>)>,
    /// For each component, those that it comes after.
    pub(super) after: Vec<Vec<usize>>,
    /// The components to stop together, in the order of the shutdown.
    pub(super) phases: Vec<Vec<usize>>,
}

/// What is known. It outlives the actor's incarnations, and can be read without a message.
pub(super) struct Board {
    pub(super) plan: Plan,
    pub(super) events: Arc<EventLog>,
    /// Cancelled when the shutdown is to take no more time.
    pub(super) forced: CancelToken,
    /// Held by whoever runs the shutdown: normally the actor, a caller if the actor is gone.
    pub(super) sequence: tokio::sync::Mutex<()>,
    meters: Meters,
    state: Mutex<State>,
    change: Notify,
}

struct State {
    phase: Phase,
    since: Instant,
    checks: Vec<Check>,
    escalations: Vec<Escalation>,
    shutdown: Option<(Cause, Instant)>,
    /// In the order in which they came.
    receipts: Vec<(usize, Receipt)>,
    report: Option<ShutdownReport>,
}

struct Check {
    readiness: Option<Readiness>,
    since: Instant,
    count: u64,
}

impl Board {
    pub(super) fn new(plan: Plan) -> Arc<Self> {
        let now = Instant::now();
        let checks = plan.components.iter().map(|_| Check { readiness: None, since: now, count: 0 }).collect();
        let board = Self {
            events: Arc::new(EventLog::new(plan.config.events)),
            meters: Meters::new(plan.components.iter().map(|(name, _)| name.as_str())),
            plan,
            forced: CancelToken::new(),
            sequence: tokio::sync::Mutex::new(()),
            state: Mutex::new(State {
                phase: Phase::Starting,
                since: now,
                checks,
                escalations: Vec::new(),
                shutdown: None,
                receipts: Vec::new(),
                report: None,
            }),
            change: Notify::new(),
        };
        // Where there is nothing to check, no check will ever say that all is ready.
        board.reconsider(&mut board.state.lock());
        Arc::new(board)
    }

    fn name(&self, index: usize) -> String {
        self.plan.components[index].0.clone()
    }

    /// Notes what a check said.
    pub(super) fn checked(&self, index: usize, readiness: Readiness) {
        let mut state = self.state.lock();
        let check = &mut state.checks[index];
        check.count += 1;
        if check.readiness.as_ref() == Some(&readiness) {
            return;
        }
        let was_ready = check.readiness.as_ref().map(Readiness::is_ready);
        let is_ready = readiness.is_ready();
        if was_ready != Some(is_ready) {
            check.since = Instant::now();
        }
        let component = self.name(index);
        self.events.push(match &readiness {
            Readiness::Ready => EventKind::Ready { component },
            Readiness::NotReady(reason) => EventKind::NotReady { component, reason: reason.clone() },
        });
        check.readiness = Some(readiness);
        self.reconsider(&mut state);
        drop(state);
        self.meters.ready(index, was_ready == Some(true), is_ready);
        self.change.notify_waiters();
    }

    pub(super) fn escalated(&self, escalation: &Escalation) {
        let mut state = self.state.lock();
        if state.escalations.len() == REMEMBERED {
            state.escalations.remove(0);
        }
        state.escalations.push(escalation.clone());
        self.events.push(EventKind::Escalated(escalation.clone()));
        self.reconsider(&mut state);
        drop(state);
        self.meters.escalations.increment(1);
        self.change.notify_waiters();
    }

    /// Goes over to the phase that follows from what is known.
    fn reconsider(&self, state: &mut State) {
        let all_ready = state.checks.iter().all(|check| matches!(check.readiness, Some(Readiness::Ready)));
        let to = match state.phase {
            Phase::Draining | Phase::Stopped => return,
            _ if !state.escalations.is_empty() => Phase::Degraded,
            _ if all_ready => Phase::Ready,
            Phase::Starting => Phase::Starting,
            Phase::Ready | Phase::Degraded => Phase::Degraded,
        };
        self.go_to(state, to);
    }

    fn go_to(&self, state: &mut State, to: Phase) {
        if state.phase == to {
            return;
        }
        tracing::info!(from = %state.phase, %to, "the program is in another phase");
        self.events.push(EventKind::Phase { from: state.phase, to });
        state.phase = to;
        state.since = Instant::now();
    }

    /// Begins the shutdown, unless it has begun.
    pub(super) fn begin_shutdown(&self, cause: Cause) {
        let mut state = self.state.lock();
        if state.shutdown.is_some() {
            return;
        }
        self.events.push(EventKind::ShutdownBegan { cause: cause.clone() });
        state.shutdown = Some((cause, Instant::now()));
        self.go_to(&mut state, Phase::Draining);
        drop(state);
        self.change.notify_waiters();
    }

    /// When the shutdown began.
    pub(super) fn shutdown_since(&self) -> Option<Instant> {
        self.state.lock().shutdown.as_ref().map(|(_, since)| *since)
    }

    pub(super) fn is_stopped(&self, index: usize) -> bool {
        self.state.lock().receipts.iter().any(|(stopped, _)| *stopped == index)
    }

    pub(super) fn component_stopped(&self, index: usize, receipt: Receipt) {
        let mut state = self.state.lock();
        self.events.push(EventKind::Stopped { receipt: receipt.clone() });
        state.receipts.push((index, receipt));
    }

    /// The shutdown is over. Returns the report.
    pub(super) fn finish(&self) {
        let mut state = self.state.lock();
        let Some((cause, since)) = state.shutdown.clone() else { return };
        if state.report.is_some() {
            return;
        }
        state.report = Some(ShutdownReport {
            cause,
            receipts: state.receipts.iter().map(|(_, receipt)| receipt.clone()).collect(),
            actors: Vec::new(),
            elapsed: since.elapsed(),
        });
        self.go_to(&mut state, Phase::Stopped);
        drop(state);
        self.events.close();
        self.change.notify_waiters();
    }

    pub(super) fn report(&self) -> Option<ShutdownReport> {
        self.state.lock().report.clone()
    }

    /// Waits until `look` sees what it wants, looking again after every change.
    pub(super) async fn wait_for<T>(&self, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        loop {
            let mut change = pin!(self.change.notified());
            change.as_mut().enable();
            if let Some(value) = look(self) {
                return value;
            }
            change.await;
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    pub(super) fn status(&self) -> CoordinatorStatus {
        let state = self.state.lock();
        let now = Instant::now();
        let ready = |index: &usize| matches!(state.checks[*index].readiness, Some(Readiness::Ready));
        let components = state.checks.iter().enumerate().map(|(index, check)| {
            let after = &self.plan.after[index];
            ComponentStatus {
                name: self.name(index),
                after: after.iter().map(|other| self.name(*other)).collect(),
                waits_for: after.iter().filter(|other| !ready(other)).map(|other| self.name(*other)).collect(),
                readiness: check.readiness.clone(),
                since: now.saturating_duration_since(check.since),
                checks: check.count,
                receipt: state
                    .receipts
                    .iter()
                    .find(|(stopped, _)| *stopped == index)
                    .map(|(_, receipt)| receipt.clone()),
            }
        });
        CoordinatorStatus {
            phase: state.phase,
            since: now.saturating_duration_since(state.since),
            components: components.collect(),
            escalations: state.escalations.clone(),
        }
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Board({})", self.status())
    }
}
