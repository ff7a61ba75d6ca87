//! Every overlap policy with every catch-up policy.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use actors::scheduler::{
    CatchUp, OnInterrupted, Overlap, ScheduleError, ScheduleHandle, Scheduler, SchedulerConfig, SkipReason,
};
use tokio::time::{Duration, Instant, advance, sleep};

use super::{Instants, Starts, instants, millis, secs, settle, start, start_with};

/// Of four instants that passed, those that are at most 25 s old.
const YOUNG: CatchUp = CatchUp::All { within: Duration::from_secs(25), at_most: 10 };
/// Of four instants that passed, the last two.
const TWO: CatchUp = CatchUp::All { within: Duration::from_secs(100), at_most: 2 };

/// What came of them: runs, skipped, missed, waiting.
type Expected = (u64, u64, u64, u64);

/// Runs every ten seconds, in order until 10; then the clock jumps from 12 to 52, over 20, 30, 40 and 50.
async fn jump(overlap: Overlap, catch_up: CatchUp, long: Duration) -> (ScheduleHandle, Scheduler) {
    let scheduler = start_with(Scheduler::builder().overlap_limit(3).tolerance(secs(1)));
    let every = scheduler.every("x", secs(10)).overlap(overlap).catch_up(catch_up);
    let every = every.run(move || sleep(long)).await.unwrap();
    sleep(secs(12)).await;
    advance(secs(40)).await;
    settle().await;
    (every, scheduler)
}

