use std::fmt;
use std::time::Duration;

/// What a breaker does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// It lets it pass, and counts.
    Closed,
    /// It turns it away.
    Open,
    /// It lets as many pass as it needs for a verdict.
    HalfOpen,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half open",
        })
    }
}

/// A breaker that went from one state to another, as the [listener](super::Builder::on_change) gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The breaker's name.
    pub name: String,
    /// Where it was.
    pub from: State,
    /// Where it is.
    pub to: State,
    /// Why.
    pub cause: String,
}

/// How a breaker is, in one consistent snapshot.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// Its name.
    pub name: String,
    /// What it does with a call now. An open one whose time is over is still open here: the next call finds out.
    pub state: State,
    /// Why it last opened; empty where it never did.
    pub cause: String,
    /// Calls in the window. Empty while it is not closed.
    pub calls: usize,
    /// Those of them that failed.
    pub failed: usize,
    /// Those of them that were slow.
    pub slow: usize,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// Probes that are out.
    pub probes: u32,
    /// How often it has opened.
    pub opened: u64,
    /// Calls that were turned away.
    pub rejected: u64,
    /// Until a call may pass again, where it is open; `None` where it is held open by hand.
    pub retry_after: Option<Duration>,
}
