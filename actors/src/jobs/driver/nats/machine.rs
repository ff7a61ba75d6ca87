use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::super::memory::Dump;
use super::super::{DriverError, MemoryDriver};
use super::command::{Command, Outcome};
use super::entry::EntryId;
use super::texts::Place;
use crate::scheduler::WallClock;

/// How long a writer of entries is remembered who writes none.
const SESSION: SignedDuration = SignedDuration::from_hours(1);

/// How long somebody may make a copy before another does.
const CLAIM: SignedDuration = SignedDuration::from_mins(2);

/// How old a text may be that an entry brings. Texts that nobody needs are deleted when they are [twice](SWEPT) as old.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// How old a text is that is deleted if no job has it.
pub(super) const SWEPT: SignedDuration = SignedDuration::from_mins(10);

/// How many bytes of the log make a new copy worth while; more where a copy is larger.
const COPY_AFTER: u64 = 4 << 20;

/// How many of the latest entries are remembered by name.
const RECENT: usize = 512;

/// The tables, as the log up to a place of it makes them. Whoever applies the same log has the same.
///
/// # Invariants
///
/// 1. What an entry does follows from the entries before it and its own, and nothing else: no other clock is read than the
///    server's, which wrote into the entry what it said.
/// 2. Of each session, the entries that count come in the order of their numbers. So one that was held up in some buffer
///    and comes after a later one does nothing: whoever wrote it has asked again by then.
pub(super) struct Machine {
    tables: MemoryDriver,
    clock: LogClock,
    pub(super) state: State,
    recent: VecDeque<(u64, Option<EntryId>)>,
}

/// What belongs to the log and not to the jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The place of the last entry that was applied.
    pub(super) applied: u64,
    /// What the clock read at it. It never goes back.
    pub(super) at: Timestamp,
    sessions: BTreeMap<u64, Session>,
    /// How many bytes there were in all entries.
    logged: u64,
    /// How many of them are in the latest copy.
    copied: u64,
    /// How large that one is.
    copy: u64,
    claim: Option<Claim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    number: u64,
    at: Timestamp,
}

/// Somebody makes a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    by: u64,
    until: Timestamp,
    logged: u64,
}

/// What became of an entry.
#[derive(Debug)]
pub(super) enum Applied {
    Done(Vec<Result<Outcome, DriverError>>),
    /// It is older than one that came before it, or nobody knows who wrote it.
    Refused,
}

impl Machine {
    pub(super) fn new(tables: MemoryDriver, clock: LogClock) -> Self {
        Self { tables, clock, state: State::default(), recent: VecDeque::new() }
    }

    /// Applies the next entry.
    pub(super) fn apply(&mut self, seq: u64, at: Timestamp, id: Option<EntryId>, items: (u64, Vec<Command>)) -> Applied {
        let (bytes, commands) = items;
        let at = at.max(self.state.at);
        self.state.applied = seq;
        self.state.at = at;
        self.state.logged += bytes;
        self.recent.push_back((seq, id));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        let Some(id) = id else { return Applied::Done(Vec::new()) };
        if !self.state.admits(id) {
            return Applied::Refused;
        }
        self.clock.fix(at);
        let done = commands.into_iter().map(|command| self.run(command)).collect();
        self.clock.go_on_from(at);
        Applied::Done(done)
    }

    fn run(&mut self, command: Command) -> Result<Outcome, DriverError> {
        let at = self.state.at;
        if command.texts().into_iter().filter_map(Place::parse).any(|place| at.duration_since(place.made_at()) > FRESH) {
            return Err(DriverError::new("it came too long after what it brings, which may be gone: ask again"));
        }
        match command {
            Command::Claim { by } => {
                let is_free = self.state.claim.is_none_or(|claim| claim.until <= at);
                if is_free {
                    self.state.claim = Some(Claim { by, until: at + CLAIM, logged: self.state.logged });
                    self.state.sessions.retain(|_, session| at.duration_since(session.at) < SESSION);
                }
                Ok(Outcome::Is(is_free))
            }
            Command::Copied { by, bytes } => {
                if let Some(claim) = self.state.claim.take_if(|claim| claim.by == by) {
                    (self.state.copied, self.state.copy) = (claim.logged, bytes);
                }
                Ok(Outcome::Nothing)
            }
            command => command.apply(&self.tables),
        }
    }

    /// Which entry was at this place, as far as that is remembered.
    pub(super) fn entry_at(&self, seq: u64) -> Option<Option<EntryId>> {
        self.recent.iter().rev().find(|(at, _)| *at == seq).map(|(_, id)| *id)
    }

    /// Whether the log has become so long that it is worth while to make a copy, and nobody is at it.
    pub(super) fn wants_copy(&self) -> bool {
        let State { logged, copied, copy, at, .. } = self.state;
        logged - copied >= COPY_AFTER.max(copy) && self.state.claim.is_none_or(|claim| claim.until <= at)
    }

    /// All of it.
    pub(super) fn dump(&self) -> (State, Dump) {
        (self.state.clone(), self.tables.dump())
    }

    /// Has it be as it was dumped.
    pub(super) fn restore(&mut self, state: State, dump: Dump) {
        self.recent.clear();
        self.clock.go_on_from(state.at);
        self.state = state;
        self.tables.restore(dump);
    }
}

