use std::fmt;
use std::time::Duration;

use super::Readiness;
use crate::Receipt;
use crate::supervision::Escalation;

/// Where a program is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Some component has not been ready yet.
    Starting,
    /// Every component is ready.
    Ready,
    /// Every component was ready, and some is not any more; or an actor failed for good.
    Degraded,
    /// It is being shut down.
    Draining,
    /// It has been shut down.
    Stopped,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        })
    }
}

/// What is known of one component.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ComponentStatus {
    /// Its name.
    pub name: String,
    /// What it comes after.
    pub after: Vec<String>,
    /// Which of those are not ready.
    pub waits_for: Vec<String>,
    /// What its last check said; `None` before the first.
    pub readiness: Option<Readiness>,
    /// For how long that has been so (the reason may have changed).
    pub since: Duration,
    /// How many checks there were.
    pub checks: u64,
    /// What became of its work, once it has been shut down.
    pub receipt: Option<Receipt>,
}

impl ComponentStatus {
    /// Why it can't do its work, in a sentence: `db: not ready for 3s: connection refused`.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let Self { name, since, .. } = self;
        // Whole seconds: a reason that changed with every look would be hard to read.
        let since = humantime::format_duration(Duration::from_secs(since.as_secs()));
        match &self.readiness {
            None => Some(format!("{name}: not checked yet")),
            Some(Readiness::NotReady(why)) => Some(format!("{name}: not ready for {since}: {why}")),
            Some(Readiness::Ready) if !self.waits_for.is_empty() => {
                Some(format!("{name}: waits for {}", self.waits_for.join(", ")))
            }
            Some(Readiness::Ready) => None,
        }
    }
}

/// What is known of the whole program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CoordinatorStatus {
    /// Where it is in its life.
    pub phase: Phase,
    /// For how long.
    pub since: Duration,
    /// Its components in the order in which they were added.
    pub components: Vec<ComponentStatus>,
    /// The latest 64 actors that failed for good.
    pub escalations: Vec<Escalation>,
}

impl CoordinatorStatus {
    /// Why the program is not ready, a sentence for each reason; empty if it is.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let components = self.components.iter().filter_map(ComponentStatus::reason);
        let failed = self.escalations.iter().map(|escalation| {
            format!(
                "{}: failed for good after {} restarts: it {}",
                escalation.actor, escalation.restarts, escalation.panic
            )
        });
        components.chain(failed).collect()
    }
}

impl fmt::Display for CoordinatorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.phase.fmt(f)?;
        match self.reasons() {
            reasons if reasons.is_empty() => Ok(()),
            reasons => write!(f, " ({})", reasons.join("; ")),
        }
    }
}
