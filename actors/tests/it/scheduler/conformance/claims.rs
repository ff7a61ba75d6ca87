//! Schedules, claims and outcomes.

use std::time::Duration;

use actors::scheduler::store::{
    Claim, ClaimKind, Definition, FiringOutcome, Kind, Registered, Registration, ScheduleStore, Verdict,
};
use actors::scheduler::{CatchUp, OnInterrupted, Overlap};
use jiff::SignedDuration;

use super::{claim, claim_one, finish_one, finished, instant, lease, passed, register, registration};

pub(super) async fn knows_what_was_registered(store: impl ScheduleStore) {
    let new = register(&store, "knows", 0).await;
    let expected = Registered { anchor: instant(0), last: None, runs: 0, unfinished: 0, recent: Vec::new() };
    assert_eq!(new, expected);
    // Again, later: the anchor is the first one.
    assert_eq!(register(&store, "knows", 50).await, expected);
    assert_eq!(register(&store, "knows not", 50).await.anchor, instant(50));
}

pub(super) async fn replaces_a_definition_and_keeps_the_rest(store: impl ScheduleStore) {
    register(&store, "replaces", 0).await;
    assert_eq!(claim_one(&store, "a", "replaces", 10).await, Verdict::New);
    let mut other = registration("replaces", 20);
    other.definition = Definition {
        name: "replaces".to_owned(),
        kind: Kind::Cron { expression: "0 3 * * *".to_owned(), time_zone: "Europe/Berlin".to_owned() },
        overlap: Overlap::Queue(3),
        catch_up: CatchUp::All { within: Duration::from_secs(3_600), at_most: 7 },
        jitter: Duration::from_millis(1_500),
        times: Some(u64::from(u32::MAX)),
        on_interrupted: OnInterrupted::RunAgain,
    };
    let known = store.register(&other).await.unwrap();
    // Its instants are others now, so none up to now is due.
    assert_eq!((known.anchor, known.last, known.runs, known.unfinished), (instant(0), Some(instant(20)), 1, 1));
    other.now = instant(30);
    other.definition.overlap = Overlap::Skip;
    assert_eq!(store.register(&other).await.unwrap().last, Some(instant(20)));
    // One that runs once may have been put off.
    other.definition.kind = Kind::At { at: instant(25) };
    assert_eq!(store.register(&other).await.unwrap().last, Some(instant(20)));
}

pub(super) async fn grants_a_firing_once(store: impl ScheduleStore) {
    register(&store, "once", 0).await;
    assert_eq!(claim_one(&store, "a", "once", 10).await, Verdict::New);
    assert_eq!(claim_one(&store, "b", "once", 10).await, Verdict::Taken);
    assert_eq!(claim_one(&store, "b", "once", 20).await, Verdict::New);
    finish_one(&store, "a", "once", 10, FiringOutcome::Done).await;
    // Not after its end either, and not even by the same one.
    assert_eq!(claim_one(&store, "b", "once", 10).await, Verdict::Taken);
    assert_eq!(claim_one(&store, "a", "once", 10).await, Verdict::Taken);
    // A nanosecond makes another instant.
    let mut next = claim("once", 10, ClaimKind::Trigger);
    next.instant += SignedDuration::from_nanos(1);
    assert_eq!(store.claim(&lease("a", 60), &[next]).await.unwrap(), [Verdict::New]);
    assert_eq!(register(&store, "once", 100).await.runs, 3);
}

pub(super) async fn answers_each_claim_of_a_batch_in_order(store: impl ScheduleStore) {
    for name in ["batch a", "batch b"] {
        register(&store, name, 0).await;
    }
    assert_eq!(claim_one(&store, "other", "batch b", 10).await, Verdict::New);
    let claims = [
        claim("batch b", 10, ClaimKind::Due),
        claim("batch a", 10, ClaimKind::Due),
        claim("nobody", 10, ClaimKind::Due),
        claim("batch a", 20, ClaimKind::Trigger),
        claim("batch a", 30, ClaimKind::Again),
        claim("batch b", 20, ClaimKind::Due),
    ];
    let expected = [Verdict::Taken, Verdict::New, Verdict::Unknown, Verdict::New, Verdict::Taken, Verdict::New];
    assert_eq!(store.claim(&lease("a", 60), &claims).await.unwrap(), expected);
    assert!(store.claim(&lease("a", 60), &[]).await.unwrap().is_empty());
    store.finish(&lease("a", 60), &[]).await.unwrap();
    store.pass(instant(60), &[]).await.unwrap();
    assert!(store.recover(&lease("a", 60), instant(60), &[]).await.unwrap().is_empty());
}

