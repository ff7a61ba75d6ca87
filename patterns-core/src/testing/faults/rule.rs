use std::time::Duration;

use super::draw::draw;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The operation is not begun, and an [`Injected`](super::Injected) error returned.
    Error,
    /// The operation begins this much later.
    Delay(Duration),
    /// The operation begins later by a random time, from the first to the second, both included.
    DelayBetween(Duration, Duration),
    /// The operation is not begun, and nothing ever returned.
    Hang,
    /// The operation is not begun, and the call panics.
    Panic,
    /// The operation is carried out, but what it returns is dropped, and an [`Injected`](super::Injected) error
    /// returned: the caller can't know whether it was done. A [`point`](super::Faults::point) has no reply to lose,
    /// and is passed.
    LostReply,
}

/// Which calls go wrong. Calls are counted from 1, separately for each [point](super::Faults::at).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum When {
    /// All of them.
    Always,
    /// Each with this probability, from 0 to 1.
    Chance(f64),
    /// Every nth: with 3 the third, the sixth and so on.
    Every(u64),
    /// Only the nth.
    Nth(u64),
    /// Those that begin in this window of virtual time since the faults were built: from the first, included, to
    /// the second, not included.
    Between(Duration, Duration),
}

/// A fault, when it happens, and where: anywhere, or at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) fault: Fault,
    pub(super) when: When,
    pub(super) at: Option<&'static str>,
}

/// A call that asks whether it goes wrong.
#[derive(Clone, Copy)]
pub(super) struct Call {
    pub(super) at: &'static str,
    pub(super) number: u64,
    /// When it begins, since the faults were built.
    pub(super) age: Duration,
    /// Whether it returns something that may be lost.
    pub(super) replies: bool,
}

impl Rule {
    /// Whether the call goes wrong, decided by the seed, the call and the rule's number alone.
    pub(super) fn strikes(&self, call: &Call, seed: u64, rule: usize) -> bool {
        if self.at.is_some_and(|at| at != call.at) || (self.fault == Fault::LostReply && !call.replies) {
            return false;
        }
        match self.when {
            When::Always => true,
            When::Chance(chance) => draw(seed, call.at, call.number, rule).fraction() < chance,
            When::Every(n) => call.number.is_multiple_of(n),
            When::Nth(n) => call.number == n,
            When::Between(from, to) => (from..to).contains(&call.age),
        }
    }

    /// How long the call is delayed, if at all.
    pub(super) fn delay(&self, call: &Call, seed: u64, rule: usize) -> Duration {
        match self.fault {
            Fault::Delay(delay) => delay,
            Fault::DelayBetween(min, max) => draw(seed, call.at, call.number, rule).again().between(min, max),
            _ => Duration::ZERO,
        }
    }
}
