//! Why something ran, and why it did not.

use actors::scheduler::{CatchUp, Explanation, Overlap, RunEnd, Scheduler, SkipReason};
use jiff::SignedDuration;
use tokio::time::{advance, sleep};

use super::{Starts, at, secs, settle, start, start_at, start_with};

#[tokio::test(start_paused = true)]
async fn what_is_to_come_is_foreseen_and_what_is_no_instant_is_said_to_be_none() {
    let (scheduler, _) = start_at("2026-05-01T12:00:00Z");
    let daily = scheduler.cron("daily", "0 3 * * *", "Europe/Berlin").times(3).run(async || {}).await.unwrap();
    let next = daily.preview(10);
    assert_eq!(next.len(), 3);
    assert_eq!(daily.explain(next[2].instant), Explanation::Due(next[2]));
    assert_eq!(daily.explain(next[0].instant).to_string(), "it will run at 2026-05-02T01:00:00Z");
    assert_eq!(daily.explain(at("2026-05-05T01:00:00Z")), Explanation::AfterTheLast);
    let why = daily.explain(at("2026-05-02T01:00:01Z")).to_string();
    let expected = "it is no instant of the schedule (clocks read 2026-05-02T03:00:01 in Europe/Berlin); \
                    the next is 2026-05-03T01:00:00Z";
    assert_eq!(why, expected);
    let first = next[0].instant;
    assert_eq!(daily.explain(at("2026-04-30T01:00:00Z")), Explanation::BeforeTheFirst { first });

    assert!(daily.pause().await.unwrap());
    assert_eq!(daily.explain(first), Explanation::Paused(next[0]));
    assert_eq!(daily.preview(1), [next[0]]);
}

