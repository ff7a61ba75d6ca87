//! What the contract says, for drivers that keep their relations in a database.
//!
//! Instants are nanoseconds since 1970 in an `i64`. What is beyond the years that these reach (1678 to 2261) is as good
//! as their end: so sums saturate, and nothing is refused for its time.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod gate;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod known;

use std::time::Duration;

use jiff::Timestamp;
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) use gate::Gate;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) use known::{Change, Known};

use super::{Answer, DeadReason, DriverError, Due, End, JobState, NewJob, lead};
use crate::worker_pool::Priority;

/// How many bytes a name has at most: of a queue, a kind, a key, an owner.
const NAME: usize = 2_000;

/// How many bytes a payload or an output has at most.
const TEXT: usize = 1 << 20;

/// As it is kept.
pub(super) fn nanos(at: Timestamp) -> i64 {
    let end = if at < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX };
    i64::try_from(at.as_nanosecond()).unwrap_or(end)
}

pub(super) fn timestamp(nanos: i64) -> Timestamp {
    // There is one for each.
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::MAX)
}

/// As it is kept.
pub(super) fn length(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// From one to the other; nothing where the other is earlier.
pub(super) fn between(from: i64, to: i64) -> Duration {
    Duration::from_nanos(u64::try_from(i128::from(to) - i128::from(from)).unwrap_or(0))
}

/// So much later.
pub(super) fn after(now: i64, wait: Duration) -> i64 {
    now.saturating_add(length(wait))
}

pub(super) fn when(due: Due, now: i64) -> i64 {
    match due {
        Due::After(wait) => after(now, wait),
        Due::At(at) => nanos(at),
    }
}

/// What decides which of those that are due is taken first: the least, and then the least `seq`.
pub(super) fn rank(due: i64, priority: Priority, ageing: Duration) -> i64 {
    due.saturating_sub(length(lead(priority, ageing)))
}

/// All priorities, each at the place that it is kept as.
pub(super) const PRIORITIES: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

/// As it is kept.
pub(super) fn level(priority: Priority) -> i16 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
    }
}

pub(super) fn priority(level: i16) -> Result<Priority, DriverError> {
    let found = usize::try_from(level).ok().and_then(|level| PRIORITIES.get(level)).copied();
    found.ok_or_else(|| DriverError::new(format!("a job has the unknown priority {level}, expected 0, 1 or 2")))
}

/// By the name that it has in a database.
pub(super) fn state(name: &str) -> Result<JobState, DriverError> {
    let found = JobState::ALL.into_iter().find(|state| state.name() == name);
    found.ok_or_else(|| DriverError::new(format!("a job has the unknown state {name:?}")))
}

/// By the name that it has in a database.
pub(super) fn reason(name: &str) -> Result<DeadReason, DriverError> {
    let found = DeadReason::ALL.into_iter().find(|reason| reason.name() == name);
    found.ok_or_else(|| DriverError::new(format!("a job is dead for the unknown reason {name:?}")))
}

/// A number of something, of which there are never less than none.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A number as it is kept; one that is too great for that is as good as none that was ever given.
pub(super) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Refuses a job that would not be kept as it is.
pub(super) fn check(job: &NewJob) -> Result<(), DriverError> {
    check_name("queue", &job.queue)?;
    check_name("kind", &job.kind)?;
    job.key.as_deref().map_or(Ok(()), |key| check_name("key", key))?;
    job.unique.as_ref().map_or(Ok(()), |unique| check_name("unique key", &unique.key))?;
    check_text("payload", &job.payload)
}

/// Refuses an answer that would not be kept as it is.
pub(super) fn check_answer(answer: &Answer) -> Result<(), DriverError> {
    if let End::Done { output: Some(output) } = &answer.end {
        check_text("output", output)?;
    }
    answer.next.iter().try_for_each(check)
}

/// `what` is said in the refusal: `queue`, `owner`.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), DriverError> {
    if let Some(at) = name.bytes().position(|byte| byte == 0) {
        return Err(DriverError::refused(format!("{what}: a NUL at byte {at}, expected none")));
    }
    check_length(what, name, NAME)
}

fn check_text(what: &str, text: &str) -> Result<(), DriverError> {
    check_length(what, text, TEXT)
}

fn check_length(what: &str, text: &str, most: usize) -> Result<(), DriverError> {
    let bytes = text.len();
    if bytes <= most {
        return Ok(());
    }
    Err(DriverError::refused(format!("{what}: {bytes} bytes, expected at most {most}")))
}

/// The migrations that tables of this version lack.
pub(super) fn missing<'a>(migrations: &'a [&'a str], version: i64) -> Result<&'a [&'a str], DriverError> {
    let missing = usize::try_from(version).ok().and_then(|version| migrations.get(version..));
    let newer = || {
        let known = migrations.len();
        DriverError::refused(format!(
            "the jobs' tables are of version {version}, and this program knows them up to {known}"
        ))
    };
    missing.ok_or_else(newer)
}

/// Awaits `fut` under a token of its own, and the ambient deadline: who is being stopped still has something to write.
pub(super) async fn undeterred<F: Future>(fut: F) -> F::Output {
    Context::current().with_token(CancelToken::new()).scope(fut).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_is_beyond_what_is_kept_is_as_good_as_its_end() {
        assert_eq!((nanos(Timestamp::MIN), nanos(Timestamp::MAX)), (i64::MIN, i64::MAX));
        assert_eq!((length(Duration::MAX), after(7, Duration::MAX)), (i64::MAX, i64::MAX));
        assert_eq!(between(i64::MIN, i64::MAX), Duration::from_nanos(u64::MAX));
        assert_eq!(between(2, 1), Duration::ZERO);
        let now = Timestamp::new(1_777_777_777, 123_456_789).unwrap();
        assert_eq!(timestamp(nanos(now)), now);
        assert_eq!(nanos(timestamp(i64::MIN)), i64::MIN);
    }

    #[test]
    fn names_are_read_as_they_were_written() {
        assert!(JobState::ALL.into_iter().all(|one| state(one.name()).unwrap() == one));
        assert!(DeadReason::ALL.into_iter().all(|one| reason(one.name()).unwrap() == one));
        assert!(PRIORITIES.into_iter().all(|one| priority(level(one)).unwrap() == one));
        assert!(state("paused").is_err() && reason("").is_err() && priority(3).is_err() && priority(-1).is_err());
    }

    #[test]
    fn what_is_too_long_is_refused_with_how_long_it_may_be() {
        let error = check_name("queue", &"q".repeat(NAME + 1)).unwrap_err();
        assert!(error.is_final() && error.to_string().ends_with("queue: 2001 bytes, expected at most 2000"), "{error}");
        assert!(check_name("queue", &"q".repeat(NAME)).is_ok());
        let error = check_name("key", "a\0").unwrap_err().to_string();
        assert!(error.ends_with("key: a NUL at byte 1, expected none"), "{error}");
        assert!(
            check_text("payload", &"x".repeat(TEXT)).is_ok() && check_text("payload", &"x".repeat(TEXT + 1)).is_err()
        );
    }

    #[test]
    fn tables_that_are_newer_than_the_program_are_refused() {
        assert_eq!(missing(&["a", "b"], 1).unwrap(), ["b"]);
        assert!(missing(&["a", "b"], 2).unwrap().is_empty());
        assert!(missing(&["a", "b"], 3).is_err() && missing(&["a", "b"], -1).is_err());
    }
}
