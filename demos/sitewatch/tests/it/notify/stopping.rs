//! Stopped in the middle, or without its outbox for a while: nothing is lost, and little is sent twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::VirtualClock;
use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use patterns_core::context;
use sitewatch::notify::{EntryState, MemoryOutbox, NoticeKind, Notifier, Outbox, OutboxError, Queued};
use tokio::time::sleep;

use super::notifier::{Recorder, Running, at_once, busy, millis, ops, secs};
use super::{at, notice};

/// An outbox that takes its time before and after what it does, and does not answer as often as it is told.
struct Slow {
    inner: MemoryOutbox,
    takes: Duration,
    /// How often it does not answer: when it is looked at, and when something is to be noted.
    away: Mutex<(u32, u32)>,
}

impl Slow {
    fn new(takes: Duration, away: (u32, u32)) -> Arc<Self> {
        Arc::new(Self { inner: MemoryOutbox::default(), takes, away: Mutex::new(away) })
    }

    fn put(&self, count: usize) {
        for _ in 0..count {
            self.inner.put("ops", notice(NoticeKind::Recovered, "docs"), at());
        }
    }

    fn states(&self) -> Vec<EntryState> {
        self.inner.entries().iter().map(|entry| entry.state).collect()
    }

    /// As a real store does, it ends early where the ambient token is cancelled.
    async fn pause(&self) -> Result<(), OutboxError> {
        context::sleep(self.takes).await.map_err(|interrupt| OutboxError::new(interrupt.to_string()))
    }

    async fn slowly<T>(&self, what: impl Future<Output = Result<T, OutboxError>> + Send) -> Result<T, OutboxError> {
        self.pause().await?;
        let done = what.await;
        self.pause().await?;
        done
    }
}

/// Does not answer, as often as it is told.
fn answers(away: &mut u32) -> Result<(), OutboxError> {
    match away.checked_sub(1) {
        None => Ok(()),
        Some(left) => {
            *away = left;
            Err(OutboxError::new("connection refused"))
        }
    }
}

#[async_trait]
impl Outbox for Slow {
    async fn due(&self, channel: &str, now: Timestamp, limit: usize) -> Result<Vec<Queued>, OutboxError> {
        answers(&mut self.away.lock().0)?;
        self.slowly(self.inner.due(channel, now, limit)).await
    }

    async fn delivered(&self, ids: &[i64]) -> Result<(), OutboxError> {
        answers(&mut self.away.lock().1)?;
        self.slowly(self.inner.delivered(ids)).await
    }

    async fn failed(&self, ids: &[i64], next: Timestamp, why: &str) -> Result<(), OutboxError> {
        answers(&mut self.away.lock().1)?;
        self.slowly(self.inner.failed(ids, next, why)).await
    }

    async fn given_up(&self, ids: &[i64], why: &str) -> Result<(), OutboxError> {
        answers(&mut self.away.lock().1)?;
        self.slowly(self.inner.given_up(ids, why)).await
    }

    async fn give_up_others(&self, channels: &BTreeSet<String>, why: &str) -> Result<u64, OutboxError> {
        answers(&mut self.away.lock().1)?;
        self.slowly(self.inner.give_up_others(channels, why)).await
    }
}

fn notifier(outbox: &Arc<Slow>, channel: &Arc<Recorder>) -> Notifier {
    let outbox: Arc<dyn Outbox> = outbox.clone();
    Notifier::new(outbox, ops(channel.clone(), at_once())).clock(Arc::new(VirtualClock::starting_at(at())))
}