#[tokio::test(start_paused = true)]
async fn each_instant_is_told_of_as_long_as_it_is_remembered() {
    let scheduler = start_with(Scheduler::builder().history(4));
    let starts = Starts::default();
    let slow = scheduler.every("slow", secs(10)).run(starts.job(secs(15))).await.unwrap();
    let next = slow.preview(20);
    let why = |n: usize| slow.explain(next[n].instant);
    sleep(secs(12)).await;
    assert!(matches!(why(0), Explanation::Running { .. }));
    assert!(why(0).to_string().starts_with("it has been running since "));
    sleep(secs(20)).await;
    // Begun at 10 and 30; 20 was skipped.
    let Explanation::Ran { late, took, ended: RunEnd::Done, .. } = why(0) else { panic!("{:?}", why(0)) };
    assert!(late < secs(1) && took >= secs(15) && took < secs(16));
    assert!(matches!(why(1), Explanation::Skipped(SkipReason::Overlap { running: 1, .. })));
    assert_eq!(why(1).to_string(), "it was skipped: the run before had not ended");
    assert!(matches!(why(2), Explanation::Running { .. }));
    assert!(matches!(why(3), Explanation::Due(_)));
    sleep(secs(30)).await;
    // Of six, the last four.
    assert_eq!(why(0), Explanation::NotRemembered);
    assert_eq!(why(1), Explanation::NotRemembered);
    assert!(matches!(why(3), Explanation::Skipped(_)));

    // What has ended remembers all the same.
    assert!(slow.cancel().await.unwrap());
    slow.ended().await.unwrap();
    assert!(matches!(why(4), Explanation::Ran { ended: RunEnd::Done | RunEnd::Cancelled, .. }));
    assert_eq!(why(19), Explanation::AfterTheLast);
    assert!(slow.preview(1).is_empty());
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_with_their_texts() {
    let scheduler = start();
    let mut n = 0;
    let job = move || {
        n += 1;
        async move {
            assert!(n != 2, "no table");
            if n == 1 { Err("disk is full") } else { Ok(()) }
        }
    };
    let shaky = scheduler.every("shaky", secs(10)).times(3).run(job).await.unwrap();
    let next = shaky.preview(3);
    shaky.ended().await.unwrap();
    assert!(shaky.explain(next[0].instant).to_string().ends_with(", and failed: disk is full"));
    assert!(shaky.explain(next[1].instant).to_string().contains(", and failed: panicked: no table (at "));
    assert!(matches!(shaky.explain(next[2].instant), Explanation::Ran { ended: RunEnd::Done, .. }));
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_paused_or_waits_says_so() {
    // On one wall clock, so that both have the same instants.
    let (scheduler, _) = start_at("2026-05-01T12:00:00Z");
    let queued = scheduler.every("queued", secs(10)).overlap(Overlap::Queue(2)).catch_up(CatchUp::Latest);
    let queued = queued.run(async || sleep(secs(1_000)).await).await.unwrap();
    let beat = scheduler.every("beat", secs(10)).run(async || {}).await.unwrap();
    let next = beat.preview(10);
    sleep(secs(12)).await;
    advance(secs(40)).await;
    settle().await;
    for instant in &next[1..4] {
        assert!(matches!(beat.explain(instant.instant), Explanation::Missed { .. }));
        assert!(matches!(queued.explain(instant.instant), Explanation::Missed { .. }));
        // Also if only something close to it is an instant.
        let near = instant.instant + SignedDuration::from_secs(1);
        assert!(matches!(beat.explain(near), Explanation::NotAnInstant { reading: None, .. }));
    }
    assert!(beat.explain(next[1].instant).to_string().starts_with("it was missed: the scheduler looked at "));
    let Explanation::Ran { late, .. } = beat.explain(next[4].instant) else { panic!("the latest runs") };
    assert_eq!(late.as_secs(), 2);
    assert_eq!(queued.explain(next[4].instant), Explanation::Queued);
    assert_eq!(queued.explain(next[4].instant).to_string(), "it has come, and waits for an earlier run to end");

    assert!(beat.pause().await.unwrap());
    sleep(secs(20)).await;
    assert!(beat.resume().await.unwrap());
    assert_eq!(beat.explain(next[5].instant), Explanation::Skipped(SkipReason::Paused));
    assert_eq!(beat.explain(next[6].instant), Explanation::Skipped(SkipReason::Paused));
    assert!(matches!(beat.explain(next[7].instant), Explanation::Due(_)));
}

#[tokio::test(start_paused = true)]
async fn a_trigger_has_an_instant_of_its_own() {
    let (scheduler, _) = start_at("2026-05-01T12:00:00Z");
    let told = super::Instants::default();
    let hourly = scheduler.cron("hourly", "0 * * * *", "UTC").run(told.job(secs(1))).await.unwrap();
    sleep(secs(1_800)).await;
    assert!(hourly.trigger().await.unwrap() && !hourly.trigger().await.unwrap());
    sleep(secs(1_805)).await;
    assert_eq!(told.times(), ["12:30:00", "13:00:00"]);
    assert!(matches!(hourly.explain(told.all()[0]), Explanation::Ran { ended: RunEnd::Done, .. }));
    let second = hourly.status().last_skip.unwrap().at;
    assert!(second != told.all()[0]);
    assert!(matches!(hourly.explain(second), Explanation::Skipped(SkipReason::Overlap { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_trigger_on_the_instant_itself_is_another_run() {
    let (scheduler, _) = start_at("2026-05-01T12:00:00Z");
    let told = super::Instants::default();
    let hourly = scheduler.cron("hourly", "0 * * * *", "UTC").overlap(Overlap::Allow).run(told.job(secs(1))).await;
    let hourly = hourly.unwrap();
    // Before the scheduler itself has looked.
    advance(secs(3_600)).await;
    assert!(hourly.trigger().await.unwrap());
    sleep(secs(5)).await;
    let mut all = told.all();
    all.sort_unstable();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], at("2026-05-01T13:00:00Z"));
    assert!(all[1] > all[0] && all[1] < at("2026-05-01T13:00:01Z"));
}
