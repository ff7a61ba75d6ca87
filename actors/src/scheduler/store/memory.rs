use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;

use super::{
    Claim, ClaimKind, Definition, Finished, FiringOutcome, FiringRecord, Lease, Passed, Recovered, Registered,
    Registration, ScheduleStore, StoreError, Verdict,
};

/// A store in memory: for tests, and for several schedulers in one process. A clone is the same store.
///
/// It survives its schedulers, but not the process.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    schedules: BTreeMap<String, Schedule>,
    leases: HashMap<String, Timestamp>,
}

struct Schedule {
    definition: Definition,
    anchor: Timestamp,
    runs: u64,
    passed: Option<Timestamp>,
    floor: Option<Timestamp>,
    keep: usize,
    firings: BTreeMap<Timestamp, Row>,
}

struct Row {
    owner: String,
    claimed_at: Timestamp,
    state: State,
    triggered: bool,
}

enum State {
    Claimed,
    Interrupted,
    Finished(FiringOutcome, Timestamp),
}

impl Row {
    fn is_unfinished(&self) -> bool {
        !matches!(self.state, State::Finished(..))
    }

    fn is_released(&self) -> bool {
        matches!(self.state, State::Finished(FiringOutcome::Released, _))
    }

    fn record(&self, instant: Timestamp) -> FiringRecord {
        let (outcome, finished_at) = match &self.state {
            State::Finished(outcome, at) => (Some(outcome.clone()), Some(*at)),
            _ => (None, None),
        };
        FiringRecord { instant, claimed_at: self.claimed_at, finished_at, outcome }
    }
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The schedules in it, by name.
    #[must_use]
    pub fn schedules(&self) -> Vec<Definition> {
        self.0.lock().schedules.values().map(|schedule| schedule.definition.clone()).collect()
    }

    /// What it remembers of the firings of a schedule, in the order of their instants.
    #[must_use]
    pub fn firings(&self, schedule: &str) -> Vec<FiringRecord> {
        self.0.lock().schedules.get(schedule).map(|schedule| schedule.records(usize::MAX)).unwrap_or_default()
    }
}

impl Schedule {
    /// The latest ones, in order.
    fn records(&self, most: usize) -> Vec<FiringRecord> {
        let skipped = self.firings.len().saturating_sub(most);
        self.firings.iter().skip(skipped).map(|(instant, row)| row.record(*instant)).collect()
    }

    fn claim(&mut self, owner: &str, claim: &Claim) -> Verdict {
        match self.firings.get_mut(&claim.instant) {
            Some(row) if row.is_unfinished() && row.owner == owner => {
                row.state = State::Claimed;
                return Verdict::New;
            }
            Some(row) if !row.is_released() => return Verdict::Taken,
            _ => {}
        }
        let forgotten = self.floor.is_some_and(|floor| claim.instant <= floor);
        match claim.kind {
            ClaimKind::Again => return Verdict::Taken,
            ClaimKind::Due if forgotten => return Verdict::Taken,
            _ => {}
        }
        if claim.limit.is_some_and(|limit| self.runs >= limit) {
            return Verdict::Exhausted;
        }
        self.runs += 1;
        let triggered = claim.kind == ClaimKind::Trigger;
        let row = Row { owner: owner.to_owned(), claimed_at: claim.at, state: State::Claimed, triggered };
        self.firings.insert(claim.instant, row);
        Verdict::New
    }

    fn finish(&mut self, owner: &str, finished: &Finished) {
        let Some(row) = self.firings.get_mut(&finished.instant) else { return };
        if !row.is_unfinished() || row.owner != owner {
            return;
        }
        row.state = State::Finished(finished.outcome.clone(), finished.at);
        if !finished.outcome.is_run() {
            self.runs = self.runs.saturating_sub(1);
        }
        self.prune();
    }

    fn prune(&mut self) {
        let finished = self.firings.iter().filter(|(_, row)| !row.is_unfinished()).map(|(instant, _)| *instant);
        let finished: Vec<Timestamp> = finished.collect();
        let surplus = finished.len().saturating_sub(self.keep);
        for instant in finished.into_iter().take(surplus) {
            if self.firings.remove(&instant).is_some_and(|row| !row.triggered) {
                self.floor = self.floor.max(Some(instant));
            }
        }
    }
}