impl State {
    /// Whether an entry counts.
    fn admits(&mut self, id: EntryId) -> bool {
        let at = self.at;
        match self.sessions.get_mut(&id.session) {
            Some(session) if session.number < id.number => {
                *session = Session { number: id.number, at };
                true
            }
            None if id.number == 1 => {
                self.sessions.insert(id.session, Session { number: 1, at });
                true
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("applied", &self.state.applied).finish_non_exhaustive()
    }
}

/// The server's clock: while an entry is applied what it read then, and otherwise what it may read by now.
#[derive(Clone, Debug)]
pub(super) struct LogClock(Arc<Mutex<Reading>>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    fixed: Option<Timestamp>,
    /// What it read, and when that was heard.
    at: Timestamp,
    heard: Instant,
}

impl LogClock {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Reading { fixed: None, at: Timestamp::UNIX_EPOCH, heard: Instant::now() })))
    }

    fn fix(&self, at: Timestamp) {
        self.0.lock().fixed = Some(at);
    }

    /// It reads this now.
    pub(super) fn go_on_from(&self, at: Timestamp) {
        *self.0.lock() = Reading { fixed: None, at, heard: Instant::now() };
    }

    /// It was heard that it reads this, and goes on.
    pub(super) fn hear(&self, at: Timestamp) {
        let mut reading = self.0.lock();
        (reading.at, reading.heard) = (at, Instant::now());
    }
}

impl WallClock for LogClock {
    fn now(&self) -> Timestamp {
        let Reading { fixed, at, heard } = *self.0.lock();
        let elapsed = SignedDuration::try_from(heard.elapsed()).unwrap_or(SignedDuration::ZERO);
        fixed.unwrap_or_else(|| at.checked_add(elapsed).unwrap_or(at))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::{JobDriver, JobId, NewJob};
    use super::super::command::at_once;
    use super::*;

    fn machine() -> Machine {
        let clock = LogClock::new();
        Machine::new(MemoryDriver::with_clock(clock.clone()), clock)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_777_777_777 + second).unwrap()
    }

    fn enqueue(name: &str) -> (u64, Vec<Command>) {
        let jobs = vec![NewJob::new(JobId::of(&[name]), "mail", name, "={}")];
        (100, vec![Command::Enqueue { term: None, jobs }])
    }

    fn id(session: u64, number: u64) -> Option<EntryId> {
        Some(EntryId { session, number })
    }

    fn counts(machine: &Machine) -> u64 {
        at_once(machine.tables.counts()).unwrap().iter().map(|counts| counts.waiting).sum()
    }

    #[tokio::test(start_paused = true)]
    async fn an_entry_that_comes_after_a_later_one_does_nothing() {
        let mut machine = machine();
        // Whoever begins in the middle has been forgotten.
        assert!(matches!(machine.apply(1, at(0), id(7, 2), enqueue("a")), Applied::Refused));
        assert!(matches!(machine.apply(2, at(0), id(7, 1), (0, Vec::new())), Applied::Done(_)));
        assert!(matches!(machine.apply(3, at(0), id(7, 3), enqueue("a")), Applied::Done(_)));
        for number in [2, 3] {
            assert!(matches!(machine.apply(4, at(0), id(7, number), enqueue("b")), Applied::Refused));
        }
        assert!(matches!(machine.apply(5, at(0), None, (5, Vec::new())), Applied::Done(_)));
        assert_eq!((counts(&machine), machine.state.applied), (1, 5));
        assert_eq!((machine.entry_at(3), machine.entry_at(9)), (Some(id(7, 3)), None));
    }

    #[tokio::test(start_paused = true)]
    async fn its_clock_is_the_servers_and_never_goes_back() {
        let mut machine = machine();
        machine.apply(1, at(10), id(1, 1), enqueue("a"));
        machine.apply(2, at(4), id(1, 2), enqueue("b"));
        let seen = at_once(machine.tables.look(&[JobId::of(&["a"]), JobId::of(&["b"])])).unwrap();
        assert!(seen.iter().all(|record| record.as_ref().unwrap().entered_at == at(10)));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(machine.clock.now(), at(13));
    }

    #[tokio::test(start_paused = true)]
    async fn one_makes_a_copy_and_another_after_a_while() {
        let mut machine = machine();
        machine.apply(1, at(0), id(1, 1), (COPY_AFTER, Vec::new()));
        assert!(machine.wants_copy());
        let mut claim = |seq, second, by| {
            let done = machine.apply(seq, at(second), id(1, seq), (0, vec![Command::Claim { by }]));
            let Applied::Done(done) = done else { return false };
            matches!(done[..], [Ok(Outcome::Is(true))])
        };
        assert!(claim(2, 1, 5) && !claim(3, 2, 6) && claim(4, 200, 6));
        machine.apply(5, at(201), id(1, 5), (0, vec![Command::Copied { by: 5, bytes: 10 }]));
        assert!(machine.state.claim.is_some(), "that was another's");
        machine.apply(6, at(202), id(1, 6), (0, vec![Command::Copied { by: 6, bytes: 10 }]));
        assert!(machine.state.claim.is_none() && !machine.wants_copy());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_was_restored_goes_on_as_the_one_that_was_dumped() {
        let (mut first, mut second) = (machine(), machine());
        first.apply(1, at(0), id(1, 1), enqueue("a"));
        let (state, dump) = first.dump();
        let text = serde_json::to_string(&(&state, &dump)).unwrap();
        let (state, dump): (State, Dump) = serde_json::from_str(&text).unwrap();
        second.restore(state, dump);
        for machine in [&mut first, &mut second] {
            machine.apply(2, at(1), id(1, 2), enqueue("b"));
        }
        assert_eq!(first.state, second.state);
        let of = |machine: &Machine| serde_json::to_value(machine.dump()).unwrap();
        assert_eq!(of(&first), of(&second));
        assert_eq!(counts(&second), 2);
    }
}
