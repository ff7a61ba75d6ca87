use std::fmt;

use patterns_core::outcome::Panic;

/// Why an actor stopped, or is stopping.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// Somebody called [`Handle::stop`](crate::Handle::stop) or [`Handle::close`](crate::Handle::close).
    Requested,
    /// The last handle was dropped.
    HandlesDropped,
    /// The actor itself called `ctx.stop()` or `ctx.terminate()`.
    ByItself,
    /// It panicked more often than its [`RestartConfig`](super::RestartConfig) allows; this is the last panic.
    RestartLimit(Panic),
    /// The whole system is being shut down.
    SystemShutdown,
    /// The runtime that the actor lived on was dropped under it.
    RuntimeGone,
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("it was asked to stop"),
            Self::HandlesDropped => f.write_str("its last handle was dropped"),
            Self::ByItself => f.write_str("it stopped itself"),
            Self::RestartLimit(panic) => write!(f, "it failed too often, last it {panic}"),
            Self::SystemShutdown => f.write_str("the system is shutting down"),
            Self::RuntimeGone => f.write_str("its runtime is gone"),
        }
    }
}
