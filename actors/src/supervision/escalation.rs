use std::sync::Arc;

use patterns_core::outcome::Panic;
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
/// It is called on the actors' own thread: note the fact and return. A panic in it is caught.
pub trait EscalationSink: Send + Sync + 'static {
    /// Takes note of `escalation`.
    fn escalate(&self, escalation: &Escalation);
}

impl<F: Fn(&Escalation) + Send + Sync + 'static> EscalationSink for F {
    fn escalate(&self, escalation: &Escalation) {
        self(escalation);
    }
}
