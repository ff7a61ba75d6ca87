//! What is asked of a driver, at random.

use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{DeadReason, Due, End, JobState, NewJob, Prune, QueueLimits, QueueRate, Turns, Unique};
use actors::worker_pool::Priority;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// One call, or a while without any. Numbers that pick something go around, so each of them picks something.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Enters jobs; with the term of one who leads, or did, or none that there ever was.
    Enqueue(Option<usize>, Vec<NewJob>),
    Take {
        owner: usize,
        serial: Serial,
        queues: Vec<String>,
        most: usize,
        suspect: bool,
        ageing: Duration,
    },
    /// Answers as the owner who took the first of these jobs, or as another one.
    Answer(Option<usize>, Vec<Say>),
    /// A new owner, of this instance.
    Enter(Option<String>, u32),
    EnterAgain(usize),
    Beat(usize),
    /// Gives an owner up, as one who has just looked, or who has not seen the latest sign of life.
    Evict(usize, bool),
    Leave(usize),
    Campaign(usize),
    /// In this term, as its leader or as another one.
    Resign(usize, bool),
    Turns(Turns),
    Limit(String, QueueLimits),
    Pause(String, bool),
    Cancel(JobId),
    Retry(JobId),
    Prune(Prune),
    List {
        queue: Option<String>,
        kind: Option<String>,
        state: Option<JobState>,
        before: Option<usize>,
        most: usize,
    },
    Pass(Duration),
}

/// With which serial a take comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Serial {
    Next,
    /// That of the take before: its answer was lost.
    Again,
    /// One that is older still.
    Older,
}

/// What is said of a delivery.
#[derive(Clone, Debug)]
pub(crate) struct Say {
    /// Of one that runs, or of any that there was.
    pub(crate) runs: bool,
    pub(crate) pick: usize,
    /// With a fence that nobody ever got.
    pub(crate) forged: bool,
    pub(crate) end: End,
    pub(crate) next: Vec<NewJob>,
    /// With effects that no driver knows.
    pub(crate) effects: bool,
}

/// When it begins.
pub(crate) fn start() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn id(n: u128) -> JobId {
    JobId::from_u128(n + 1)
}

/// A job that may begin at once.
pub(crate) fn job(n: u128, queue: &str) -> NewJob {
    NewJob::new(id(n), queue, if n.is_multiple_of(2) { "even" } else { "odd" }, format!(r#"{{"n":{n}}}"#))
}

/// What there is at most: small numbers, so that what is said is often about the same.
const JOBS: u128 = 24;
const QUEUES: [&str; 3] = ["a", "b", "c"];

fn ids() -> impl Strategy<Value = JobId> {
    (0..JOBS).prop_map(id)
}

fn queue() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("a".to_owned()), 2 => Just("b".to_owned()), 1 => Just("c".to_owned())]
}

/// Seconds, of which few are often the same.
fn wait(most: u64) -> impl Strategy<Value = Duration> {
    prop_oneof![1 => Just(Duration::ZERO), 2 => (1..most).prop_map(secs)]
}

fn jobs(most: usize) -> impl Strategy<Value = Vec<NewJob>> {
    prop::collection::vec(new_job(), 1..most)
}

fn new_job() -> impl Strategy<Value = NewJob> {
    let at = (-30..30_i64).prop_map(|seconds| Due::At(start() + SignedDuration::from_secs(seconds)));
    let due = prop_oneof![
        5 => Just(Due::After(Duration::ZERO)),
        2 => wait(20).prop_map(Due::After),
        1 => at,
    ];
    let expires = prop::option::weighted(0.15, wait(20).prop_map(Due::After));
    let key = prop::option::weighted(0.5, prop_oneof![Just("k".to_owned()), Just("l".to_owned())]);
    let unique = ("[uv]", wait(25)).prop_map(|(key, window)| Unique { key, window });
    let unique = prop::option::weighted(0.3, unique);
    let priority = prop::sample::select(vec![Priority::Low, Priority::Normal, Priority::Normal, Priority::High]);
    (0..JOBS, queue(), key, unique, priority, due, expires, any::<bool>()).prop_map(
        |(n, queue, key, unique, priority, due, expires, told)| NewJob {
            key,
            unique,
            priority,
            due,
            expires,
            told,
            ..job(n, &queue)
        },
    )
}

