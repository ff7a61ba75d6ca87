use std::fmt;
use std::ops::AddAssign;

use super::Fault;

/// How many calls there were and what was done to them.
///
/// `calls = passed + injected()` at any time: a call is counted, as one or the other, when it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultReport {
    /// Calls that began.
    pub calls: u64,
    /// Calls that nothing was done to, whatever became of them.
    pub passed: u64,
    /// Calls that got an error instead of the operation.
    pub errors: u64,
    /// Calls that were delayed.
    pub delays: u64,
    /// Calls that hang, or hung until they were dropped.
    pub hangs: u64,
    /// Calls that panicked instead of the operation.
    pub panics: u64,
    /// Calls whose reply is dropped once it comes.
    pub lost_replies: u64,
}

impl FaultReport {
    /// Calls that something was done to.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.errors + self.delays + self.hangs + self.panics + self.lost_replies
    }

    /// A call begins.
    pub(super) fn count(&mut self, fault: Option<Fault>) {
        self.calls += 1;
        let kind = match fault {
            None => &mut self.passed,
            Some(Fault::Error) => &mut self.errors,
            Some(Fault::Delay(_) | Fault::DelayBetween(..)) => &mut self.delays,
            Some(Fault::Hang) => &mut self.hangs,
            Some(Fault::Panic) => &mut self.panics,
            Some(Fault::LostReply) => &mut self.lost_replies,
        };
        *kind += 1;
    }
}

impl AddAssign for FaultReport {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.passed += other.passed;
        self.errors += other.errors;
        self.delays += other.delays;
        self.hangs += other.hangs;
        self.panics += other.panics;
        self.lost_replies += other.lost_replies;
    }
}

impl fmt::Display for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, passed, errors, delays, hangs, panics, lost_replies } = self;
        write!(f, "{calls} calls: {passed} passed, {errors} errors, {delays} delays, {hangs} hangs, ")?;
        write!(f, "{panics} panics, {lost_replies} lost replies")
    }
}