#[async_trait]
impl ScheduleStore for MemoryStore {
    async fn register(&self, registration: &Registration) -> Result<Registered, StoreError> {
        let Registration { definition, anchor, now, keep } = registration;
        let mut tables = self.0.lock();
        let schedule = tables.schedules.entry(definition.name.clone()).or_insert_with(|| Schedule {
            definition: definition.clone(),
            anchor: *anchor,
            runs: 0,
            passed: None,
            floor: None,
            keep: *keep,
            firings: BTreeMap::new(),
        });
        if definition.kind.replaces(&schedule.definition.kind) {
            schedule.passed = Some(*now);
        }
        schedule.definition = definition.clone();
        schedule.keep = *keep;
        let mut until_now = schedule.firings.range(..=*now).rev();
        let fired = until_now.find(|(_, row)| !row.is_released() && !row.triggered).map(|(instant, _)| *instant);
        Ok(Registered {
            anchor: schedule.anchor,
            last: fired.max(schedule.passed.filter(|passed| passed <= now)),
            runs: schedule.runs,
            unfinished: schedule.firings.values().filter(|row| row.is_unfinished()).count() as u64,
            recent: schedule.records(*keep),
        })
    }

    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError> {
        let mut tables = self.0.lock();
        tables.renew(lease);
        let verdict = |claim: &Claim| match tables.schedules.get_mut(&claim.schedule) {
            Some(schedule) => schedule.claim(&lease.owner, claim),
            None => Verdict::Unknown,
        };
        Ok(claims.iter().map(verdict).collect())
    }

    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError> {
        let mut tables = self.0.lock();
        for Passed { schedule, first, through, .. } in passed {
            if let Some(schedule) = tables.schedules.get_mut(schedule) {
                schedule.firings.retain(|at, row| !(row.is_released() && first <= at && at <= through));
                schedule.passed = schedule.passed.filter(|passed| *passed <= now).max(Some(*through));
            }
        }
        Ok(())
    }

    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError> {
        let mut tables = self.0.lock();
        tables.renew(lease);
        for finished in finished {
            if let Some(schedule) = tables.schedules.get_mut(&finished.schedule) {
                schedule.finish(&lease.owner, finished);
            }
        }
        Ok(())
    }

    async fn recover(&self, lease: &Lease, now: Timestamp, schedules: &[String]) -> Result<Vec<Recovered>, StoreError> {
        let mut tables = self.0.lock();
        tables.renew(lease);
        let Tables { schedules: known, leases } = &mut *tables;
        let alive = |owner: &str| leases.get(owner).is_some_and(|until| *until >= now);
        let recover = |name: &String| {
            let mut found = Recovered::default();
            let Some(schedule) = known.get_mut(name) else { return found };
            for (instant, row) in &mut schedule.firings {
                if row.is_unfinished() && row.owner != lease.owner && !alive(&row.owner) {
                    row.owner.clone_from(&lease.owner);
                    row.state = State::Interrupted;
                }
                match row.state {
                    State::Interrupted if row.owner == lease.owner => found.interrupted.push(*instant),
                    State::Finished(FiringOutcome::Released, _) => found.released.push(*instant),
                    State::Finished(..) => {}
                    _ => found.elsewhere += u64::from(row.owner != lease.owner),
                }
            }
            found
        };
        let found = schedules.iter().map(recover).collect();
        tables.forget_leases(now);
        Ok(found)
    }

    async fn forget(&self, schedule: &str) -> Result<bool, StoreError> {
        Ok(self.0.lock().schedules.remove(schedule).is_some())
    }
}

impl Tables {
    fn renew(&mut self, lease: &Lease) {
        self.leases.insert(lease.owner.clone(), lease.until);
    }

    fn forget_leases(&mut self, now: Timestamp) {
        let rows = self.schedules.values().flat_map(|schedule| schedule.firings.values());
        let owners: HashSet<&str> = rows.filter(|row| row.is_unfinished()).map(|row| &*row.owner).collect();
        self.leases.retain(|owner, until| *until >= now || owners.contains(&**owner));
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("schedules", &self.0.lock().schedules.len()).finish_non_exhaustive()
    }
}
