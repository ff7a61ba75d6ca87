//! One notifier after the other: what was begun is seen through, and nothing is sent by two at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::scheduler::{VirtualClock, WallClock};
use sitewatch::notify::{Channel, Duty, Entry, EntryState, MemoryOutbox, NoticeKind, Notifier, Outbox, Policy};
use tokio::time::{Instant, sleep, sleep_until};

use super::notifier::{Recorder, at_once, busy, millis, ops, secs};
use super::{at, notice};

/// An outbox, and notifiers that take turns at it.
struct Fixture {
    began: Instant,
    clock: Arc<VirtualClock>,
    outbox: Arc<MemoryOutbox>,
}

impl Fixture {
    fn new() -> Self {
        let clock = Arc::new(VirtualClock::starting_at(at()));
        Self { began: Instant::now(), clock, outbox: Arc::default() }
    }

    fn notifier(&self, channels: BTreeMap<String, (Arc<dyn Channel>, Policy)>) -> Notifier {
        let (outbox, clock) = (Arc::clone(&self.outbox), Arc::clone(&self.clock));
        Notifier::new(outbox as Arc<dyn Outbox>, channels).clock(clock as Arc<dyn WallClock>)
    }

    fn of(&self, channel: &Arc<Recorder>) -> Notifier {
        self.notifier(ops(channel.clone(), at_once()))
    }

    fn put(&self, channel: &str) {
        self.outbox.put(channel, notice(NoticeKind::Recovered, "docs"), self.clock.now());
    }

    async fn until(&self, seconds: u64) {
        sleep_until(self.began + secs(seconds)).await;
    }

    fn entry(&self, id: usize) -> Entry {
        self.outbox.entries()[id - 1].clone()
    }
}

