use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::outcome::{Panic, catch_panic};
use tokio::time::Instant;

/// An actor failed more often than its [`RestartConfig`](super::RestartConfig) allows and is no more.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Escalation {
    /// The actor's name.
    pub actor: Arc<str>,
    /// The last panic.
    pub panic: Panic,
    /// How often the actor had been restarted in its life.
    pub restarts: u64,
    /// When it was given up.
    pub at: Instant,
}

/// Is told of actors that are given up. Register one with
/// [`System::on_escalation`](crate::System::on_escalation).
///
/// It is called on the actors' own thread, and for those that were given up before by whoever registers it: note the fact
/// and return. A panic in it is caught.
pub trait EscalationSink: Send + Sync + 'static {
    /// Takes note of `escalation`.
    fn escalate(&self, escalation: &Escalation);
}

impl<F: Fn(&Escalation) + Send + Sync + 'static> EscalationSink for F {
    fn escalate(&self, escalation: &Escalation) {
        self(escalation);
    }
}

/// So many escalations are remembered.
pub(crate) const REMEMBERED: usize = 64;

/// Who is told of escalations, and the latest of them, for who comes later.
#[derive(Default)]
pub(crate) struct Escalations(Mutex<Told>);

#[derive(Default)]
struct Told {
    sinks: Vec<Arc<dyn EscalationSink>>,
    past: VecDeque<Escalation>,
}

impl Escalations {
    pub(crate) fn register(&self, sink: Arc<dyn EscalationSink>) {
        let mut told = self.0.lock();
        told.sinks.push(sink.clone());
        let past = told.past.clone();
        drop(told);
        past.iter().for_each(|escalation| tell(&*sink, escalation));
    }

    pub(crate) fn tell(&self, escalation: &Escalation) {
        let mut told = self.0.lock();
        if told.past.len() == REMEMBERED {
            told.past.pop_front();
        }
        told.past.push_back(escalation.clone());
        let sinks = told.sinks.clone();
        drop(told);
        sinks.iter().for_each(|sink| tell(&**sink, escalation));
    }
}

fn tell(sink: &dyn EscalationSink, escalation: &Escalation) {
    if let Err(panic) = catch_panic(|| sink.escalate(escalation)) {
        tracing::error!(%panic, "a sink of escalations failed");
    }
}
