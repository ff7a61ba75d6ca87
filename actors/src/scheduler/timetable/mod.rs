//! What is due when. Pure state: it starts nothing, waits for nothing, and reads no clock.
//!
//! # Invariants
//!
//! 1. An entry has a timer if and only if it [wants](Entry::wants) one, and the timer is for that instant.
//! 2. An entry that is over leaves the table in the same step, and its last status is in its fate.
//! 3. Nothing that belongs to a user is called, woken or dropped here, as that might panic, or come back, under
//!    the lock: it is handed out.
//! 4. What a durable entry does is in the outbox in the same step.
mod control;
mod entry;
mod fire;
mod outbox;
mod report;
mod story;
mod timers;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use patterns_core::cancel::CancelToken;
use tokio::time::Instant;

use super::clock::Now;
use super::job::Job;
use super::store::{Claim, Finished, Passed};
use super::{ClockStatus, Firing, FiringCounts, SchedulerConfig};
use entry::Entry;
pub(super) use entry::{End, Fate, Last, Plan, Stored};
pub(super) use outbox::{BATCH, Batch, Outbox};
pub(super) use story::{Outlook, Story};
use timers::Timers;

/// Tells a schedule from all others of its scheduler, also from later ones of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScheduleId(u64);

impl fmt::Display for ScheduleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Why a schedule was not entered.
#[derive(Debug)]
pub(super) enum Refused {
    Closed,
    NameTaken,
}

/// A schedule that was entered, or found.
#[derive(Clone)]
pub(super) struct Added {
    pub(super) id: ScheduleId,
    pub(super) name: Arc<str>,
    pub(super) fate: Arc<Fate>,
}

/// A run that is to be started.
pub(super) struct Begun {
    pub(super) schedule: ScheduleId,
    pub(super) job: Arc<Job>,
    pub(super) token: CancelToken,
    pub(super) firing: Firing,
}

/// What the lock must not be held for: what to start, whom to cancel, to drop and to tell, and what to write.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) begun: Vec<Begun>,
    pub(super) tokens: Vec<(CancelToken, &'static str)>,
    pub(super) jobs: Vec<Arc<Job>>,
    pub(super) over: Vec<Arc<Fate>>,
    /// Something is due that was not, or earlier than it was.
    pub(super) alarm: bool,
    /// By how much the wall clock was found to be off.
    pub(super) step: Option<SignedDuration>,
    claims: Vec<(ScheduleId, Claim)>,
    finished: Vec<Finished>,
    passed: Vec<Passed>,
}

pub(super) struct Timetable {
    closed: bool,
    last_id: u64,
    /// Bounded by the number of distinct names.
    entries: BTreeMap<ScheduleId, Entry>,
    names: HashMap<Arc<str>, ScheduleId>,
    timers: Timers,
    /// Those whose queue may go on. Each at most once.
    ready: VecDeque<ScheduleId>,
    /// The counts of those that left.
    past: FiringCounts,
    /// What was counted and not shown yet to whoever records it.
    pub(super) untold: FiringCounts,
    /// How many entries are durable.
    durable: usize,
    pub(super) outbox: Outbox,
    /// When the next sign of life is due, while an entry is durable.
    renewal: Option<Instant>,
    seen: Now,
    clock: ClockStatus,
    history: usize,
    lease: Duration,
}

impl Timetable {
    pub(super) fn new(now: Now, config: &SchedulerConfig) -> Self {
        Self {
            closed: false,
            last_id: 0,
            entries: BTreeMap::new(),
            names: HashMap::new(),
            timers: Timers::new(now.instant),
            ready: VecDeque::new(),
            past: FiringCounts::default(),
            untold: FiringCounts::default(),
            durable: 0,
            outbox: Outbox::default(),
            renewal: None,
            seen: now,
            clock: ClockStatus::default(),
            history: config.history,
            lease: config.lease,
        }
    }

    pub(super) fn add(
        &mut self,
        name: &Arc<str>,
        plan: Plan,
        job: Arc<Job>,
        token: CancelToken,
        now: Now,
        fx: &mut Effects,
    ) -> Result<Added, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if self.names.contains_key(name) {
            return Err(Refused::NameTaken);
        }
        self.last_id += 1;
        let id = ScheduleId(self.last_id);
        let entry = Entry::new(id, Arc::clone(name), plan, job, token, self.history);
        let fate = Arc::clone(&entry.fate);
        if entry.durable {
            self.durable += 1;
            // At once, as a crash may have left something behind.
            self.renewal = Some(now.instant);
        }
        self.names.insert(Arc::clone(name), id);
        self.entries.insert(id, entry);
        self.refresh(id, now, fx);
        fx.alarm = true;
        Ok(Added { id, name: Arc::clone(name), fate })
    }

    pub(super) fn find(&self, name: &str) -> Option<Added> {
        let entry = self.entries.get(self.names.get(name)?)?;
        Some(Added { id: entry.id, name: Arc::clone(&entry.name), fate: Arc::clone(&entry.fate) })
    }

    /// Makes the rest agree with an entry that may have changed.
    fn refresh(&mut self, id: ScheduleId, now: Now, fx: &mut Effects) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        counting(&mut self.untold, entry, |entry| entry.tidy(now, fx));
        let wants = entry.wants();
        fx.alarm |= self.timers.set(&mut entry.timer, entry.timeline, wants, id, now);
        if entry.can_proceed() && !entry.is_ready {
            entry.is_ready = true;
            self.ready.push_back(id);
            fx.alarm = true;
        }
        if entry.is_over() {
            fx.over.extend(self.leave(id, now));
        }
    }

    fn leave(&mut self, id: ScheduleId, now: Now) -> Option<Arc<Fate>> {
        let entry = self.entries.remove(&id)?;
        self.names.remove(&entry.name);
        self.past += entry.counts();
        if entry.durable {
            self.durable -= 1;
            if self.durable == 0 {
                self.renewal = None;
            }
        }
        Some(entry.into_fate(now))
    }

    /// Changes an entry, and the rest with it.
    fn change<R>(
        &mut self,
        id: ScheduleId,
        now: Now,
        fx: &mut Effects,
        change: impl FnOnce(&mut Entry, &mut Effects) -> R,
    ) -> Option<R> {
        let entry = self.entries.get_mut(&id)?;
        let result = counting(&mut self.untold, entry, |entry| change(entry, fx));
        self.refresh(id, now, fx);
        Some(result)
    }

    /// Hands over to the outbox what is to be written.
    pub(super) fn post(&mut self, fx: &mut Effects) {
        self.outbox.post(fx);
    }
}

/// Changes an entry, and notes what that adds to its counts.
fn counting<R>(untold: &mut FiringCounts, entry: &mut Entry, change: impl FnOnce(&mut Entry) -> R) -> R {
    let before = entry.counts();
    let result = change(entry);
    *untold += entry.counts().since(before);
    result
}
