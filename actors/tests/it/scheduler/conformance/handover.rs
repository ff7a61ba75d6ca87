//! What outlives whoever claimed it.

use actors::scheduler::store::{
    Claim, ClaimKind, FiringOutcome, Passed, Recovered, Registration, ScheduleStore, Verdict,
};

use super::{claim, claim_one, finish_one, instant, lease, passed, recover, register, registration};

pub(super) async fn tells_how_far_a_schedule_has_got(store: impl ScheduleStore) {
    register(&store, "far", 0).await;
    let pass = async |now, through| {
        let passed = passed("far", through);
        store.pass(instant(now), &[passed]).await.unwrap();
    };
    let last = async |now| register(&store, "far", now).await.last;
    pass(20, 10).await;
    assert_eq!(last(100).await, Some(instant(10)));
    pass(20, 5).await;
    assert_eq!(last(100).await, Some(instant(10)));
    assert_eq!(claim_one(&store, "a", "far", 30).await, Verdict::New);
    assert_eq!(last(100).await, Some(instant(30)));
    // What is later than now is of a clock that was ahead.
    assert_eq!(last(20).await, Some(instant(10)));
    assert_eq!(claim_one(&store, "a", "far", 5_000).await, Verdict::New);
    pass(6_000, 6_000).await;
    assert_eq!(last(100).await, Some(instant(30)));
    pass(100, 90).await;
    assert_eq!(last(100).await, Some(instant(90)));
    // A trigger says nothing about the instants before it; nor does it where it is forgotten.
    let trigger = claim("far", 95, ClaimKind::Trigger);
    assert_eq!(store.claim(&lease("a", 9_000), &[trigger]).await.unwrap(), [Verdict::New]);
    assert_eq!(last(100).await, Some(instant(90)));
    finish_one(&store, "a", "far", 95, FiringOutcome::Done).await;
    let short = Registration { keep: 0, ..registration("far", 100) };
    assert_eq!(store.register(&short).await.unwrap().last, Some(instant(90)));
    let trigger = claim("far", 97, ClaimKind::Trigger);
    assert_eq!(store.claim(&lease("a", 9_000), &[trigger]).await.unwrap(), [Verdict::New]);
    finish_one(&store, "a", "far", 97, FiringOutcome::Done).await;
    assert_eq!(claim_one(&store, "a", "far", 93).await, Verdict::New);
    // Of a schedule that is not there nothing is noted.
    store.pass(instant(1), &[passed("not there", 1)]).await.unwrap();
    assert_eq!(register(&store, "not there", 2).await.last, None);
}

pub(super) async fn releases_what_did_not_begin(store: impl ScheduleStore) {
    register(&store, "releases", 0).await;
    for second in [10, 20] {
        assert_eq!(claim_one(&store, "a", "releases", second).await, Verdict::New);
    }
    for _ in 0..2 {
        finish_one(&store, "a", "releases", 20, FiringOutcome::Released).await;
    }
    let known = register(&store, "releases", 100).await;
    assert_eq!((known.runs, known.last, known.unfinished), (1, Some(instant(10)), 1));
    assert_eq!(known.recent[1].outcome, Some(FiringOutcome::Released));
    let found = recover(&store, "b", 25, "releases").await;
    assert_eq!(found, Recovered { interrupted: vec![], released: vec![instant(20)], elsewhere: 1 });
    // It is there for whoever asks first.
    let again = Claim { kind: ClaimKind::Again, ..claim("releases", 20, ClaimKind::Due) };
    assert_eq!(store.claim(&lease("b", 60), &[again]).await.unwrap(), [Verdict::Taken]);
    assert_eq!(claim_one(&store, "b", "releases", 20).await, Verdict::New);
    assert_eq!(claim_one(&store, "c", "releases", 20).await, Verdict::Taken);
    // And is not the old owner's any more.
    finish_one(&store, "a", "releases", 20, FiringOutcome::Done).await;
    let known = register(&store, "releases", 100).await;
    assert_eq!((known.runs, known.last, known.unfinished), (2, Some(instant(20)), 2));
    assert!(recover(&store, "b", 26, "releases").await.released.is_empty());
    // Who decides on it without a claim takes it away, too; and nothing else.
    for second in [30, 40, 50] {
        assert_eq!(claim_one(&store, "b", "releases", second).await, Verdict::New);
    }
    for second in [30, 50] {
        finish_one(&store, "b", "releases", second, FiringOutcome::Released).await;
    }
    for _ in 0..2 {
        store.pass(instant(60), &[Passed { first: instant(20), ..passed("releases", 45) }]).await.unwrap();
    }
    let known = register(&store, "releases", 100).await;
    let left: Vec<_> = known.recent.iter().map(|record| record.instant).collect();
    assert_eq!(left, [10, 20, 40, 50].map(instant));
    assert_eq!(known.last, Some(instant(45)));
}