async fn stop(mut duty: Duty) {
    duty.stop("enough").unwrap().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_being_sent_is_sent_to_its_end_before_another_takes_over() {
    let fixture = Fixture::new();
    let (first, second) = (Recorder::slow(secs(5), []), Recorder::new([]));
    fixture.put("ops");
    let mut duty = Duty::start(fixture.of(&first));
    fixture.until(1).await;
    fixture.put("ops");
    duty.replace(fixture.of(&second));
    assert_eq!(fixture.began.elapsed().as_secs(), 1, "nobody waits for that");
    fixture.until(100).await;
    assert_eq!((first.taken(), second.asked()), (vec![1], vec![(5, vec![2])]));
    assert_eq!((fixture.entry(1).state, fixture.entry(2).state), (EntryState::Delivered, EntryState::Delivered));
    stop(duty).await;
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_dropped_and_sent_again_by_the_other_under_the_same_id() {
    let fixture = Fixture::new();
    let (stuck, second) = (Recorder::slow(secs(1_000_000), []), Recorder::new([]));
    fixture.put("ops");
    let mut duty = Duty::start(fixture.of(&stuck));
    fixture.until(1).await;
    fixture.put("ops");
    duty.replace(fixture.of(&second));
    fixture.until(100).await;
    assert_eq!(stuck.asked(), [(0, vec![1])]);
    assert_eq!(second.asked(), [(31, vec![1, 2])]);
    assert_eq!((fixture.entry(1).state, fixture.entry(1).attempts), (EntryState::Delivered, 0));
    stop(duty).await;
}

#[tokio::test(start_paused = true)]
async fn neither_a_pause_between_attempts_nor_the_wait_for_others_holds_up_who_takes_over() {
    let fixture = Fixture::new();
    let (first, gathers, last) = (Recorder::new([busy(None)]), Recorder::new([]), Recorder::new([]));
    fixture.put("ops");
    let mut duty = Duty::start(fixture.of(&first));
    fixture.until(1).await;
    duty.replace(fixture.notifier(ops(gathers.clone(), Policy::default())));
    fixture.put("ops");
    fixture.until(2).await;
    duty.replace(fixture.of(&last));
    fixture.until(3).await;
    assert_eq!((first.asked(), gathers.asked()), (vec![(0, vec![1])], vec![]));
    assert_eq!(last.asked(), [(2, vec![2])]);
    fixture.until(200).await;
    let asked = last.asked();
    assert!(asked.len() == 2 && asked[1].1 == [1] && (30..=90).contains(&asked[1].0), "{asked:?}");
    stop(duty).await;
}

#[tokio::test(start_paused = true)]
async fn however_often_it_is_replaced_each_notice_is_sent_once() {
    let fixture = Fixture::new();
    let channel = Recorder::slow(millis(700), []);
    let mut duty = Duty::start(fixture.of(&channel));
    for step in 0..60 {
        if step % 3 == 0 {
            fixture.put("ops");
            duty.notifier().wake();
        }
        // Sometimes several times within one attempt, sometimes less often.
        sleep(millis(97 * (step % 13))).await;
        duty.replace(fixture.of(&channel));
    }
    sleep(secs(100)).await;
    assert_eq!(channel.taken(), (1..=20).collect::<Vec<i64>>());
    assert!(fixture.outbox.entries().iter().all(|entry| entry.state == EntryState::Delivered));
    stop(duty).await;
}

#[tokio::test(start_paused = true)]
async fn stopped_while_it_waits_for_the_one_before_it_stops_both_at_once() {
    let fixture = Fixture::new();
    let (stuck, second) = (Recorder::slow(secs(1_000_000), []), Recorder::new([]));
    fixture.put("ops");
    let mut duty = Duty::start(fixture.of(&stuck));
    fixture.until(1).await;
    duty.replace(fixture.of(&second));
    fixture.until(2).await;
    let task = duty.stop("enough").unwrap();
    assert!(duty.stop("enough").is_none());
    task.await.unwrap();
    assert!(fixture.began.elapsed() < secs(4), "{:?}", fixture.began.elapsed());
    duty.replace(fixture.of(&second));
    fixture.until(100).await;
    assert!(second.asked().is_empty(), "stopped, it stays so");
    assert_eq!((fixture.entry(1).state, fixture.entry(1).attempts), (EntryState::Waiting, 0));
}

#[tokio::test(start_paused = true)]
async fn dropped_it_stops() {
    let fixture = Fixture::new();
    let channel = Recorder::slow(secs(10), []);
    fixture.put("ops");
    let mut duty = Duty::start(fixture.of(&channel));
    fixture.until(1).await;
    duty.replace(fixture.of(&channel));
    fixture.until(2).await;
    drop(duty);
    fixture.until(100).await;
    assert_eq!((channel.asked(), channel.taken()), (vec![(0, vec![1])], vec![]));
    assert_eq!(fixture.entry(1).state, EntryState::Waiting);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_whoever_starts_it_is_not_its_own() {
    let fixture = Fixture::new();
    let channel = Recorder::new([]);
    let limited = async { Duty::start(fixture.of(&channel)) };
    let duty = patterns_core::cancel::timeout(secs(1), limited).await.unwrap();
    fixture.until(10).await;
    fixture.put("ops");
    duty.notifier().wake();
    fixture.until(11).await;
    assert_eq!(channel.taken(), [1]);
    stop(duty).await;
}

const GONE: &str = "its channel is not in the settings any more";

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_channel_that_is_gone_is_given_up_and_not_sent_when_it_comes_back() {
    let fixture = Fixture::new();
    let (ops_channel, team) = (Recorder::new([]), Recorder::new([]));
    for channel in ["ops", "team", "unusable"] {
        fixture.put(channel);
    }
    // There is one without a way to tell it now.
    let known = || ["unusable".to_owned()];
    let mut duty = Duty::start(fixture.of(&ops_channel).known(known()));
    fixture.until(1).await;
    let gone = fixture.entry(2);
    assert_eq!((gone.state, gone.attempts, gone.why.as_deref()), (EntryState::GivenUp, 0, Some(GONE)));
    assert_eq!((fixture.entry(1).state, fixture.entry(3).state), (EntryState::Delivered, EntryState::Waiting));
    // A check that was just ending.
    fixture.put("team");
    fixture.until(3_500).await;
    assert_eq!(fixture.entry(4).state, EntryState::Waiting);
    fixture.until(3_700).await;
    assert_eq!(fixture.entry(4).why.as_deref(), Some(GONE));

    let mut channels = ops(ops_channel.clone(), at_once());
    channels.insert("team".to_owned(), (team.clone(), at_once()));
    duty.replace(fixture.notifier(channels).known(known()));
    fixture.until(3_800).await;
    fixture.put("team");
    duty.notifier().wake();
    fixture.until(3_900).await;
    assert_eq!(team.asked(), [(3_800, vec![5])]);
    assert_eq!(ops_channel.taken(), [1]);
    stop(duty).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_channel_can_be_taken_away_and_the_first_one_added() {
    let fixture = Fixture::new();
    let (before, after) = (Recorder::slow(secs(5), []), Recorder::new([]));
    fixture.put("ops");
    fixture.put("others");
    let mut duty = Duty::start(fixture.of(&before));
    fixture.until(1).await;
    duty.replace(fixture.notifier(BTreeMap::new()).known([]));
    fixture.until(10).await;
    assert_eq!((before.taken(), fixture.entry(1).state), (vec![1], EntryState::Delivered));
    assert_eq!(fixture.entry(2).why.as_deref(), Some(GONE));
    duty.replace(fixture.of(&after));
    fixture.put("ops");
    fixture.until(20).await;
    assert_eq!(after.asked(), [(10, vec![3])]);
    duty.replace(fixture.notifier(BTreeMap::new()));
    duty.replace(fixture.of(&after));
    fixture.put("ops");
    fixture.until(21).await;
    assert_eq!(after.asked()[1..], [(20, vec![4])]);
    stop(duty).await;
}
