use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};

use super::{BarrierError, Passed, Status};
use crate::waiters::{Place, Waiters, Wakes};

/// One generation. How it ended is said once and stays, for whoever holds it.
#[derive(Default)]
pub(super) struct Meeting {
    generation: u64,
    /// Let go, or broken for a reason.
    end: OnceLock<Result<(), Cow<'static, str>>>,
}

impl Meeting {
    fn result(&self, leader: bool) -> Option<Result<Passed, BarrierError>> {
        let result = self.end.get()?.clone();
        Some(result.map(|()| Passed { generation: self.generation, leader }).map_err(BarrierError::Broken))
    }
}

/// What a barrier is, behind its one lock.
///
/// # Invariants
///
/// 1. `arrived` parties hold the current meeting, which has not ended: each was counted when it came, and is
///    taken off when it leaves. Once a meeting has ended nobody leaves it any more.
/// 2. `arrived < parties`: whoever completes the number ends the meeting in the same step, and leads.
/// 3. The current meeting has not ended, or is the one that was broken.
pub(super) struct Core {
    parties: usize,
    arrived: usize,
    meeting: Arc<Meeting>,
    waiters: Waiters,
}

impl Core {
    pub(super) fn new(parties: usize) -> Self {
        Self { parties, arrived: 0, meeting: Arc::default(), waiters: Waiters::default() }
    }

    // ANCHOR: arrive
    /// A party comes: to which meeting, and whether it leads.
    fn arrive(&mut self, wakes: &mut Wakes) -> (Arc<Meeting>, bool) {
        let meeting = Arc::clone(&self.meeting);
        if meeting.end.get().is_some() {
            return (meeting, false);
        }
        self.arrived += 1;
        let leads = self.arrived == self.parties;
        if leads {
            self.end(Ok(()), wakes);
            self.begin();
        }
        (meeting, leads)
    }

    /// A party goes, unless its meeting has ended: then it gets to know how.
    pub(super) fn leave(&mut self, meeting: &Meeting, place: Place) -> Option<Result<Passed, BarrierError>> {
        let ended = meeting.result(false);
        if ended.is_none() {
            self.arrived -= 1;
            self.waiters.remove(place);
        }
        ended
    }
    // ANCHOR_END: arrive

    /// Ends the current meeting, and wakes all who came to it.
    fn end(&mut self, how: Result<(), Cow<'static, str>>, wakes: &mut Wakes) {
        let first = self.meeting.end.set(how).is_ok();
        debug_assert!(first, "a meeting ends once");
        self.arrived = 0;
        wakes.all(&mut self.waiters);
    }

    fn begin(&mut self) {
        self.meeting = Arc::new(Meeting { generation: self.meeting.generation + 1, end: OnceLock::new() });
    }

    /// A party is polled: it comes if it has not yet, and learns how the meeting ended if it has.
    pub(super) fn turn(
        &mut self,
        at: &mut Option<Arc<Meeting>>,
        place: &mut Place,
        waker: &Waker,
        wakes: &mut Wakes,
    ) -> Poll<Result<Passed, BarrierError>> {
        let mut leads = false;
        let meeting = at.get_or_insert_with(|| {
            let (meeting, last) = self.arrive(wakes);
            leads = last;
            meeting
        });
        if let Some(result) = meeting.result(leads) {
            return Poll::Ready(result);
        }
        self.waiters.register(place, waker);
        Poll::Pending
    }

    pub(super) fn break_with(&mut self, reason: Cow<'static, str>, wakes: &mut Wakes) -> bool {
        let whole = self.meeting.end.get().is_none();
        if whole {
            self.end(Err(reason), wakes);
        }
        whole
    }

    pub(super) fn reset(&mut self) -> bool {
        let broken = self.meeting.end.get().is_some();
        if broken {
            self.begin();
        }
        broken
    }

    pub(super) fn status(&self) -> Status {
        let broken = self.meeting.end.get().and_then(|end| end.clone().err());
        Status { parties: self.parties, arrived: self.arrived, generation: self.meeting.generation, broken }
    }
}