pub(super) async fn hands_over_what_a_crash_cut_off(store: impl ScheduleStore) {
    register(&store, "crash", 0).await;
    register(&store, "crash too", 0).await;
    for (schedule, second) in [("crash", 10), ("crash", 20), ("crash too", 10)] {
        assert_eq!(claim_one(&store, "a", schedule, second).await, Verdict::New);
    }
    finish_one(&store, "a", "crash", 10, FiringOutcome::Done).await;
    // The lease of the last call was until 40; at 40 it is not over.
    assert_eq!(recover(&store, "b", 40, "crash").await, Recovered { elsewhere: 1, ..Recovered::default() });
    let names = ["crash too", "nobody", "crash"].map(str::to_owned);
    for _ in 0..2 {
        // The same answer, if it is asked again.
        let found = store.recover(&lease("b", 80), instant(41), &names).await.unwrap();
        let cut = |second| Recovered { interrupted: vec![instant(second)], ..Recovered::default() };
        assert_eq!(found, [cut(10), Recovered::default(), cut(20)]);
    }
    // It is one's own now, and nobody else's.
    assert_eq!(recover(&store, "c", 50, "crash").await, Recovered { elsewhere: 1, ..Recovered::default() });
    finish_one(&store, "a", "crash", 20, FiringOutcome::Done).await;
    assert_eq!(register(&store, "crash", 100).await.unfinished, 1);
    finish_one(&store, "b", "crash", 20, FiringOutcome::Interrupted).await;
    assert_eq!(recover(&store, "c", 51, "crash").await, Recovered::default());
    // Whoever took it over may crash, too.
    let found = recover(&store, "c", 200, "crash too").await;
    assert_eq!(found.interrupted, [instant(10)]);
}

pub(super) async fn leaves_alone_who_is_alive(store: impl ScheduleStore) {
    register(&store, "alive", 0).await;
    assert_eq!(claim_one(&store, "a", "alive", 10).await, Verdict::New);
    // Each call is a sign of life.
    assert_eq!(recover(&store, "a", 39, "alive").await, Recovered::default());
    assert_eq!(recover(&store, "b", 60, "alive").await.elsewhere, 1);
    store.finish(&lease("a", 99), &[]).await.unwrap();
    assert_eq!(recover(&store, "b", 90, "alive").await.elsewhere, 1);
    store.claim(&lease("a", 129), &[]).await.unwrap();
    assert_eq!(recover(&store, "b", 129, "alive").await.elsewhere, 1);
    // The last one counts, also if it is shorter: the clock was set back.
    store.finish(&lease("a", 50), &[]).await.unwrap();
    assert_eq!(recover(&store, "b", 51, "alive").await.interrupted, [instant(10)]);
}

pub(super) async fn runs_again_what_was_handed_over(store: impl ScheduleStore) {
    register(&store, "again", 0).await;
    assert_eq!(claim_one(&store, "a", "again", 10).await, Verdict::New);
    assert_eq!(recover(&store, "b", 100, "again").await.interrupted, [instant(10)]);
    let again = [claim("again", 10, ClaimKind::Again)];
    assert_eq!(store.claim(&lease("c", 130), &again).await.unwrap(), [Verdict::Taken]);
    for _ in 0..2 {
        assert_eq!(store.claim(&lease("b", 130), &again).await.unwrap(), [Verdict::New]);
    }
    assert_eq!(recover(&store, "b", 101, "again").await, Recovered::default());
    assert_eq!(register(&store, "again", 110).await.runs, 1);
    finish_one(&store, "b", "again", 10, FiringOutcome::Done).await;
    let known = register(&store, "again", 110).await;
    assert_eq!((known.unfinished, known.recent[0].outcome.clone()), (0, Some(FiringOutcome::Done)));
}

pub(super) async fn forgets_a_schedule_with_all_of_it(store: impl ScheduleStore) {
    register(&store, "forgets", 0).await;
    register(&store, "forgets not", 0).await;
    for name in ["forgets", "forgets not"] {
        assert_eq!(claim_one(&store, "a", name, 10).await, Verdict::New);
    }
    assert!(store.forget("forgets").await.unwrap());
    assert!(!store.forget("forgets").await.unwrap());
    assert_eq!(claim_one(&store, "a", "forgets", 20).await, Verdict::Unknown);
    finish_one(&store, "a", "forgets", 10, FiringOutcome::Done).await;
    let new = register(&store, "forgets", 50).await;
    assert_eq!((new.anchor, new.last, new.runs, new.recent), (instant(50), None, 0, vec![]));
    assert_eq!(claim_one(&store, "b", "forgets", 10).await, Verdict::New);
    assert_eq!(register(&store, "forgets not", 50).await.runs, 1);
}

pub(super) async fn remembers_across_reopening<S: ScheduleStore>(open: &impl AsyncFn() -> S) {
    let store = open().await;
    register(&store, "reopened", 0).await;
    for second in [10, 20] {
        assert_eq!(claim_one(&store, "a", "reopened", second).await, Verdict::New);
    }
    finish_one(&store, "a", "reopened", 10, FiringOutcome::Done).await;
    drop(store);
    let store = open().await;
    assert_eq!(claim_one(&store, "b", "reopened", 10).await, Verdict::Taken);
    let known = register(&store, "reopened", 30).await;
    assert_eq!((known.anchor, known.last, known.runs, known.unfinished), (instant(0), Some(instant(20)), 2, 1));
    assert_eq!(recover(&store, "b", 51, "reopened").await.interrupted, [instant(20)]);
}

/// Several at once, each with a store of its own: of all who want a firing, one gets it.
pub(super) async fn grants_each_firing_to_one_of_many<S: ScheduleStore>(open: &impl AsyncFn() -> S) {
    register(&open().await, "many", 0).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = open().await;
        tasks.spawn(async move {
            let mut granted = Vec::new();
            for second in 1..=20 {
                if claim_one(&store, &format!("owner {n}"), "many", second * 10).await == Verdict::New {
                    granted.push(second);
                }
                tokio::task::yield_now().await;
            }
            granted
        });
    }
    let mut granted = tasks.join_all().await.concat();
    granted.sort_unstable();
    assert_eq!(granted, (1..=20).collect::<Vec<i64>>());
    assert_eq!(register(&open().await, "many", 1_000).await.runs, 20);
}
