use std::collections::VecDeque;
use std::task::Waker;

use super::{AcquireError, Quota};

/// How long the head of the line may be late before it is passed over, in nanoseconds.
pub(super) const GRACE: u64 = 10_000_000;

/// The bucket, and who waits for it. Instants are nanoseconds since the limiter was made.
///
/// # Invariants
///
/// 1. Only the head of the line is admitted, when its units are due. Nobody is given anything while not
///    being polled, so a waiter holds nothing but its place, and leaving costs nothing but that.
/// 2. The head's timer is set to no later than when it is due, or the head was woken to set it. Others
///    behind it may have their timer too late, after somebody in between has left: they are woken for
///    that when they become the head. So leaving wakes one waiter at most.
/// 3. `queued` is the sum of the costs in the line.
pub(super) struct Line {
    quota: Quota,
    /// The theoretical arrival time: when the bucket will be full again. In the past, it is full.
    full_at: u64,
    paused_until: u64,
    /// By number: new ones go to the end, those that were passed over back to where they were.
    waiters: VecDeque<Waiter>,
    queued: u64,
    /// The cost of all that ever joined.
    joined: u64,
    next: u64,
    /// The head's number and when somebody behind it first saw that it was late.
    late: Option<(u64, u64)>,
}

struct Waiter {
    number: u64,
    cost: u32,
    /// The cost of all that had joined before it.
    before: u64,
    /// What its timer is set to.
    timer: u64,
    waker: Waker,
}

/// What a waiter that is polled has to do.
pub(super) enum Step {
    Go,
    /// Come again at this instant, or when woken.
    SleepUntil(u64),
    Fail(AcquireError),
}

pub(super) type Wakes = Vec<Waker>;