#[tokio::test(start_paused = true)]
async fn stopped_at_any_moment_nothing_is_lost_and_only_what_was_under_way_is_sent_again() {
    // Two batches: of 50, and of 10. Each takes 20 ms to be read, 20 to be sent and 20 to be noted.
    for cut in (0..=150).step_by(5) {
        for is_asked in [true, false] {
            let (outbox, channel) = (Slow::new(millis(10), (0, 0)), Recorder::slow(millis(20), []));
            outbox.put(60);
            let running = Running::of(&notifier(&outbox, &channel));
            sleep(millis(cut)).await;
            if is_asked {
                running.stop().await;
            } else {
                running.abort().await;
            }
            let running = Running::of(&notifier(&outbox, &channel));
            sleep(secs(10)).await;
            running.stop().await;

            let moment = format!("after {cut} ms, asked to stop: {is_asked}");
            let taken = channel.taken();
            assert!((1..=60).all(|id| taken.contains(&id)), "{moment}: {taken:?}");
            assert!(taken.len() <= 60 + 50, "{moment}: {taken:?}");
            assert_eq!(outbox.states(), [EntryState::Delivered; 60], "{moment}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_noted_before_it_stops() {
    let (outbox, channel) = (Slow::new(secs(2), (0, 0)), Recorder::new([]));
    outbox.put(1);
    let running = Running::of(&notifier(&outbox, &channel));
    sleep(secs(5)).await;
    assert_eq!((channel.taken(), outbox.states()), (vec![1], vec![EntryState::Waiting]));
    running.stop().await;
    assert_eq!(outbox.states(), [EntryState::Delivered]);
}

#[tokio::test(start_paused = true)]
async fn an_outbox_that_is_away_is_waited_for() {
    let (outbox, channel) = (Slow::new(Duration::ZERO, (3, 0)), Recorder::new([]));
    outbox.put(1);
    let notifier = notifier(&outbox, &channel);
    let running = Running::of(&notifier);
    sleep(millis(6_500)).await;
    let status = notifier.status().channels["ops"].clone();
    assert_eq!(status.outbox_error.as_deref(), Some("the outbox does not answer: connection refused"));
    assert!(channel.asked().is_empty());
    // After 1, 2 and 4 seconds.
    sleep(secs(1)).await;
    assert_eq!(channel.taken(), [1]);
    assert_eq!(notifier.status().channels["ops"].outbox_error, None);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_not_sent_again_while_the_outbox_is_away() {
    let (outbox, channel) = (Slow::new(Duration::ZERO, (0, 5)), Recorder::new([]));
    outbox.put(1);
    let notifier = notifier(&outbox, &channel);
    let running = Running::of(&notifier);
    sleep(secs(30)).await;
    assert!(notifier.status().channels["ops"].outbox_error.is_some());
    sleep(secs(30)).await;
    assert_eq!((channel.taken(), outbox.states()), (vec![1], vec![EntryState::Delivered]));
    assert_eq!(notifier.status().channels["ops"].outbox_error, None);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_channel_that_is_gone_is_given_up_once_the_outbox_is_there() {
    let (outbox, channel) = (Slow::new(Duration::ZERO, (0, 2)), Recorder::new([]));
    outbox.inner.put("gone", notice(NoticeKind::Recovered, "docs"), at());
    let running = Running::of(&notifier(&outbox, &channel).known([]));
    // After 1 and 2 seconds.
    sleep(millis(2_900)).await;
    assert_eq!(outbox.states(), [EntryState::Waiting]);
    sleep(millis(200)).await;
    assert_eq!(outbox.states(), [EntryState::GivenUp]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_between_attempts_outlives_whoever_waits_for_its_end() {
    let channel = Recorder::new([busy(Some(3_600))]);
    let (clock, outbox) = (VirtualClock::starting_at(at()), Slow::new(Duration::ZERO, (0, 0)));
    outbox.put(1);
    let again = || {
        let outbox: Arc<dyn Outbox> = outbox.clone();
        Notifier::new(outbox, ops(channel.clone(), at_once())).clock(Arc::new(clock.clone()))
    };
    let running = Running::of(&again());
    sleep(secs(10)).await;
    running.stop().await;
    let running = Running::of(&again());
    sleep(secs(3_700)).await;
    running.stop().await;
    let asked: Vec<u64> = channel.asked().iter().map(|(second, _)| *second).collect();
    assert!(asked.len() == 2 && (3_600..=3_660).contains(&asked[1]), "{asked:?}");
    assert_eq!(outbox.states(), [EntryState::Delivered]);
}

#[tokio::test(start_paused = true)]
async fn two_that_run_it_send_nothing_twice() {
    let (outbox, channel) = (Slow::new(millis(10), (0, 0)), Recorder::slow(secs(1), []));
    outbox.put(1);
    let notifier = notifier(&outbox, &channel);
    let (first, second) = (Running::of(&notifier), Running::of(&notifier));
    sleep(secs(100)).await;
    assert_eq!(channel.taken(), [1]);
    first.stop().await;
    // The other goes on.
    outbox.put(1);
    notifier.wake();
    sleep(secs(100)).await;
    assert_eq!(channel.taken(), [1, 2]);
    second.stop().await;
}
