use std::fmt;
use std::time::Duration;

use patterns_core::reaper::Straggler;

/// What became of the work of something that was stopped.
///
/// An actor fills it from its books; any other component of a
/// [`Coordinator`](crate::coordinator::Coordinator) may make one of its own.
///
/// # Examples
///
/// ```
/// use actors::Receipt;
///
/// let receipt = Receipt::new("uploads").handled(3).dead(1);
/// assert!(receipt.is_clean());
/// assert_eq!(receipt.to_string(), "uploads: stopped in 0ns; 3 handled, 0 rejected, 1 dead");
/// assert!(!Receipt::new("uploads").failed("disk is full").is_clean());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct Receipt {
    /// Whose receipt it is.
    pub name: String,
    /// How many messages (or jobs) were handled in its life.
    pub handled: u64,
    /// How many were given back to their senders.
    pub rejected: u64,
    /// How many were taken in and lost; see [`dead_letters`](crate::dead_letters).
    pub dead: u64,
    /// How many of those handled were handled after it had been asked to stop.
    pub drained: u64,
    /// How long it took to stop.
    pub elapsed: Duration,
    /// How it ended.
    pub end: End,
}

/// How something that was stopped ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// With everything done that it had taken in.
    Clean,
    /// Its deadline came first; the rest is among the dead.
    CutShort,
    /// It had not ended when its deadline and a grace of a second were over: its code does not
    /// come back, or its thread is blocked. It is still there; the figures are those of that moment.
    Unresponsive,
    /// It failed, and this is what it said.
    Failed(String),
}

impl Receipt {
    /// A receipt of something that ended clean and had nothing to do.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            handled: 0,
            rejected: 0,
            dead: 0,
            drained: 0,
            elapsed: Duration::ZERO,
            end: End::Clean,
        }
    }

    /// This receipt with so much handled.
    pub fn handled(mut self, count: u64) -> Self {
        self.handled = count;
        self
    }

    /// This receipt with so much given back.
    pub fn rejected(mut self, count: u64) -> Self {
        self.rejected = count;
        self
    }

    /// This receipt with so much lost.
    pub fn dead(mut self, count: u64) -> Self {
        self.dead = count;
        self
    }

    /// This receipt with the time that it took.
    pub fn elapsed(mut self, elapsed: Duration) -> Self {
        self.elapsed = elapsed;
        self
    }

    /// This receipt of something that its deadline cut short.
    pub fn cut_short(mut self) -> Self {
        self.end = End::CutShort;
        self
    }

    /// This receipt of something that failed.
    pub fn failed(mut self, why: impl Into<String>) -> Self {
        self.end = End::Failed(why.into());
        self
    }

    /// Whether it ended with everything done that it had taken in, or at least knows what is lost:
    /// not cut short, not unresponsive, not failed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.end == End::Clean
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, handled, rejected, dead, elapsed, .. } = self;
        match &self.end {
            End::Clean => write!(f, "{name}: stopped in {elapsed:?}")?,
            End::CutShort => write!(f, "{name}: cut short after {elapsed:?}")?,
            End::Unresponsive => write!(f, "{name}: not stopped after {elapsed:?}")?,
            End::Failed(why) => write!(f, "{name}: failed after {elapsed:?}: {why}")?,
        }
        write!(f, "; {handled} handled, {rejected} rejected, {dead} dead")
    }
}

/// What became of everything when a system was shut down.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use]
pub struct ShutdownReceipt {
    /// One per actor that was alive, in the order in which they were stopped.
    pub actors: Vec<Receipt>,
    /// Tasks that actors had handed to the system's reaper and that had not ended in time.
    pub stragglers: Vec<Straggler>,
    /// Whether the actors' own thread (or task, where they live on the caller's) has ended.
    pub joined: bool,
    /// How long it took.
    pub elapsed: Duration,
}

impl ShutdownReceipt {
    /// Whether every actor ended clean and nothing is left running.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.joined && self.stragglers.is_empty() && self.actors.iter().all(Receipt::is_clean)
    }
}