#[tokio::test(start_paused = true)]
async fn while_a_run_goes_on_each_pair_of_policies_does_what_it_says() {
    let cases: [(Overlap, CatchUp, Expected); 16] = [
        (Overlap::Skip, CatchUp::Skip, (1, 0, 4, 0)),
        (Overlap::Skip, CatchUp::Latest, (1, 1, 3, 0)),
        (Overlap::Skip, YOUNG, (1, 3, 1, 0)),
        (Overlap::Skip, TWO, (1, 2, 2, 0)),
        (Overlap::Allow, CatchUp::Skip, (1, 0, 4, 0)),
        (Overlap::Allow, CatchUp::Latest, (2, 0, 3, 0)),
        (Overlap::Allow, YOUNG, (3, 1, 1, 0)),
        (Overlap::Allow, TWO, (3, 0, 2, 0)),
        (Overlap::Queue(2), CatchUp::Skip, (1, 0, 4, 0)),
        (Overlap::Queue(2), CatchUp::Latest, (1, 0, 3, 1)),
        (Overlap::Queue(2), YOUNG, (1, 1, 1, 2)),
        (Overlap::Queue(2), TWO, (1, 0, 2, 2)),
        (Overlap::CancelOther, CatchUp::Skip, (1, 0, 4, 0)),
        (Overlap::CancelOther, CatchUp::Latest, (1, 0, 3, 1)),
        (Overlap::CancelOther, YOUNG, (1, 2, 1, 1)),
        (Overlap::CancelOther, TWO, (1, 1, 2, 1)),
    ];
    for (overlap, catch_up, expected) in cases {
        let (every, scheduler) = jump(overlap, catch_up, secs(1_000)).await;
        let counts = every.status().counts;
        assert!(counts.balances() && counts.due == 5, "{overlap:?} and {catch_up:?}: {counts:?}");
        let found = (counts.runs, counts.skipped, counts.missed, counts.waiting);
        assert_eq!(found, expected, "{overlap:?} and {catch_up:?}");
        // And nothing of it is lost at the end.
        let receipt = scheduler.drain(Instant::now()).await;
        assert!(receipt.is_complete() && receipt.counts.balances() && receipt.counts.waiting == 0, "{receipt}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_nothing_runs_each_pair_of_policies_does_what_it_says() {
    let cases: [(Overlap, CatchUp, Expected); 16] = [
        (Overlap::Skip, CatchUp::Skip, (1, 0, 4, 0)),
        (Overlap::Skip, CatchUp::Latest, (2, 0, 3, 0)),
        // The first of them runs, and those that are due with it overlap.
        (Overlap::Skip, YOUNG, (2, 2, 1, 0)),
        (Overlap::Skip, TWO, (2, 1, 2, 0)),
        (Overlap::Allow, CatchUp::Skip, (1, 0, 4, 0)),
        (Overlap::Allow, CatchUp::Latest, (2, 0, 3, 0)),
        (Overlap::Allow, YOUNG, (4, 0, 1, 0)),
        (Overlap::Allow, TWO, (3, 0, 2, 0)),
        (Overlap::Queue(2), CatchUp::Skip, (1, 0, 4, 0)),
        (Overlap::Queue(2), CatchUp::Latest, (2, 0, 3, 0)),
        (Overlap::Queue(2), YOUNG, (4, 0, 1, 0)),
        (Overlap::Queue(2), TWO, (3, 0, 2, 0)),
        (Overlap::CancelOther, CatchUp::Skip, (1, 0, 4, 0)),
        (Overlap::CancelOther, CatchUp::Latest, (2, 0, 3, 0)),
        // The first is cancelled, the second superseded.
        (Overlap::CancelOther, YOUNG, (3, 1, 1, 0)),
        (Overlap::CancelOther, TWO, (3, 0, 2, 0)),
    ];
    for (overlap, catch_up, expected) in cases {
        let (every, _scheduler) = jump(overlap, catch_up, Duration::ZERO).await;
        sleep(secs(5)).await;
        let counts = every.status().counts;
        assert!(counts.balances() && counts.due == 5, "{overlap:?} and {catch_up:?}: {counts:?}");
        let found = (counts.runs, counts.skipped, counts.missed, counts.waiting);
        assert_eq!(found, expected, "{overlap:?} and {catch_up:?}");
        // Late are those that the jump made late, whatever the policy.
        assert_eq!(counts.late, counts.runs - 1, "{overlap:?} and {catch_up:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_keeps_the_order_and_never_lets_two_run_together() {
    let scheduler = start();
    let runs = Instants::default();
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let job = {
        let (runs, inside, most) = (runs.clone(), inside.clone(), most.clone());
        move || {
            let (mut note, inside, most) = (runs.job(secs(24)), inside.clone(), most.clone());
            async move {
                most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                note().await;
                inside.fetch_sub(1, SeqCst);
            }
        }
    };
    let queued = scheduler.every("x", secs(10)).overlap(Overlap::Queue(3)).run(job).await.unwrap();
    let expected: Vec<_> = queued.preview(6).iter().map(|next| next.instant).collect();
    sleep(secs(62)).await;
    // 10 until 34, 20 until 58, and 30 runs; 40, 50 and 60 wait.
    let counts = queued.status().counts;
    assert_eq!((counts.runs, counts.waiting, counts.skipped), (3, 3, 0));
    sleep(secs(10)).await;
    let status = queued.status();
    assert_eq!(status.last_skip.unwrap().reason, SkipReason::QueueFull { waiting: 3 });
    assert_eq!(status.last_skip.unwrap().to_string(), "skipped: 3 others waited for the run before to end");
    sleep(secs(100)).await;
    assert_eq!((&runs.all()[..6], most.load(SeqCst)), (&expected[..], 1));
    // The queue ends with the schedule.
    assert!(queued.close().await.unwrap());
    let counts = queued.ended().await.unwrap().counts;
    assert!(counts.balances() && counts.waiting == 0 && counts.cancelled == 0, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_newer_run_has_the_older_one_cancelled_and_starts_when_that_has_obeyed() {
    let scheduler = start_with(Scheduler::builder().grace(secs(2)));
    let begun = Instant::now();
    let starts = Starts::default();
    let note = starts.clone();
    let deaf = move || {
        note.note();
        pending::<()>()
    };
    let schedule = scheduler.every("deaf", secs(10)).overlap(Overlap::CancelOther).run(deaf).await.unwrap();
    sleep(secs(35)).await;
    // Each is dropped when its grace is over.
    let since: Vec<_> = starts.since(begun).iter().map(Duration::as_secs).collect();
    assert_eq!(since, [10, 22, 32]);
    let counts = schedule.status().counts;
    assert_eq!((counts.runs, counts.cancelled, counts.running, counts.skipped), (3, 2, 1, 0));

    let asked = Starts::default();
    let note = asked.clone();
    let polite = move || {
        let note = note.clone();
        async move {
            if let Err(interrupt) = patterns_core::context::sleep(secs(600)).await {
                assert_eq!(interrupt.cause().unwrap().message(), "a newer run of its schedule was due");
                note.note();
            }
        }
    };
    let now = Instant::now();
    let schedule = scheduler.every("polite", secs(10)).overlap(Overlap::CancelOther).run(polite).await.unwrap();
    sleep(secs(25)).await;
    assert_eq!(asked.since(now).iter().map(Duration::as_secs).collect::<Vec<_>>(), [20]);
    assert_eq!((schedule.status().counts.done, schedule.status().counts.running), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn runs_that_are_counted_down_do_not_come_from_a_queue_after_the_last() {
    let scheduler = start();
    let runs = Starts::default();
    let job = runs.job(secs(35));
    let twice = scheduler.every("x", secs(10)).overlap(Overlap::Queue(5)).times(2).run(job).await.unwrap();
    let status = twice.ended().await.unwrap();
    // 10 until 45, and 20 until 80; 30 and 40 came before that was the last, and wait in vain.
    assert_eq!((instants(status.counts), runs.count()), ((4, 2, 2, 0), 2));
    assert_eq!(status.last_skip.unwrap().reason, SkipReason::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_waits_in_the_queue_like_any_other() {
    let scheduler = start();
    let slow = scheduler.every("x", secs(60)).overlap(Overlap::Queue(1));
    let slow = slow.run(async || sleep(secs(5)).await).await.unwrap();
    assert!(slow.trigger().await.unwrap() && slow.trigger().await.unwrap());
    assert!(!slow.trigger().await.unwrap());
    let counts = slow.status().counts;
    assert_eq!((counts.runs, counts.waiting, counts.skipped), (1, 1, 1));
    sleep(secs(11)).await;
    assert_eq!(slow.status().counts.done, 2);
}

#[tokio::test(start_paused = true)]
async fn cancelling_gives_up_what_waits() {
    let scheduler = start();
    let slow = scheduler.every("x", secs(1)).overlap(Overlap::Queue(9)).run(async || pending::<()>().await);
    let slow = slow.await.unwrap();
    sleep(millis(5_500)).await;
    assert_eq!(slow.status().counts.waiting, 4);
    assert!(slow.cancel().await.unwrap());
    let counts = slow.ended().await.unwrap().counts;
    assert_eq!((instants(counts), counts.cancelled), ((5, 1, 4, 0), 1));
}

#[tokio::test(start_paused = true)]
async fn policies_that_make_no_sense_are_refused() {
    let scheduler = start();
    let all = |at_most| CatchUp::All { within: secs(60), at_most };
    let every = || scheduler.every("x", secs(1));
    let refused = [
        every().overlap(Overlap::Queue(0)),
        every().catch_up(all(0)),
        every().catch_up(all(10_001)),
        every().on_interrupted(OnInterrupted::RunAgain),
    ];
    for every in refused {
        let error = every.run(async || {}).await.unwrap_err();
        assert!(matches!(error, ScheduleError::Policy { .. }), "{error}");
    }
    let error = scheduler.cron("x", "* * * * *", "UTC").overlap(Overlap::Queue(0)).run(async || {}).await.unwrap_err();
    assert_eq!(error.to_string(), "schedule `x`: its queue has no place; rather skip what overlaps");
    let error = every().durable().run(async || {}).await.unwrap_err();
    assert_eq!(error.to_string(), "schedule `x`: it is durable, and the scheduler has no store");
    every().catch_up(all(10_000)).run(async || {}).await.unwrap();

    let start = |change: fn(&mut SchedulerConfig)| {
        let mut config = SchedulerConfig::default();
        change(&mut config);
        let system = actors::System::start().unwrap();
        Scheduler::builder().config(config).start(&system).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(start(|config| config.history = 0).unwrap_err(), "scheduler: `history` must be at least 1");
    assert!(start(|config| config.clock_poll = Duration::ZERO).is_err());
    assert!(start(|config| config.store_timeout = Duration::ZERO).is_err());
    assert!(start(|config| config.lease = millis(999)).is_err());
    assert!(start(|_| {}).is_ok());
}

#[test]
fn policies_are_words_in_a_configuration_file() {
    let texts = [
        (r#""cancel_other""#, Overlap::CancelOther),
        (r#"{"queue":3}"#, Overlap::Queue(3)),
        (r#""skip""#, Overlap::Skip),
    ];
    for (text, policy) in texts {
        assert_eq!(serde_json::to_string(&policy).unwrap(), text);
        assert_eq!(serde_json::from_str::<Overlap>(text).unwrap(), policy);
    }
    let all = CatchUp::All { within: secs(3_600), at_most: 24 };
    assert_eq!(serde_json::to_string(&all).unwrap(), r#"{"all":{"within":"1h","at_most":24}}"#);
    assert_eq!(serde_json::from_str::<CatchUp>(r#"{"all":{"within":"1h","at_most":24}}"#).unwrap(), all);
    assert!(serde_json::from_str::<CatchUp>(r#"{"all":{"within":"1h"}}"#).is_err());
}
