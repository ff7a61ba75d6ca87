use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::entry::EntryId;

/// How long a writer of entries is remembered who writes none.
const SESSION: SignedDuration = SignedDuration::from_hours(1);

/// How long somebody may make a copy before another does; and a second more for each MiB of the one before.
const CLAIM: SignedDuration = SignedDuration::from_mins(2);

/// How many bytes of the log make a new copy worth while; more where a copy is larger.
const COPY_AFTER: u64 = 4 << 20;

/// What belongs to the log and not to the jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The place of the last entry that was applied.
    pub(super) applied: u64,
    /// What the clock read at it. It never goes back: where the server's was set back, it goes on at half the pace until
    /// that has caught up.
    pub(super) at: Timestamp,
    /// What the server's clock read.
    server: Timestamp,
    sessions: BTreeMap<u64, Session>,
    /// How many bytes there were in all entries, about, with the texts that they brought.
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

impl State {
    /// Whether an entry counts.
    pub(super) fn admits(&mut self, id: EntryId) -> bool {
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

    /// An entry of so many bytes, with the texts that it brings, was at this place.
    pub(super) fn pass(&mut self, seq: u64, server: Timestamp, bytes: u64) {
        (self.applied, self.at, self.server) = (seq, self.reads(server), server);
        self.logged += bytes;
    }

    /// What the clock reads when the server's reads that.
    pub(super) fn reads(&self, server: Timestamp) -> Timestamp {
        let passed = server.duration_since(self.server).max(SignedDuration::ZERO);
        server.max(self.at.checked_add(passed / 2).unwrap_or(self.at))
    }

    /// Whether the log has become so long that it is worth while to make a copy, and nobody is at it.
    pub(super) fn wants_copy(&self) -> bool {
        self.logged - self.copied >= COPY_AFTER.max(self.copy) && self.is_free()
    }

    fn is_free(&self) -> bool {
        self.claim.is_none_or(|claim| claim.until <= self.at)
    }

    /// Somebody would make a copy; whether he is to.
    pub(super) fn claim(&mut self, by: u64) -> bool {
        let (is_free, at) = (self.is_free(), self.at);
        if is_free {
            let longer = SignedDuration::from_secs(u32::try_from(self.copy >> 20).unwrap_or(u32::MAX).into());
            self.claim = Some(Claim { by, until: at + CLAIM + longer, logged: self.logged });
            self.sessions.retain(|_, session| at.duration_since(session.at) < SESSION);
        }
        is_free
    }

    /// Somebody has made a copy of so many bytes.
    pub(super) fn copied(&mut self, by: u64, bytes: u64) {
        if let Some(claim) = self.claim.take_if(|claim| claim.by == by) {
            (self.copied, self.copy) = (claim.logged, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_777_777_777 + second).unwrap()
    }

    #[test]
    fn one_makes_a_copy_and_another_after_a_while() {
        let mut state = State::default();
        state.pass(1, at(0), COPY_AFTER - 1);
        assert!(!state.wants_copy());
        state.pass(2, at(1), 1);
        assert!(state.wants_copy() && state.claim(5));
        state.pass(3, at(2), 0);
        assert!(!state.wants_copy() && !state.claim(6));
        // Whoever was at it seems to have gone.
        state.pass(4, at(200), 0);
        assert!(state.wants_copy() && state.claim(6));
        state.copied(5, 10);
        assert!(!state.claim(7), "that was another's");
        state.copied(6, 10);
        assert!(!state.wants_copy());
        state.pass(5, at(201), COPY_AFTER);
        assert!(state.wants_copy());
    }

    #[test]
    fn a_large_copy_may_take_its_time() {
        let mut state = State::default();
        state.pass(1, at(0), COPY_AFTER);
        assert!(state.claim(1));
        state.copied(1, 300 << 20);
        state.pass(2, at(1), 300 << 20);
        assert!(state.wants_copy() && state.claim(2));
        state.pass(3, at(420), 0);
        assert!(!state.wants_copy() && !state.claim(3));
        state.pass(4, at(421), 0);
        assert!(state.wants_copy() && state.claim(3));
    }

    #[test]
    fn a_writer_who_writes_nothing_is_forgotten() {
        let mut state = State::default();
        state.pass(1, at(0), 0);
        assert!(state.admits(EntryId { session: 1, number: 1 }) && state.admits(EntryId { session: 2, number: 1 }));
        state.pass(2, at(3_000), 0);
        assert!(state.admits(EntryId { session: 2, number: 2 }));
        state.pass(3, at(3_700), 0);
        assert!(state.claim(1));
        assert!(!state.admits(EntryId { session: 1, number: 2 }) && state.admits(EntryId { session: 2, number: 3 }));
    }
}