pub(super) async fn repeats_an_answer_that_was_lost(store: impl ScheduleStore) {
    register(&store, "repeats", 0).await;
    assert_eq!(claim_one(&store, "a", "repeats", 10).await, Verdict::New);
    assert_eq!(claim_one(&store, "a", "repeats", 10).await, Verdict::New);
    for _ in 0..2 {
        finish_one(&store, "a", "repeats", 10, FiringOutcome::Done).await;
    }
    for _ in 0..2 {
        store.pass(instant(25), &[passed("repeats", 20)]).await.unwrap();
    }
    let known = register(&store, "repeats", 100).await;
    assert_eq!((known.runs, known.last, known.unfinished, known.recent.len()), (1, Some(instant(20)), 0, 1));
}

pub(super) async fn counts_runs_up_to_the_limit(store: impl ScheduleStore) {
    register(&store, "limit", 0).await;
    let limited = |second| Claim { limit: Some(2), ..claim("limit", second, ClaimKind::Due) };
    let claims = [limited(10), limited(20), limited(30)];
    let expected = [Verdict::New, Verdict::New, Verdict::Exhausted];
    assert_eq!(store.claim(&lease("a", 60), &claims).await.unwrap(), expected);
    // Repeated, it is granted what it has, and nothing more.
    assert_eq!(store.claim(&lease("a", 60), &claims).await.unwrap(), expected);
    // What did not begin was no run.
    finish_one(&store, "a", "limit", 20, FiringOutcome::Skipped("it overlapped".to_owned())).await;
    assert_eq!(register(&store, "limit", 100).await.runs, 1);
    assert_eq!(store.claim(&lease("a", 60), &[limited(30)]).await.unwrap(), [Verdict::New]);
    finish_one(&store, "a", "limit", 30, FiringOutcome::Interrupted).await;
    assert_eq!(store.claim(&lease("a", 60), &[limited(40)]).await.unwrap(), [Verdict::Exhausted]);
}

pub(super) async fn keeps_outcomes_and_forgets_the_oldest(store: impl ScheduleStore) {
    let few = Registration { keep: 3, ..registration("keeps", 0) };
    store.register(&few).await.unwrap();
    let outcomes = [
        FiringOutcome::Done,
        FiringOutcome::Failed("disk is full".to_owned()),
        FiringOutcome::Panicked("panicked: no table (at src/x.rs:1:2)".to_owned()),
        FiringOutcome::Cancelled,
        FiringOutcome::Skipped("it overlapped".to_owned()),
    ];
    // The one at 5 has not been finished, and stays.
    assert_eq!(claim_one(&store, "a", "keeps", 5).await, Verdict::New);
    for (second, outcome) in (10..).step_by(10).zip(&outcomes) {
        assert_eq!(claim_one(&store, "a", "keeps", second).await, Verdict::New);
        finish_one(&store, "a", "keeps", second, outcome.clone()).await;
    }
    let recent = store.register(&few).await.unwrap().recent;
    let latest: Vec<_> = recent.iter().rev().take(3).rev().map(|record| record.outcome.clone().unwrap()).collect();
    assert_eq!(latest, outcomes[2..]);
    let last = recent.last().unwrap();
    assert_eq!((last.instant, last.claimed_at, last.finished_at), (instant(50), instant(50), Some(instant(51))));
    assert!(recent.len() <= 3 && recent.is_sorted_by_key(|record| record.instant));
    // Whether it still knows them or not, nobody gets one of those that were had already.
    for second in [10, 20, 30, 40, 50] {
        assert_eq!(claim_one(&store, "b", "keeps", second).await, Verdict::Taken, "{second}");
    }
    assert_eq!(claim_one(&store, "b", "keeps", 60).await, Verdict::New);
    assert_eq!(store.register(&few).await.unwrap().unfinished, 2);
}

