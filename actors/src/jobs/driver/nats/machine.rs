use std::collections::VecDeque;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::super::memory::Dump;
use super::super::{DriverError, MemoryDriver};
use super::clock::LogClock;
use super::command::{Command, Outcome};
use super::entry::EntryId;
use super::state::State;
use super::texts::Place;

/// How old a text may be that an entry brings. Texts that nobody needs are deleted when they are [twice](SWEPT) as old.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// How old a text is that is deleted if no job has it.
pub(super) const SWEPT: SignedDuration = SignedDuration::from_mins(10);

/// How many of the latest entries are remembered by name.
const RECENT: usize = 512;

/// The tables, as the log up to a place of it makes them. Whoever applies the same log has the same.
///
/// # Invariants
///
/// 1. What an entry does follows from the entries before it and its own, and nothing else: no other clock is read than
///    the server's, which wrote into the entry what it said.
/// 2. Of each session, the entries that count come in the order of their numbers. So one that was held up in some
///    buffer and comes after a later one does nothing: whoever wrote it has asked again by then.
pub(super) struct Machine {
    tables: MemoryDriver,
    clock: LogClock,
    pub(super) state: State,
    recent: VecDeque<(u64, Option<EntryId>)>,
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

    /// Applies the next entry, which has so many bytes. Of its commands, those count for nothing that are none.
    pub(super) fn apply(
        &mut self,
        seq: u64,
        at: Timestamp,
        id: Option<EntryId>,
        bytes: u64,
        commands: Vec<Option<Command>>,
    ) -> Applied {
        self.state.pass(seq, at, bytes);
        let at = self.state.at;
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

    fn run(&mut self, command: Option<Command>) -> Result<Outcome, DriverError> {
        let brings = |command: &Command| command.texts().into_iter().filter_map(Place::parse).collect::<Vec<_>>();
        let at = self.state.at;
        let command = command.filter(|command| brings(command).into_iter().all(|place| is_fresh(place, at)));
        let late = || DriverError::new("it came too long after what it brings, which may be gone: ask again");
        let command = command.ok_or_else(late)?;
        match command {
            Command::Claim { by } => Ok(Outcome::Is(self.state.claim(by))),
            Command::Copied { by, bytes } => {
                self.state.copied(by, bytes);
                Ok(Outcome::Nothing)
            }
            command => command.apply(&self.tables),
        }
    }

    /// Which entry was at this place, as far as that is remembered.
    pub(super) fn entry_at(&self, seq: u64) -> Option<Option<EntryId>> {
        self.recent.iter().rev().find(|(at, _)| *at == seq).map(|(_, id)| *id)
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

/// Whether a text is still there for sure, at this time. Whoever applies the entry that brings it comes to the same
/// end.
pub(super) fn is_fresh(place: Place, at: Timestamp) -> bool {
    at.duration_since(place.made_at()) <= FRESH
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("applied", &self.state.applied).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::{JobDriver, JobId, NewJob};
    use super::super::command::at_once;
    use super::*;
    use crate::scheduler::WallClock;

    fn machine() -> Machine {
        let clock = LogClock::new();
        Machine::new(MemoryDriver::with_clock(clock.clone()), clock)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_777_777_777 + second).unwrap()
    }

    fn enqueue(name: &str) -> Vec<Option<Command>> {
        let jobs = vec![NewJob::new(JobId::of(&[name]), "mail", name, "={}")];
        vec![Some(Command::Enqueue { term: None, jobs })]
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
        assert!(matches!(machine.apply(1, at(0), id(7, 2), 9, enqueue("a")), Applied::Refused));
        assert!(matches!(machine.apply(2, at(0), id(7, 1), 2, Vec::new()), Applied::Done(_)));
        assert!(matches!(machine.apply(3, at(0), id(7, 3), 9, enqueue("a")), Applied::Done(_)));
        for number in [2, 3] {
            assert!(matches!(machine.apply(4, at(0), id(7, number), 9, enqueue("b")), Applied::Refused));
        }
        assert!(matches!(machine.apply(5, at(0), None, 5, Vec::new()), Applied::Done(_)));
        assert_eq!((counts(&machine), machine.state.applied), (1, 5));
        assert_eq!((machine.entry_at(3), machine.entry_at(9)), (Some(id(7, 3)), None));
    }

    #[tokio::test(start_paused = true)]
    async fn its_clock_is_the_servers_and_never_goes_back_nor_stands_still() {
        let mut machine = machine();
        machine.apply(1, at(10), id(1, 1), 9, enqueue("a"));
        machine.apply(2, at(4), id(1, 2), 9, enqueue("b"));
        let seen = at_once(machine.tables.look(&[JobId::of(&["a"]), JobId::of(&["b"])])).unwrap();
        assert!(seen.iter().all(|record| record.as_ref().unwrap().entered_at == at(10)));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(machine.clock.now(), at(13));
        // Nor by what is heard of it.
        machine.clock.hear(at(4));
        assert_eq!(machine.clock.now(), at(10));
        machine.clock.hear(at(12));
        assert_eq!(machine.clock.now(), at(12));
        // At half its pace, until it is the server's again.
        for (number, server, reads) in [(3, 8, 12), (4, 12, 14), (5, 18, 18), (6, 19, 19)] {
            machine.apply(number, at(server), id(1, number), 9, Vec::new());
            assert_eq!(machine.state.at, at(reads));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_be_gone_is_not_entered() {
        let mut machine = machine();
        machine.apply(1, at(0), id(1, 1), 2, Vec::new());
        for (number, second, is_in_time) in [(2, 299, true), (3, 301, false)] {
            let payload = format!("@{:032x}.1", u128::try_from(at(0).as_millisecond()).unwrap() << 80);
            let jobs = vec![NewJob::new(JobId::random(), "mail", "long", payload)];
            let commands = vec![Some(Command::Enqueue { term: None, jobs }), None];
            let Applied::Done(done) = machine.apply(number, at(second), id(1, number), 9, commands) else { panic!() };
            assert!(done.len() == 2 && done[0].is_ok() == is_in_time && done[1].is_err(), "{done:?}");
        }
        assert_eq!(counts(&machine), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_was_restored_goes_on_as_the_one_that_was_dumped() {
        let (mut first, mut second) = (machine(), machine());
        first.apply(1, at(0), id(1, 1), 9, enqueue("a"));
        let (state, dump) = first.dump();
        let text = serde_json::to_string(&(&state, &dump)).unwrap();
        let (state, dump): (State, Dump) = serde_json::from_str(&text).unwrap();
        second.restore(state, dump);
        for machine in [&mut first, &mut second] {
            machine.apply(2, at(1), id(1, 2), 9, enqueue("b"));
        }
        assert_eq!(first.state, second.state);
        let of = |machine: &Machine| serde_json::to_value(machine.dump()).unwrap();
        assert_eq!(of(&first), of(&second));
        assert_eq!(counts(&second), 2);
    }
}