fn end() -> impl Strategy<Value = End> {
    let error = || "no route".to_owned();
    let reason = prop::sample::select(DeadReason::ALL.to_vec());
    prop_oneof![
        3 => Just(End::Done { output: None }),
        1 => Just(End::Done { output: Some("[1]".to_owned()) }),
        4 => wait(10).prop_map(move |after| End::Retry { after, error: error() }),
        2 => reason.prop_map(move |reason| End::Dead { reason, error: error() }),
        1 => Just(End::Cancelled),
        3 => wait(10).prop_map(|after| End::Released { after }),
    ]
}

fn say() -> impl Strategy<Value = Say> {
    let next = prop_oneof![3 => Just(Vec::new()), 1 => jobs(4)];
    let effects = prop::bool::weighted(0.05);
    (prop::bool::weighted(0.75), any::<usize>(), prop::bool::weighted(0.05), end(), next, effects)
        .prop_map(|(runs, pick, forged, end, next, effects)| Say { runs, pick, forged, end, next, effects })
}

fn take() -> impl Strategy<Value = Step> {
    let serial = prop_oneof![6 => Just(Serial::Next), 2 => Just(Serial::Again), 1 => Just(Serial::Older)];
    let queues = prop::sample::subsequence(QUEUES.to_vec(), 1..=3);
    (any::<usize>(), serial, queues, 1..5_usize, prop::bool::weighted(0.7), wait(8)).prop_map(
        |(owner, serial, queues, most, suspect, ageing)| {
            let queues = queues.into_iter().map(str::to_owned).collect();
            Step::Take { owner, serial, queues, most, suspect, ageing }
        },
    )
}

fn limits() -> impl Strategy<Value = QueueLimits> {
    let rate = (1..6_u64, 1..4_u32).prop_map(|(spacing, burst)| QueueRate { spacing: secs(spacing), burst });
    (prop::option::of(0..4_u64), prop::option::of(rate)).prop_map(|(running, rate)| QueueLimits { running, rate })
}

fn turns() -> impl Strategy<Value = Turns> {
    ("[xy]", 0..4_u32, 0..5_u64, wait(15)).prop_map(|(name, count, spacing, pause)| {
        // Mostly there is none.
        let pause = if pause > secs(7) { pause } else { Duration::ZERO };
        Turns { name, count, spacing: secs(spacing), pause }
    })
}

fn list() -> impl Strategy<Value = Step> {
    let kind = prop::option::of(prop_oneof![Just("even".to_owned()), Just("odd".to_owned())]);
    let state = prop::option::of(prop::sample::select(JobState::ALL.to_vec()));
    (prop::option::of(queue()), kind, state, prop::option::of(any::<usize>()), 1..6_usize)
        .prop_map(|(queue, kind, state, before, most)| Step::List { queue, kind, state, before, most })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let owner = any::<usize>;
    let instance = prop::option::of(prop_oneof![Just("x".to_owned()), Just("y".to_owned())]);
    let prune = (wait(20), prop::option::of(wait(20)), 1..6_usize);
    prop_oneof![
        8 => (prop::option::weighted(0.2, any::<usize>()), jobs(5)).prop_map(|(term, jobs)| Step::Enqueue(term, jobs)),
        9 => take(),
        9 => (prop::option::weighted(0.1, owner()), prop::collection::vec(say(), 1..4))
            .prop_map(|(owner, says)| Step::Answer(owner, says)),
        3 => (instance, 1..4_u32).prop_map(|(instance, poison)| Step::Enter(instance, poison)),
        1 => owner().prop_map(Step::EnterAgain),
        2 => owner().prop_map(Step::Beat),
        2 => (owner(), any::<bool>()).prop_map(|(owner, late)| Step::Evict(owner, late)),
        1 => owner().prop_map(Step::Leave),
        2 => owner().prop_map(Step::Campaign),
        1 => (owner(), any::<bool>()).prop_map(|(term, other)| Step::Resign(term, other)),
        1 => turns().prop_map(Step::Turns),
        1 => (queue(), limits()).prop_map(|(queue, limits)| Step::Limit(queue, limits)),
        1 => queue().prop_map(|queue| Step::Limit(queue, QueueLimits::default())),
        1 => (queue(), any::<bool>()).prop_map(|(queue, paused)| Step::Pause(queue, paused)),
        3 => ids().prop_map(Step::Cancel),
        3 => ids().prop_map(Step::Retry),
        2 => prune.prop_map(|(over, dead, most)| Step::Prune(Prune { over, dead, most })),
        1 => list(),
        4 => wait(12).prop_map(Step::Pass),
    ]
}
