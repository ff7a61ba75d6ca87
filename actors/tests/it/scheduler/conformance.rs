//! The contract of a store, as a test that takes any: see `actors::scheduler::store`.

// Said with a path, as the integration tests take this file for their own stores.
#[path = "conformance/claims.rs"]
mod claims;
#[path = "conformance/handover.rs"]
mod handover;

use std::time::Duration;

use actors::scheduler::store::{
    Claim, ClaimKind, Definition, Finished, FiringOutcome, Kind, Lease, Passed, Recovered, Registered, Registration,
    ScheduleStore, Unclaimed, Verdict,
};
use jiff::Timestamp;

/// Asserts that a store does what it must. `open` opens the same, empty store, again and again: what one says, the next
/// must know.
pub(crate) async fn conforms<S: ScheduleStore>(open: impl AsyncFn() -> S) {
    claims::knows_what_was_registered(open().await).await;
    claims::replaces_a_definition_and_keeps_the_rest(open().await).await;
    claims::grants_a_firing_once(open().await).await;
    claims::answers_each_claim_of_a_batch_in_order(open().await).await;
    claims::repeats_an_answer_that_was_lost(open().await).await;
    claims::counts_runs_up_to_the_limit(open().await).await;
    claims::keeps_outcomes_and_forgets_the_oldest(open().await).await;
    claims::ignores_who_is_not_the_owner(open().await).await;
    handover::tells_how_far_a_schedule_has_got(open().await).await;
    handover::releases_what_did_not_begin(open().await).await;
    handover::hands_over_what_a_crash_cut_off(open().await).await;
    handover::leaves_alone_who_is_alive(open().await).await;
    handover::runs_again_what_was_handed_over(open().await).await;
    handover::forgets_a_schedule_with_all_of_it(open().await).await;
    claims::takes_names_and_texts_as_they_are(open().await).await;
    claims::takes_full_batches(open().await).await;
    claims::takes_a_batch_in_its_order(open().await).await;
    handover::remembers_across_reopening(&open).await;
    handover::grants_each_firing_to_one_of_many(&open).await;
}

/// An instant with nanoseconds, which a store must not round.
fn instant(second: i64) -> Timestamp {
    Timestamp::new(1_777_777_777 + second, 123_456_789).unwrap()
}

fn lease(owner: &str, until: i64) -> Lease {
    Lease { owner: owner.to_owned(), until: instant(until) }
}

fn registration(name: &str, now: i64) -> Registration {
    let kind = Kind::Every { period: Duration::from_secs(10), immediately: false };
    Registration { definition: Definition::new(name, kind), anchor: instant(now), now: instant(now), keep: 100 }
}

fn claim(schedule: &str, second: i64, kind: ClaimKind) -> Claim {
    Claim { schedule: schedule.to_owned(), instant: instant(second), kind, limit: None, at: instant(second) }
}

fn passed(schedule: &str, through: i64) -> Passed {
    let through = instant(through);
    Passed { schedule: schedule.to_owned(), first: through, through, count: 1, why: Unclaimed::Missed }
}

fn finished(schedule: &str, second: i64, outcome: FiringOutcome) -> Finished {
    Finished {
        schedule: schedule.to_owned(),
        instant: instant(second),
        outcome,
        at: instant(second + 1),
        triggered: false,
    }
}

async fn register(store: &impl ScheduleStore, name: &str, now: i64) -> Registered {
    store.register(&registration(name, now)).await.unwrap()
}

async fn claim_one(store: &impl ScheduleStore, owner: &str, schedule: &str, second: i64) -> Verdict {
    let claims = [claim(schedule, second, ClaimKind::Due)];
    store.claim(&lease(owner, second + 30), &claims).await.unwrap()[0]
}

async fn finish_one(store: &impl ScheduleStore, owner: &str, schedule: &str, second: i64, outcome: FiringOutcome) {
    store.finish(&lease(owner, second + 30), &[finished(schedule, second, outcome)]).await.unwrap();
}

async fn recover(store: &impl ScheduleStore, owner: &str, now: i64, schedule: &str) -> Recovered {
    let schedules = [schedule.to_owned()];
    let found = store.recover(&lease(owner, now + 30), instant(now), &schedules).await.unwrap();
    assert_eq!(found.len(), 1);
    found.into_iter().next().unwrap()
}
