//! Delays that are the same whenever they are looked up.

use actors::scheduler::Overlap;
use tokio::time::{Duration, Instant, advance, sleep};

use super::{Instants, Starts, at, instants, secs, settle, start, start_at};

#[tokio::test(start_paused = true)]
async fn the_delay_of_an_instant_depends_on_name_and_instant_alone_and_must_never_change() {
    for wall in ["2026-04-30T12:00:00Z", "2026-04-30T23:59:59Z"] {
        let (scheduler, _) = start_at(wall);
        let nightly = scheduler.cron("nightly", "0 3 * * *", "UTC").jitter(secs(3_600)).run(async || {}).await.unwrap();
        let delays: Vec<_> = nightly.preview(3).iter().map(|next| next.delay().as_nanos()).collect();
        // Worked out by another program.
        assert_eq!(delays, [1_354_778_835_254, 337_458_001_962, 977_167_835_587]);
        let other = scheduler.cron("other", "0 3 * * *", "UTC").jitter(secs(3_600)).run(async || {}).await.unwrap();
        assert_ne!(other.preview(1)[0].starts, nightly.preview(1)[0].starts);
        assert_eq!(other.preview(1)[0].instant, nightly.preview(1)[0].instant);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_due_its_delay_after_its_instant() {
    let scheduler = start();
    let (starts, begun) = (Starts::default(), Instant::now());
    let every = scheduler.every("x", secs(100)).jitter(secs(50)).run(starts.job(secs(0))).await.unwrap();
    let next = every.preview(20);
    assert_eq!(every.status().next, Some(begun + secs(100) + next[0].delay()));
    assert_eq!(every.status().next_at, Some(next[0].starts));
    sleep(secs(2_060)).await;
    let since = starts.since(begun);
    assert_eq!((since.len(), instants(every.status().counts)), (20, (20, 20, 0, 0)));
    for ((since, next), n) in since.iter().zip(&next).zip(1..) {
        let due = secs(100 * n) + next.delay();
        assert!(*since >= due && *since < due + Duration::from_millis(2), "{n}: {since:?}, and not {due:?}");
    }
    // Late is a run that begins after it is due, which is not its instant.
    assert_eq!(every.status().counts.late, 0);
}

#[tokio::test(start_paused = true)]
async fn delays_are_spread_evenly_and_never_reach_the_next_instant() {
    let (scheduler, _) = start_at("2026-05-01T00:00:00Z");
    let every = scheduler.every("x", secs(10)).jitter(secs(3_600)).run(async || {}).await.unwrap();
    let next = every.preview(1_001);
    assert!(next.windows(2).all(|pair| pair[0].instant <= pair[0].starts && pair[0].starts < pair[1].instant));
    let mean = next.iter().map(|next| next.delay().as_secs_f64()).sum::<f64>() / 1_001.0;
    assert!((4.5..5.5).contains(&mean), "{mean}");
    for tenth in 0..10 {
        let count = next.iter().filter(|next| next.delay().as_secs() == tenth).count();
        assert!((60..140).contains(&count), "{count} delays begin with {tenth}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_schedules_of_one_instant_spread_out() {
    let (scheduler, _) = start_at("2026-05-01T00:00:00Z");
    let midnight = at("2026-05-02T00:00:00Z");
    let starts = Starts::default();
    for n in 0..1_000 {
        let starts = starts.clone();
        let once = scheduler.at(format!("job {n}"), midnight).jitter(secs(1_000));
        once.run(async move || starts.note()).await.unwrap();
    }
    let begun = Instant::now();
    sleep(secs(86_400 + 1_001)).await;
    let mut seconds: Vec<u64> = starts.since(begun).iter().map(|since| since.as_secs() - 86_400).collect();
    assert_eq!(seconds.len(), 1_000);
    seconds.sort_unstable();
    let busiest = seconds.chunk_by(|a, b| a == b).map(<[u64]>::len).max();
    assert!(busiest <= Some(10), "{busiest:?} in one second");
}

#[tokio::test(start_paused = true)]
async fn what_passed_unseen_is_told_by_when_it_was_due() {
    let scheduler = start();
    let runs = Instants::default();
    let every = scheduler.every("x", secs(10)).jitter(secs(10)).overlap(Overlap::Allow);
    let every = every.run(runs.job(secs(0))).await.unwrap();
    let next = every.preview(11);
    advance(secs(95)).await;
    settle().await;
    // The instants 10 to 90 have come; of the last it depends on its delay.
    let come = if next[8].delay() <= secs(5) { 9 } else { 8 };
    assert_eq!(instants(every.status().counts), (come, 1, 0, come - 1));
    assert_eq!(runs.all(), [next[usize::try_from(come).unwrap() - 1].instant]);
}