pub(super) async fn ignores_who_is_not_the_owner(store: impl ScheduleStore) {
    register(&store, "owner", 0).await;
    assert_eq!(claim_one(&store, "a", "owner", 10).await, Verdict::New);
    finish_one(&store, "b", "owner", 10, FiringOutcome::Done).await;
    finish_one(&store, "b", "owner", 20, FiringOutcome::Done).await;
    finish_one(&store, "b", "unknown", 20, FiringOutcome::Done).await;
    let known = register(&store, "owner", 100).await;
    assert_eq!((known.unfinished, known.recent.len(), known.recent[0].outcome.clone()), (1, 1, None));
}

pub(super) async fn takes_names_and_texts_as_they_are(store: impl ScheduleStore) {
    let names = ["a'; drop table schedules; --", "Größe %_\\ \"x\"", "größe %_\\ \"x\"", " spaces ", "🦀\n\t"];
    for name in names {
        assert_eq!(register(&store, name, 0).await.runs, 0, "{name:?}");
        assert_eq!(claim_one(&store, "o'w%ner", name, 10).await, Verdict::New);
        finish_one(&store, "o'w%ner", name, 10, FiringOutcome::Failed(name.to_owned())).await;
    }
    for name in names {
        let known = register(&store, name, 50).await;
        assert_eq!((known.runs, known.recent.len()), (1, 1), "{name:?}");
        assert_eq!(known.recent[0].outcome, Some(FiringOutcome::Failed(name.to_owned())));
    }
    // From long ago to far ahead.
    register(&store, "wide", 0).await;
    for at in ["1678-01-01T00:00:00.000000001Z", "2261-12-31T23:59:59.999999999Z"] {
        let far = Claim { instant: at.parse().unwrap(), ..claim("wide", 0, ClaimKind::Due) };
        assert_eq!(store.claim(&lease("a", 60), std::slice::from_ref(&far)).await.unwrap(), [Verdict::New]);
        let recent = register(&store, "wide", 60).await.recent;
        assert!(recent.iter().any(|record| record.instant == far.instant), "{at}");
    }
}

pub(super) async fn takes_full_batches(store: impl ScheduleStore) {
    let names: Vec<String> = (0..512).map(|n| format!("full {n}")).collect();
    for name in &names {
        register(&store, name, 0).await;
    }
    let claims: Vec<_> = names.iter().map(|name| claim(name, 10, ClaimKind::Due)).collect();
    assert_eq!(store.claim(&lease("a", 40), &claims).await.unwrap(), [Verdict::New; 512]);
    let passed: Vec<_> = names.iter().map(|name| passed(name, 15)).collect();
    store.pass(instant(20), &passed).await.unwrap();
    let found = store.recover(&lease("b", 80), instant(50), &names).await.unwrap();
    assert!(found.len() == 512 && found.iter().all(|found| found.interrupted == [instant(10)]));
    let ends: Vec<_> = names.iter().map(|name| finished(name, 10, FiringOutcome::Interrupted)).collect();
    store.finish(&lease("b", 80), &ends).await.unwrap();
    let known = register(&store, &names[511], 60).await;
    assert_eq!((known.last, known.unfinished), (Some(instant(15)), 0));
}

pub(super) async fn takes_a_batch_in_its_order(store: impl ScheduleStore) {
    store.register(&Registration { keep: 1, ..registration("order", 0) }).await.unwrap();
    let claims = [10, 10, 20, 30].map(|second| claim("order", second, ClaimKind::Due));
    assert_eq!(store.claim(&lease("a", 60), &claims).await.unwrap(), [Verdict::New; 4]);
    let skipped = || FiringOutcome::Skipped("x".to_owned());
    // Of two ends the first one counts; and what was no run is no run, however many there were.
    let ends = [(30, FiringOutcome::Done), (30, FiringOutcome::Cancelled), (10, skipped()), (20, skipped())];
    let ends = ends.map(|(second, outcome)| finished("order", second, outcome));
    store.finish(&lease("a", 60), &ends).await.unwrap();
    let known = register(&store, "order", 100).await;
    assert_eq!((known.runs, known.recent.last().unwrap().outcome.clone()), (1, Some(FiringOutcome::Done)));
    // All but one were forgotten, and a trigger is for now, wherever that is.
    let early = [claim("order", 15, ClaimKind::Trigger)];
    assert_eq!(store.claim(&lease("b", 60), &early).await.unwrap(), [Verdict::New]);
}