impl Line {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, full_at: 0, paused_until: 0, waiters: VecDeque::new(), queued: 0, joined: 0, next: 0, late: None }
    }

    pub(super) fn full_at(&self) -> u64 {
        self.full_at
    }

    pub(super) fn set_full_at(&mut self, full_at: u64) {
        self.full_at = full_at;
    }

    pub(super) fn paused_until(&self) -> u64 {
        self.paused_until
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Whether the bucket's number alone decides.
    pub(super) fn is_plain(&self, now: u64) -> bool {
        self.waiters.is_empty() && self.paused_until <= now
    }

    /// When `cost` units could be admitted after `ahead` others.
    fn due(&self, now: u64, ahead: u64, cost: u32) -> u64 {
        let start = now.max(self.paused_until);
        let units = (ahead + u64::from(cost)).saturating_mul(self.quota.spacing_nanos());
        let room_at = self.full_at.max(start).saturating_add(units).saturating_sub(self.quota.capacity_nanos());
        room_at.max(start)
    }

    fn admit(&mut self, now: u64, cost: u32) {
        self.full_at = self.full_at.max(now) + u64::from(cost) * self.quota.spacing_nanos();
    }

    fn check(&self, cost: u32) -> Result<(), AcquireError> {
        let burst = self.quota.max_burst();
        if cost > burst { Err(AcquireError::ExceedsBurst { asked: cost, burst }) } else { Ok(()) }
    }

    /// Admits at once, or says how long one that joined the line now would wait.
    pub(super) fn try_take(&mut self, now: u64, cost: u32) -> Result<(), AcquireError> {
        self.check(cost)?;
        let due = self.due(now, self.queued, cost);
        if due <= now && self.waiters.is_empty() {
            self.admit(now, cost);
            return Ok(());
        }
        // Those in the line are due too then, and about to go.
        let wait = if due > now { due - now } else { 1_000_000 };
        Err(AcquireError::NotYet { wait: std::time::Duration::from_nanos(wait) })
    }

    /// A waiter is polled: it goes, or takes its place and learns when to come again.
    pub(super) fn turn(
        &mut self,
        place: &mut Option<u64>,
        cost: u32,
        now: u64,
        waker: &Waker,
        wakes: &mut Wakes,
    ) -> Step {
        if let Err(error) = self.check(cost) {
            self.leave(place.take(), now, wakes);
            return Step::Fail(error);
        }
        let mut at = self.join(place, cost, waker);
        loop {
            let (head, head_due) = (self.waiters[0].number, self.due(now, 0, self.waiters[0].cost));
            if at == 0 && head_due <= now {
                self.admit(now, cost);
                self.leave(place.take(), now, wakes);
                return Step::Go;
            }
            let until = if at == 0 {
                self.late = None;
                head_due
            } else if head_due > now {
                self.due(now, self.ahead(at, cost), cost)
            } else {
                // The head could go and has not come: is it only late, or does nobody poll it any more?
                let since = match self.late {
                    Some((number, since)) if number == head => since,
                    _ => now,
                };
                self.late = Some((head, since));
                if now >= since + GRACE {
                    self.pass_over_head(now, wakes);
                    at -= 1;
                    continue;
                }
                since + GRACE
            };
            self.waiters[at].timer = until;
            return Step::SleepUntil(until);
        }
    }

    fn pass_over_head(&mut self, now: u64, wakes: &mut Wakes) {
        if let Some(head) = self.remove(0) {
            wakes.push(head.waker);
        }
        self.rouse_head(now, wakes);
    }

    /// The waiter's index, at its old place or at the end.
    fn join(&mut self, place: &mut Option<u64>, cost: u32, waker: &Waker) -> usize {
        let number = *place.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        match self.find(number) {
            Ok(at) => {
                self.waiters[at].waker.clone_from(waker);
                at
            }
            Err(at) => {
                // One that comes back after it was passed over is behind nobody any more.
                let before = if at == self.waiters.len() { self.joined } else { self.waiters[at].before };
                self.waiters.insert(at, Waiter { number, cost, before, timer: 0, waker: waker.clone() });
                self.joined += u64::from(cost);
                self.queued += u64::from(cost);
                at
            }
        }
    }

    /// The cost of those ahead of the waiter at this index: exact for the head and for a newcomer, for
    /// others too much by what has left from in between (see invariant 2).
    fn ahead(&self, at: usize, cost: u32) -> u64 {
        if at + 1 == self.waiters.len() {
            self.queued - u64::from(cost)
        } else {
            self.waiters[at].before - self.waiters[0].before
        }
    }

    /// A waiter goes, admitted or not. One that was passed over is in the line no more.
    pub(super) fn leave(&mut self, place: Option<u64>, now: u64, wakes: &mut Wakes) {
        let Some(Ok(at)) = place.map(|number| self.find(number)) else { return };
        self.remove(at);
        if at == 0 {
            self.rouse_head(now, wakes);
        }
    }

    /// Wakes the head if its timer is set to later than it is due.
    fn rouse_head(&mut self, now: u64, wakes: &mut Wakes) {
        let Some(head) = self.waiters.front() else { return };
        let due = self.due(now, 0, head.cost);
        if let Some(head) = self.waiters.front_mut()
            && head.timer > due
        {
            head.timer = due;
            wakes.push(head.waker.clone());
        }
    }

    fn remove(&mut self, at: usize) -> Option<Waiter> {
        let waiter = self.waiters.remove(at)?;
        self.queued -= u64::from(waiter.cost);
        Some(waiter)
    }

    fn find(&self, number: u64) -> Result<usize, usize> {
        self.waiters.binary_search_by_key(&number, |waiter| waiter.number)
    }

    /// Changes the quota; the units that are owed stay owed, at the new spacing.
    pub(super) fn set_quota(&mut self, quota: Quota, now: u64, wakes: &mut Wakes) {
        // Where nothing is owed the bucket is full now: another number than before, on which a fast path
        // that read the old quota relies.
        let owed = u128::from(self.full_at.saturating_sub(now)) * u128::from(quota.spacing_nanos());
        let owed = owed.div_ceil(u128::from(self.quota.spacing_nanos()));
        self.full_at = now.saturating_add(u64::try_from(owed).unwrap_or(u64::MAX / 2));
        self.quota = quota;
        // Those that can't ever be admitted now are told so.
        let mut at = 0;
        while at < self.waiters.len() {
            if self.waiters[at].cost > quota.max_burst() {
                wakes.extend(self.remove(at).map(|waiter| waiter.waker));
            } else {
                at += 1;
            }
        }
        self.rouse_head(now, wakes);
    }

    pub(super) fn quota(&self) -> Quota {
        self.quota
    }

    /// Admits nobody before this instant. An earlier one doesn't shorten a pause.
    pub(super) fn pause_until(&mut self, until: u64) {
        self.paused_until = self.paused_until.max(until);
    }

    /// When the limiter will be as good as new, or an instant before which it won't.
    pub(super) fn rests_at(&self) -> u64 {
        let served_at = self.full_at.saturating_add(self.queued.saturating_mul(self.quota.spacing_nanos()));
        served_at.max(self.paused_until)
    }
}
