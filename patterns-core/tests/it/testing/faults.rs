//! `Faults`: which calls go wrong, how, and that every call is counted as one thing or another.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use patterns_core::context::Context;
use patterns_core::outcome::{BoxError, catch_panic, catch_panics};
use patterns_core::testing::{Fault, FaultReport, Faults, FaultsBuilder, FaultsError, Injected, When};
use patterns_core::testing::{elapse, explore_cancellation};
use proptest::prelude::*;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{ms, secs};

fn one(fault: Fault, when: When) -> Faults {
    Faults::builder().inject(fault, when).build().unwrap()
}

/// Of so many calls, those that fail.
async fn failing(faults: &Faults, calls: u64) -> Vec<u64> {
    let mut failed = Vec::new();
    for call in 1..=calls {
        if faults.run(async { Ok::<_, Injected>(()) }).await.is_err() {
            failed.push(call);
        }
    }
    failed
}

fn assert_conserved(report: &FaultReport) {
    assert_eq!(report.calls, report.passed + report.injected(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn without_a_rule_everything_passes_and_is_counted() {
    let faults = Faults::builder().build().unwrap();
    assert!(failing(&faults, 10).await.is_empty());
    let report = faults.report();
    assert_eq!((report.calls, report.passed, report.injected()), (10, 10, 0));
}

#[tokio::test(start_paused = true)]
async fn every_third_and_only_the_second() {
    assert_eq!(failing(&one(Fault::Error, When::Every(3)), 10).await, [3, 6, 9]);
    assert_eq!(failing(&one(Fault::Error, When::Nth(2)), 10).await, [2]);
    assert_eq!(failing(&one(Fault::Error, When::Always), 3).await, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn by_chance_about_as_many_as_it_says_and_none_or_all_at_the_ends() {
    let many = failing(&one(Fault::Error, When::Chance(0.3)), 10_000).await.len();
    assert!((2_700..3_300).contains(&many), "{many}");
    assert!(failing(&one(Fault::Error, When::Chance(0.0)), 1_000).await.is_empty());
    assert_eq!(failing(&one(Fault::Error, When::Chance(1.0)), 1_000).await.len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_does_the_same_and_in_any_version() {
    let chance = |seed| Faults::builder().seed(seed).inject(Fault::Error, When::Chance(0.3)).build().unwrap();
    assert_eq!(failing(&chance(42), 20).await, [2, 3, 9, 12, 14, 16, 17, 18]);
    assert_eq!(failing(&chance(42), 20).await, [2, 3, 9, 12, 14, 16, 17, 18]);
    assert_eq!(failing(&chance(0), 20).await, [1, 3, 5, 9, 13, 16, 19]);
    assert_eq!(chance(7).seed(), 7);
}

#[tokio::test(start_paused = true)]
async fn what_happens_at_one_point_does_not_depend_on_another() {
    let build = || Faults::builder().seed(1).inject(Fault::Error, When::Chance(0.5)).build().unwrap();
    let alone = failing(&build().at("db"), 50).await;

    let faults = build();
    let mut mixed = Vec::<u64>::new();
    for call in 1..=50 {
        failing(&faults.at("cache"), 3).await;
        if !failing(&faults.at("db"), 1).await.is_empty() {
            mixed.push(call);
        }
    }
    assert_eq!(mixed, alone);
    assert_ne!(failing(&build().at("cache"), 50).await, alone);
}

#[tokio::test(start_paused = true)]
async fn a_rule_for_one_point_leaves_the_others_alone() {
    let faults = Faults::builder().inject_at("db", Fault::Error, When::Always).build().unwrap();
    assert_eq!(failing(&faults.at("db"), 2).await, [1, 2]);
    assert!(failing(&faults.at("cache"), 2).await.is_empty());
    assert!(failing(&faults, 2).await.is_empty());
    assert_eq!((faults.report_at("db").errors, faults.report_at("cache").passed), (2, 2));
    assert_eq!(faults.report_at("nowhere"), FaultReport::default());
    let total = faults.report();
    assert_eq!((total.calls, total.passed, total.errors), (6, 4, 2));
}

#[tokio::test(start_paused = true)]
async fn of_several_rules_the_first_that_hits_counts() {
    let faults = Faults::builder()
        .inject(Fault::Delay(secs(1)), When::Every(2))
        .inject(Fault::Error, When::Every(3))
        .build()
        .unwrap();
    assert_eq!(failing(&faults, 12).await, [3, 9], "the sixth and the twelfth are only late");
    let report = faults.report();
    assert_eq!((report.delays, report.errors, report.passed), (6, 2, 4));
    assert_conserved(&report);
}

#[tokio::test(start_paused = true)]
async fn down_from_ten_seconds_to_twenty() {
    let faults = one(Fault::Error, When::Between(secs(10), secs(20)));
    let mut failed = Vec::new();
    for second in 0..30 {
        if !failing(&faults, 1).await.is_empty() {
            failed.push(second);
        }
        elapse(secs(1)).await;
    }
    assert_eq!(failed, (10..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_in_the_place_of_the_operation_and_says_where_and_with_which_seed() {
    let faults = Faults::builder().seed(17).inject(Fault::Error, When::Nth(2)).build().unwrap();
    let begun = AtomicUsize::new(0);
    let operation = async || {
        begun.fetch_add(1, SeqCst);
        Ok::<_, Injected>("done")
    };
    let db = faults.at("db");
    assert_eq!(db.run(operation()).await, Ok("done"));
    let error = db.run(operation()).await.unwrap_err();
    assert_eq!(begun.load(SeqCst), 1);
    assert_eq!((error.fault(), error.at(), error.call(), error.seed()), (Fault::Error, "db", 2, 17));
    assert_eq!(error.to_string(), "injected error in call 2 at `db` (seed 17)");

    let error = one(Fault::Error, When::Always).run(operation()).await.unwrap_err();
    assert_eq!(error.to_string(), "injected error in call 1 (seed 0)");
}

#[tokio::test(start_paused = true)]
async fn an_error_becomes_the_operations_own_kind() {
    let faults = one(Fault::Error, When::Always);
    let error = faults.run(async { Ok::<(), io::Error>(()) }).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(error.get_ref().unwrap().is::<Injected>());
    let error = faults.run(async { Ok::<(), BoxError>(()) }).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Injected>().unwrap().call(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_operation_itself_is_passed_on() {
    let faults = Faults::builder().build().unwrap();
    let error = faults.run(async { Err::<(), _>(io::Error::other("its own")) }).await.unwrap_err();
    assert_eq!(error.to_string(), "its own");
    assert_eq!(faults.report().passed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_delay_comes_before_the_operation_and_keeps_to_its_limits() {
    let began = Instant::now();
    let at = one(Fault::Delay(ms(300)), When::Always).run(async { Ok::<_, Injected>(Instant::now()) }).await.unwrap();
    assert_eq!(at - began, ms(300));

    let faults = one(Fault::DelayBetween(ms(10), ms(50)), When::Always);
    let mut delays = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        faults.run(async { Ok::<_, Injected>(()) }).await.unwrap();
        delays.push(began.elapsed());
    }
    // tokio rounds up to the next millisecond.
    assert!(delays.iter().all(|delay| (ms(10)..=ms(51)).contains(delay)), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay < ms(20)) && delays.iter().any(|delay| *delay > ms(40)), "{delays:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_never_begins_its_operation() {
    let faults = one(Fault::Hang, When::Nth(1));
    let begun = AtomicUsize::new(0);
    let operation = async {
        begun.fetch_add(1, SeqCst);
        Ok::<_, Injected>(())
    };
    assert!(timeout(secs(86_400), faults.run(operation)).await.is_err());
    assert_eq!(begun.load(SeqCst), 0);
    assert!(failing(&faults, 1).await.is_empty());
    assert_eq!((faults.report().hangs, faults.report().passed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_says_where_and_with_which_seed() {
    let faults = Faults::builder().seed(3).inject_at("parse", Fault::Panic, When::Nth(1)).build().unwrap();
    let parse = faults.at("parse");
    let panic = catch_panics(parse.run(async { Ok::<_, Injected>(()) })).await.unwrap_err();
    assert_eq!(panic.message(), "injected panic in call 1 at `parse` (seed 3)");
    assert!(failing(&parse, 1).await.is_empty(), "it can be used after that");
    assert_eq!((faults.report().panics, faults.report().passed), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_an_error_after_the_operation_was_done() {
    let began = Instant::now();
    let faults = one(Fault::LostReply, When::Nth(1));
    let done = AtomicUsize::new(0);
    let operation = async || {
        sleep(secs(2)).await;
        done.fetch_add(1, SeqCst);
        Ok::<_, Injected>("stored")
    };
    let error = faults.run(operation()).await.unwrap_err();
    assert_eq!(error.to_string(), "injected lost reply in call 1 (seed 0)");
    assert_eq!((done.load(SeqCst), began.elapsed()), (1, secs(2)));
    assert_eq!(faults.run(operation()).await, Ok("stored"));
    assert_eq!(done.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_point_is_a_place_without_an_operation_and_has_no_reply_to_lose() {
    let faults = Faults::builder()
        .inject(Fault::LostReply, When::Always)
        .inject_at("commit", Fault::Error, When::Nth(2))
        .inject_at("flush", Fault::Delay(secs(1)), When::Always)
        .build()
        .unwrap();
    let began = Instant::now();
    assert_eq!(faults.point("commit").await, Ok(()));
    assert_eq!(faults.point("commit").await.unwrap_err().call(), 2);
    assert_eq!(faults.point("flush").await, Ok(()));
    assert_eq!(began.elapsed(), secs(1));
    let report = faults.report();
    assert_eq!((report.calls, report.passed, report.errors, report.delays, report.lost_replies), (3, 1, 1, 1, 0));
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let refused = |fault, when| Faults::builder().inject(fault, when).build().unwrap_err();
    assert_eq!(refused(Fault::Error, When::Chance(1.1)), FaultsError::Chance(1.1));
    assert_eq!(refused(Fault::Error, When::Chance(-0.1)), FaultsError::Chance(-0.1));
    assert!(matches!(refused(Fault::Error, When::Chance(f64::NAN)), FaultsError::Chance(_)));
    assert_eq!(refused(Fault::Error, When::Every(0)), FaultsError::NoSuchCall);
    assert_eq!(refused(Fault::Error, When::Nth(0)), FaultsError::NoSuchCall);
    assert_eq!(refused(Fault::Error, When::Between(secs(2), secs(2))), FaultsError::EmptyWindow);
    assert_eq!(refused(Fault::DelayBetween(ms(2), ms(1)), When::Always), FaultsError::EmptyDelay);
    assert_eq!(FaultsError::Chance(1.5).to_string(), "a chance must be between 0 and 1, not 1.5");
}

#[test]
fn a_sweep_runs_each_seed_on_a_clock_of_its_own_and_adds_up() {
    let runs = AtomicUsize::new(0);
    let chaos = Faults::builder()
        .inject(Fault::Error, When::Chance(0.2))
        .inject(Fault::DelayBetween(ms(1), secs(60)), When::Chance(0.5));
    let report = chaos.sweep(0..30, async |faults| {
        runs.fetch_add(1, SeqCst);
        let began = Instant::now();
        failing(&faults, 10).await;
        assert!(began.elapsed() <= secs(601));
        assert_conserved(&faults.report());
    });
    assert_eq!((runs.load(SeqCst), report.calls), (30, 300));
    assert!(report.errors > 0 && report.delays > 0 && report.passed > 0, "{report}");
    assert_conserved(&report);
}

#[test]
fn a_sweep_names_the_seed_that_breaks_the_test_and_that_seed_does_it_again() {
    async fn fragile(faults: Faults) {
        let failed = failing(&faults, 3).await;
        assert!(failed.is_empty(), "not one may fail: {failed:?}");
    }
    let chaos = Faults::builder().inject(Fault::Error, When::Chance(0.1));
    let found = catch_panic(|| chaos.sweep(0..100, fragile)).unwrap_err();
    let seed = found.message().strip_prefix("with seed ").expect("it says so");
    let seed = seed.split(':').next().unwrap().parse::<u64>().unwrap();
    assert!(found.message().contains("not one may fail"), "{found}");

    assert!(catch_panic(|| chaos.sweep([seed], fragile)).is_err());
    assert_eq!(chaos.sweep(0..seed, fragile).injected(), 0, "it is the first");
}

#[test]
fn a_sweep_that_hangs_or_leaves_something_behind_is_a_failure() {
    let chaos = Faults::builder().inject(Fault::Hang, When::Always);
    let hangs = async |faults: Faults| {
        let _ = faults.point("here").await;
    };
    let found = catch_panic(|| chaos.sweep([5], hangs)).unwrap_err();
    assert!(found.message().starts_with("with seed 5: the scenario did not end within 3600s"), "{found}");

    let leaves = async |_: Faults| {
        Context::current().reaper().spawn("flush", std::future::pending::<()>());
    };
    let found = catch_panic(|| Faults::builder().sweep([5], leaves)).unwrap_err();
    assert!(found.message().starts_with("with seed 5: not settled after 3600s"), "{found}");
    assert!(found.message().contains("flush"), "{found}");
}

#[tokio::test]
async fn inside_of_a_runtime_a_sweep_says_what_to_do() {
    let found = catch_panic(|| Faults::builder().sweep([1], async |_| {})).unwrap_err();
    assert!(found.message().contains("call it from a plain `#[test]`"), "{found}");
}

#[test]
fn interrupted_at_any_poll_every_call_is_counted_once() {
    let explored = explore_cancellation(
        async || {
            let faults = Faults::builder()
                .inject(Fault::Delay(secs(1)), When::Nth(1))
                .inject(Fault::Hang, When::Nth(2))
                .inject(Fault::LostReply, When::Nth(3))
                .inject(Fault::Error, When::Nth(4))
                .build()
                .expect("it makes sense");
            (faults, Arc::new(AtomicUsize::new(0)))
        },
        async |(faults, done): (Faults, Arc<AtomicUsize>)| {
            for _ in 0..5 {
                let operation = async {
                    sleep(secs(1)).await;
                    done.fetch_add(1, SeqCst);
                    Ok::<_, Injected>(())
                };
                let _ = timeout(secs(10), faults.run(operation)).await;
            }
        },
        async |(faults, done): &(Faults, Arc<AtomicUsize>)| {
            let report = faults.report();
            assert_conserved(&report);
            assert!(done.load(SeqCst) as u64 <= report.passed + report.delays + report.lost_replies);
            // Whatever happened, the calls go on where they were: delayed, hung, reply lost, failed, passed.
            let failed = timeout(secs(10), failing(faults, 1)).await.ok().map(|failed| failed.len());
            let expected = [Some(0), None, Some(1), Some(1), Some(0), Some(0)];
            assert_eq!(failed, expected[usize::try_from(report.calls).expect("a few")]);
        },
    );
    assert_eq!(explored.unreached, 0);
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Error),
        (0..100_u64).prop_map(|delay| Fault::Delay(ms(delay))),
        (0..100_u64, 0..100_u64).prop_map(|(min, more)| Fault::DelayBetween(ms(min), ms(min + more))),
        Just(Fault::Hang),
        Just(Fault::Panic),
        Just(Fault::LostReply),
    ]
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        Just(When::Always),
        (0.0..=1.0_f64).prop_map(When::Chance),
        (1..10_u64).prop_map(When::Every),
        (1..50_u64).prop_map(When::Nth),
        (0..1_000_u64, 1..1_000_u64).prop_map(|(from, length)| When::Between(ms(from), ms(from + length))),
    ]
}

fn rules() -> impl Strategy<Value = FaultsBuilder> {
    let rule = (fault(), when(), prop::option::of(prop_oneof![Just("a"), Just("b")]));
    (any::<u64>(), prop::collection::vec(rule, 0..5)).prop_map(|(seed, rules)| {
        rules.into_iter().fold(Faults::builder().seed(seed), |builder, (fault, when, at)| match at {
            Some(point) => builder.inject_at(point, fault, when),
            None => builder.inject(fault, when),
        })
    })
}

/// What each call came to, and the report.
fn play(builder: FaultsBuilder, calls: &[&'static str]) -> (Vec<String>, FaultReport, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let faults = builder.build().unwrap();
        let mut told = Vec::new();
        let mut done = 0;
        for &at in calls {
            let began = Instant::now();
            let point = faults.at(at);
            let operation = async {
                sleep(Duration::from_millis(3)).await;
                done += 1;
                Ok::<_, Injected>(())
            };
            let outcome = timeout(secs(1), catch_panics(point.run(operation))).await;
            told.push(format!("{outcome:?} after {:?}", began.elapsed()));
        }
        (told, faults.report(), done)
    })
}

proptest! {
    #[test]
    fn whatever_the_rules_each_call_is_counted_once_and_a_seed_does_the_same_again(
        builder in rules(),
        calls in prop::collection::vec(prop_oneof![Just("a"), Just("b"), Just("")], 0..60),
    ) {
        let (told, report, done) = play(builder.clone(), &calls);
        prop_assert_eq!(report.calls, calls.len() as u64);
        prop_assert_eq!(report.calls, report.passed + report.injected());
        prop_assert_eq!(done, report.passed + report.delays + report.lost_replies);
        let (again, ..) = play(builder, &calls);
        prop_assert_eq!(told, again);
    }
}
