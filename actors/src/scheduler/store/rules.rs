//! What the contract says, for stores that keep their relations in a database.

use jiff::Timestamp;

use super::{Claim, ClaimKind, Definition, FiringOutcome, FiringRecord, Kind, Lease, Recovered, StoreError, Verdict};

/// Where a firing is, by the name that it has in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Claimed,
    Interrupted,
    Finished,
    Released,
}

impl State {
    pub(super) fn of(outcome: &FiringOutcome) -> Self {
        if *outcome == FiringOutcome::Released { Self::Released } else { Self::Finished }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Interrupted => "interrupted",
            Self::Finished => "finished",
            Self::Released => "released",
        }
    }

    pub(super) fn parse(name: &str) -> Result<Self, StoreError> {
        let all = [Self::Claimed, Self::Interrupted, Self::Finished, Self::Released];
        let found = all.into_iter().find(|state| state.name() == name);
        found.ok_or_else(|| StoreError::new(format!("a firing has the unknown state {name:?}")))
    }

    fn is_unfinished(self) -> bool {
        matches!(self, Self::Claimed | Self::Interrupted)
    }
}

/// What is to be done about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing.
    Answer(Verdict),
    /// It is the claimer's already, in this state.
    Keep(State),
    /// The firing is to be made, or made anew, and the schedule has one more run.
    Make,
}

/// Decides on a claim of `owner`'s for a schedule that is known. `row` is the state and the owner of its firing, if
/// there is one.
pub(super) fn decide(
    owner: &str,
    claim: &Claim,
    row: Option<(State, &str)>,
    runs: i64,
    floor: Option<i64>,
) -> Result<Decision, StoreError> {
    let taken = Decision::Answer(Verdict::Taken);
    match row {
        Some((state, by)) if state.is_unfinished() && by == owner => return Ok(Decision::Keep(state)),
        Some((State::Released, _)) | None => {}
        Some(_) => return Ok(taken),
    }
    let instant = nanos(claim.instant)?;
    let forgotten = floor.is_some_and(|floor| instant <= floor);
    Ok(match claim.kind {
        ClaimKind::Again => taken,
        ClaimKind::Due if forgotten => taken,
        _ if claim.limit.is_some_and(|limit| count(runs) >= limit) => Decision::Answer(Verdict::Exhausted),
        _ => Decision::Make,
    })
}

/// Whether a schedule that is kept with the definition `before` has other instants from now on.
pub(super) fn replaces(definition: &Definition, before: &str) -> bool {
    serde_json::from_str(before).is_ok_and(|before: Definition| definition.kind.replaces(&before.kind))
}

/// A firing that is not finished, as somebody finds it who looks for what others have left behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open<'a> {
    pub(super) instant: i64,
    pub(super) state: State,
    pub(super) owner: &'a str,
    /// Whether the owner's lease is known and not over.
    pub(super) is_alive: bool,
}

impl Open<'_> {
    /// Enters it into what `asker` found; whether it is now the asker's, interrupted, and was not before.
    pub(super) fn enter(self, asker: &str, found: &mut Recovered) -> Result<bool, StoreError> {
        let instant = timestamp(self.instant)?;
        let is_own = self.owner == asker;
        let is_left = self.state.is_unfinished() && !is_own && !self.is_alive;
        match self.state {
            State::Released => found.released.push(instant),
            State::Finished => {}
            _ if is_left => found.interrupted.push(instant),
            _ if !is_own => found.elsewhere += 1,
            State::Interrupted => found.interrupted.push(instant),
            State::Claimed => {}
        }
        Ok(is_left)
    }
}

/// A firing as it is kept: its instant, when it was claimed and finished, and its outcome.
pub(super) type Row = (i64, i64, Option<i64>, Option<String>);

pub(super) fn record((instant, claimed_at, finished_at, outcome): Row) -> Result<FiringRecord, StoreError> {
    let outcome = outcome.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::new)?;
    let (instant, claimed_at) = (timestamp(instant)?, timestamp(claimed_at)?);
    let finished_at = finished_at.map(timestamp).transpose()?;
    Ok(FiringRecord { instant, claimed_at, finished_at, outcome })
}

/// As it is kept.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::new)
}

/// A definition as it is kept. One whose instant can't be is refused: its claim would hold up all that come after it.
pub(super) fn definition(definition: &Definition) -> Result<String, StoreError> {
    if let Kind::At { at } = definition.kind {
        nanos(at)?;
    }
    json(definition)
}

/// As it is kept: nanoseconds since 1970.
pub(super) fn nanos(at: Timestamp) -> Result<i64, StoreError> {
    let beyond = |_| StoreError::new(format!("{at} is not within the years 1678 to 2261"));
    i64::try_from(at.as_nanosecond()).map_err(beyond)
}

/// A lease that goes on for longer than there are nanoseconds is as good as one for ever; one that was over before there
/// were any has always been.
pub(super) fn until(lease: &Lease) -> i64 {
    nanos(lease.until).unwrap_or(if lease.until < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

pub(super) fn timestamp(nanos: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_nanosecond(i128::from(nanos)).map_err(StoreError::new)
}

/// A number of something, of which there are never less than none.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// Those that tables of this version lack.
pub(super) fn missing<'a>(migrations: &'a [&'a str], version: i64) -> Result<&'a [&'a str], StoreError> {
    let missing = usize::try_from(version).ok().and_then(|version| migrations.get(version..));
    let newer = || {
        let known = migrations.len();
        StoreError::new(format!("its tables are of version {version}, and this program knows them up to {known}"))
    };
    missing.ok_or_else(newer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_newer_than_the_program_are_refused() {
        assert_eq!(missing(&["a", "b"], 0).unwrap(), ["a", "b"]);
        assert_eq!(missing(&["a", "b"], 1).unwrap(), ["b"]);
        assert!(missing(&["a", "b"], 2).unwrap().is_empty());
        assert!(missing(&["a", "b"], 3).is_err() && missing(&["a", "b"], -1).is_err());
    }

    #[test]
    fn a_lease_may_be_for_ever_and_an_instant_may_not() {
        let lease = Lease { owner: "a".to_owned(), until: Timestamp::MAX };
        assert_eq!(until(&lease), i64::MAX);
        assert_eq!(until(&Lease { until: Timestamp::MIN, ..lease }), i64::MIN);
        assert!(nanos(Timestamp::MAX).is_err());
        let now = Timestamp::new(1_777_777_777, 123_456_789).unwrap();
        assert_eq!(timestamp(nanos(now).unwrap()).unwrap(), now);
    }
}
