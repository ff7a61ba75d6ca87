use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Cause, Phase};
use crate::Receipt;
use crate::supervision::Escalation;

/// Something that happened to the program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Its number, without gaps from 0.
    pub seq: u64,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    pub kind: EventKind,
}

/// What happened to the program.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// It went over to another phase.
    Phase {
        /// From this one.
        from: Phase,
        /// To this one.
        to: Phase,
    },
    /// A component can do its work, for the first time or again.
    Ready {
        /// Which one.
        component: String,
    },
    /// A component can't do its work, or can't for another reason than before.
    NotReady {
        /// Which one.
        component: String,
        /// Why.
        reason: String,
    },
    /// An actor failed for good.
    Escalated(Escalation),
    /// The shutdown began.
    ShutdownBegan {
        /// Why.
        cause: Cause,
    },
    /// A component was shut down.
    Stopped {
        /// What became of its work.
        receipt: Receipt,
    },
}

/// What a [`Subscription`] yields.
#[derive(Clone, Debug)]
pub enum Update {
    /// The next event.
    Event(Event),
    /// So many events came and were dropped before this subscriber asked for them.
    Lagged(u64),
}

/// The latest events, and whoever waits for the next.
#[derive(Debug)]
pub(super) struct EventLog {
    capacity: usize,
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    ring: VecDeque<Event>,
    next: u64,
    closed: bool,
}

impl EventLog {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), state: Mutex::default(), news: Notify::new() }
    }

    pub(super) fn push(&self, kind: EventKind) {
        let mut state = self.state.lock();
        let seq = state.next;
        state.next += 1;
        if state.ring.len() == self.capacity {
            state.ring.pop_front();
        }
        state.ring.push_back(Event { seq, at: Instant::now(), kind });
        drop(state);
        self.news.notify_waiters();
    }

    /// There will be no more.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.news.notify_waiters();
    }

    /// What a subscriber that has seen everything before `next` gets; `None` if it must wait,
    /// `Some(None)` at the end.
    fn get(&self, next: &mut u64) -> Option<Option<Update>> {
        let state = self.state.lock();
        let oldest = state.next - state.ring.len() as u64;
        if *next < oldest {
            let lost = oldest - *next;
            *next = oldest;
            return Some(Some(Update::Lagged(lost)));
        }
        let index = usize::try_from(*next - oldest).unwrap_or(usize::MAX);
        match state.ring.get(index) {
            Some(event) => {
                *next = event.seq + 1;
                Some(Some(Update::Event(event.clone())))
            }
            None => state.closed.then_some(None),
        }
    }
}

/// The events of a program in their order, from the oldest that is kept, then as they come.
///
/// A slow subscriber costs nobody anything: it is told how many it missed.
#[derive(Clone, Debug)]
pub struct Subscription {
    log: Arc<EventLog>,
    next: u64,
}

impl Subscription {
    pub(super) fn new(log: Arc<EventLog>, next: u64) -> Self {
        Self { log, next }
    }

    /// The next event, or how many were missed before it. `None` after the last one: the program has
    /// been shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an event that was not returned comes next time.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            let mut news = pin!(self.log.news.notified());
            news.as_mut().enable();
            if let Some(update) = self.log.get(&mut self.next) {
                return update;
            }
            news.await;
        }
    }

    /// [`next`](Self::next), if there is something now.
    pub fn try_next(&mut self) -> Option<Update> {
        self.log.get(&mut self.next).flatten()
    }
}
