//! What is due when. Pure state: it starts nothing, waits for nothing, and reads no clock.
//!
//! # Invariants
//!
//! 1. `due` holds exactly the entries that have a next instant and are not paused, under that instant.
//! 2. An entry that is over leaves the table in the same step, and its last status is in its fate.
//! 3. Nothing that belongs to a user is called, woken or dropped here, as that might panic, or come back, under
//!    the lock: it is handed out.
mod entry;
mod grid;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use patterns_core::cancel::CancelToken;
use tokio::time::Instant;

use super::job::Job;
use super::{FiringCounts, ScheduleStatus, SchedulerState, SchedulerStatus};
use entry::Entry;
pub(super) use entry::{End, Fate, Plan};

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
    pub(super) run: u64,
    pub(super) name: Arc<str>,
    pub(super) job: Arc<Job>,
    pub(super) token: CancelToken,
}

/// What the lock must not be held for: whom to cancel, to drop and to tell.
#[derive(Default)]
pub(super) struct Cut {
    pub(super) tokens: Vec<CancelToken>,
    pub(super) jobs: Vec<Arc<Job>>,
    pub(super) over: Vec<Arc<Fate>>,
}

#[derive(Default)]
pub(super) struct Timetable {
    closed: bool,
    last_id: u64,
    /// Bounded by the number of distinct names.
    entries: BTreeMap<ScheduleId, Entry>,
    names: HashMap<Arc<str>, ScheduleId>,
    due: BTreeSet<(Instant, ScheduleId)>,
    /// The counts of those that left.
    past: FiringCounts,
}

impl Timetable {
    pub(super) fn add(
        &mut self,
        name: &Arc<str>,
        plan: &Plan,
        job: Arc<Job>,
        token: CancelToken,
    ) -> Result<Added, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if self.names.contains_key(name) {
            return Err(Refused::NameTaken);
        }
        self.last_id += 1;
        let id = ScheduleId(self.last_id);
        let entry = Entry::new(id, Arc::clone(name), plan, job, token);
        let fate = Arc::clone(&entry.fate);
        self.due.extend(entry.next.map(|next| (next, id)));
        self.names.insert(Arc::clone(name), id);
        self.entries.insert(id, entry);
        Ok(Added { id, name: Arc::clone(name), fate })
    }

    pub(super) fn find(&self, name: &str) -> Option<Added> {
        let entry = self.entries.get(self.names.get(name)?)?;
        Some(Added { id: entry.id, name: Arc::clone(&entry.name), fate: Arc::clone(&entry.fate) })
    }

    /// When the next run is due.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes up to `most` schedules that are due, and begins their runs.
    pub(super) fn fire(&mut self, now: Instant, most: usize) -> Vec<Begun> {
        let mut begun = Vec::new();
        for _ in 0..most {
            let Some(&(due, id)) = self.due.first().filter(|(due, _)| *due <= now) else { break };
            self.due.remove(&(due, id));
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            begun.extend(entry.fire(now));
            self.due.extend(entry.next.map(|next| (next, id)));
        }
        begun
    }

    pub(super) fn trigger(&mut self, id: ScheduleId, now: Instant) -> Option<Begun> {
        let entry = self.entries.get_mut(&id)?;
        let due = entry.next;
        let begun = entry.trigger(now);
        if entry.is_ending() {
            self.due.remove(&(due?, id));
        }
        begun
    }

    pub(super) fn pause(&mut self, id: ScheduleId) -> bool {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| !entry.paused && !entry.is_ending()) else {
            return false;
        };
        entry.paused = true;
        if let Some(next) = entry.next {
            self.due.remove(&(next, id));
        }
        true
    }

    pub(super) fn resume(&mut self, id: ScheduleId, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| entry.paused && !entry.is_ending()) else {
            return false;
        };
        entry.catch_up(now);
        entry.paused = false;
        self.due.extend(entry.next.map(|next| (next, id)));
        true
    }

    /// Begins no more runs of a schedule; whether it would have.
    pub(super) fn end(&mut self, id: ScheduleId, now: Instant, cut: &mut Cut) -> bool {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| !entry.is_ending()) else { return false };
        entry.catch_up(now);
        if let Some(next) = entry.next {
            self.due.remove(&(next, id));
        }
        cut.jobs.extend(entry.stop_firing());
        cut.over.extend(self.leave_if_over(id));
        true
    }

    /// [Ends](Self::end) a schedule and has its runs asked to stop; whether there was anything to end.
    pub(super) fn cancel(&mut self, id: ScheduleId, now: Instant, cut: &mut Cut) -> bool {
        let Some(token) = self.entries.get(&id).map(|entry| entry.token.clone()) else { return false };
        let was_asked = token.is_cancelled();
        cut.tokens.push(token);
        self.end(id, now, cut) || !was_asked
    }

    /// Takes no more schedules, and begins no more runs.
    pub(super) fn close(&mut self, now: Instant, cut: &mut Cut) {
        self.closed = true;
        for id in self.ids() {
            self.end(id, now, cut);
        }
    }

    pub(super) fn ids(&self) -> Vec<ScheduleId> {
        self.entries.keys().copied().collect()
    }

    /// A run has ended; gives back whom to tell if its schedule has, too.
    pub(super) fn ended(&mut self, id: ScheduleId, run: u64, end: End, now: Instant) -> Option<Arc<Fate>> {
        self.entries.get_mut(&id)?.ended(run, end, now);
        self.leave_if_over(id)
    }

    fn leave_if_over(&mut self, id: ScheduleId) -> Option<Arc<Fate>> {
        self.entries.get(&id).filter(|entry| entry.is_over())?;
        let entry = self.entries.remove(&id)?;
        self.names.remove(&entry.name);
        self.past += entry.counts();
        // The only place that sets it, once per entry.
        let _ = entry.fate.last.set(entry.status());
        Some(entry.fate)
    }

    pub(super) fn counts(&self) -> FiringCounts {
        let mut sum = self.past;
        self.entries.values().for_each(|entry| sum += entry.counts());
        sum
    }

    pub(super) fn status_of(&mut self, id: ScheduleId, now: Instant) -> Option<ScheduleStatus> {
        let entry = self.entries.get_mut(&id)?;
        entry.catch_up(now);
        Some(entry.status())
    }

    pub(super) fn status(&mut self, now: Instant) -> SchedulerStatus {
        self.entries.values_mut().for_each(|entry| entry.catch_up(now));
        let state = match (self.closed, self.entries.is_empty()) {
            (false, _) => SchedulerState::Open,
            (true, false) => SchedulerState::Draining,
            (true, true) => SchedulerState::Closed,
        };
        SchedulerStatus {
            state,
            next: self.earliest(),
            counts: self.counts(),
            schedules: self.entries.values().map(Entry::status).collect(),
        }
    }
}
