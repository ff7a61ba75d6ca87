//! When notices are sent, and how often.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::scheduler::{VirtualClock, WallClock};
use async_trait::async_trait;
use parking_lot::Mutex;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, Interrupt};
use sitewatch::notify::{
    Channel, ChannelStatus, Entry, EntryState, MemoryOutbox, Notice, NoticeKind, Notifier, Outbox, Policy, SendError,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::{at, notice};

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A channel that takes its time and answers as it is told, and then takes everything.
pub(super) struct Recorder {
    began: Instant,
    takes: Duration,
    answers: Mutex<VecDeque<SendError>>,
    /// What it was sent: after how many seconds, and the ids; when it was asked, whatever it answered.
    asked: Mutex<Vec<(u64, Vec<i64>)>>,
    /// The ids that it has taken.
    taken: Mutex<Vec<i64>>,
}

impl Recorder {
    pub(super) fn new(answers: impl IntoIterator<Item = SendError>) -> Arc<Self> {
        Self::slow(Duration::ZERO, answers)
    }

    pub(super) fn slow(takes: Duration, answers: impl IntoIterator<Item = SendError>) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        let (asked, taken) = (Mutex::default(), Mutex::default());
        Arc::new(Self { began: Instant::now(), takes, answers, asked, taken })
    }

    pub(super) fn asked(&self) -> Vec<(u64, Vec<i64>)> {
        self.asked.lock().clone()
    }

    pub(super) fn taken(&self) -> Vec<i64> {
        self.taken.lock().clone()
    }
}

#[async_trait]
impl Channel for Recorder {
    async fn send(&self, notices: &[Notice]) -> Result<(), SendError> {
        let ids: Vec<i64> = notices.iter().map(|notice| notice.id).collect();
        self.asked.lock().push((self.began.elapsed().as_secs(), ids.clone()));
        sleep(self.takes).await;
        if let Some(error) = self.answers.lock().pop_front() {
            return Err(error);
        }
        self.taken.lock().extend(ids);
        Ok(())
    }
}

pub(super) fn busy(after: Option<u64>) -> SendError {
    SendError::NotTaken { to: "ops".to_owned(), why: "503 Service Unavailable".to_owned(), after: after.map(secs) }
}

pub(super) fn at_once() -> Policy {
    Policy { wait: Duration::ZERO, ..Policy::default() }
}

type Channels = BTreeMap<String, (Arc<dyn Channel>, Policy)>;

pub(super) fn ops(channel: Arc<dyn Channel>, policy: Policy) -> Channels {
    BTreeMap::from([("ops".to_owned(), (channel, policy))])
}

/// A notifier that runs.
pub(super) struct Running {
    stop: CancelToken,
    task: JoinHandle<Result<(), Interrupt>>,
}

impl Running {
    pub(super) fn of(notifier: &Notifier) -> Self {
        let stop = CancelToken::new();
        let context = Context::current().with_token(stop.clone());
        let notifier = notifier.clone();
        Self { stop, task: tokio::spawn(context.scope(async move { notifier.run().await })) }
    }

    pub(super) async fn stop(self) {
        self.stop.cancel("enough");
        let interrupt = self.task.await.unwrap().unwrap_err();
        assert_eq!(interrupt.cause().unwrap().message(), "enough");
    }

    pub(super) async fn abort(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// A notifier that runs on an outbox in memory.
struct Fixture {
    began: Instant,
    clock: Arc<VirtualClock>,
    outbox: Arc<MemoryOutbox>,
    notifier: Notifier,
    running: Running,
}

impl Fixture {
    fn new(channels: Channels) -> Self {
        let clock = Arc::new(VirtualClock::starting_at(at()));
        let outbox = Arc::new(MemoryOutbox::default());
        let notifier = Notifier::new(Arc::clone(&outbox) as Arc<dyn Outbox>, channels)
            .clock(Arc::clone(&clock) as Arc<dyn WallClock>);
        let running = Running::of(&notifier);
        Self { began: Instant::now(), clock, outbox, notifier, running }
    }

    async fn until(&self, seconds: u64) {
        sleep_until(self.began + secs(seconds)).await;
    }

    /// Puts in so many notices, and says so.
    fn put(&self, count: usize) {
        for _ in 0..count {
            self.outbox.put("ops", notice(NoticeKind::Recovered, "docs"), self.clock.now());
        }
        self.notifier.wake();
    }

    fn status(&self) -> ChannelStatus {
        self.notifier.status().channels["ops"].clone()
    }

    fn entry(&self, id: usize) -> Entry {
        self.outbox.entries()[id - 1].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn notices_are_gathered_until_the_oldest_is_old_enough() {
    let channel = Recorder::new([]);
    let fixture = Fixture::new(ops(channel.clone(), Policy::default()));
    fixture.put(1);
    fixture.until(40).await;
    fixture.put(1);
    fixture.until(59).await;
    assert!(channel.asked().is_empty());
    let status = fixture.status();
    assert_eq!((status.waiting, status.next), (2, Some(at() + secs(60))));
    fixture.until(61).await;
    assert_eq!(channel.asked(), [(60, vec![1, 2])]);
    fixture.put(1);
    fixture.until(130).await;
    assert_eq!(channel.asked()[1..], [(121, vec![3])]);
    fixture.until(200).await;
    let status = fixture.status();
    assert_eq!((status.waiting, status.sent, status.failed, status.next), (0, 3, 0, None));
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn fifty_do_not_wait_for_others_and_no_more_go_together() {
    let channel = Recorder::new([]);
    let fixture = Fixture::new(ops(channel.clone(), Policy::default()));
    fixture.put(60);
    fixture.until(59).await;
    assert_eq!(channel.asked(), [(0, (1..=50).collect::<Vec<i64>>())]);
    fixture.until(61).await;
    assert_eq!(channel.asked()[1..], [(60, (51..=60).collect::<Vec<i64>>())]);
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_names_two_thousand_links_at_most() {
    let channel = Recorder::new([]);
    let fixture = Fixture::new(ops(channel.clone(), at_once()));
    let long = notice(NoticeKind::Changed, "docs")
        .with_broken((0..900).map(|number| super::broken("a.html", &format!("https://example.org/{number}"))));
    for _ in 0..3 {
        fixture.outbox.put("ops", long.clone(), at());
    }
    fixture.notifier.wake();
    fixture.until(1).await;
    assert_eq!(channel.asked(), [(0, vec![1, 2]), (0, vec![3])]);
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_not_taken_is_sent_again_after_growing_pauses_and_given_up_in_the_end() {
    let channel = Recorder::new((0..4).map(|_| busy(None)));
    let fixture = Fixture::new(ops(channel.clone(), Policy { attempts: 4, ..at_once() }));
    fixture.put(1);
    fixture.until(100).await;
    let status = fixture.status();
    assert_eq!((status.failed, status.given_up, status.next), (3, 0, Some(at() + secs(210))));
    assert_eq!(status.last_error.as_deref(), Some("ops did not take it: 503 Service Unavailable"));
    assert_eq!((fixture.entry(1).state, fixture.entry(1).attempts), (EntryState::Waiting, 3));
    fixture.until(1_000).await;
    assert_eq!(channel.asked().iter().map(|(second, _)| *second).collect::<Vec<_>>(), [0, 30, 90, 210]);
    let entry = fixture.entry(1);
    assert_eq!((entry.state, entry.attempts), (EntryState::GivenUp, 4));
    assert_eq!(entry.why.as_deref(), Some("ops did not take it: 503 Service Unavailable"));
    let status = fixture.status();
    assert_eq!((status.sent, status.failed, status.given_up, status.next), (0, 4, 1, None));
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_asks_for_time_gets_it_within_reason() {
    let channel = Recorder::new([busy(Some(300)), busy(Some(5)), busy(Some(1_000_000))]);
    let fixture = Fixture::new(ops(channel.clone(), at_once()));
    fixture.put(1);
    fixture.until(200_000).await;
    let day = 24 * 60 * 60;
    assert_eq!(channel.asked().iter().map(|(second, _)| *second).collect::<Vec<_>>(), [0, 300, 360, 360 + day]);
    assert_eq!(channel.taken(), [1]);
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_refuses_is_not_asked_again_and_the_next_notice_has_its_turn() {
    let refused = SendError::Refused { to: "ops".to_owned(), why: "410 Gone".to_owned() };
    let channel = Recorder::new([refused]);
    let fixture = Fixture::new(ops(channel.clone(), at_once()));
    fixture.put(1);
    fixture.until(10).await;
    fixture.put(1);
    fixture.until(1_000).await;
    assert_eq!(channel.asked(), [(0, vec![1]), (10, vec![2])]);
    assert_eq!((fixture.entry(1).state, fixture.entry(2).state), (EntryState::GivenUp, EntryState::Delivered));
    let status = fixture.status();
    assert_eq!((status.sent, status.given_up, status.last_error), (1, 1, None));
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_went_together_goes_together_again_before_what_is_newer() {
    let channel = Recorder::new([busy(None)]);
    let fixture = Fixture::new(ops(channel.clone(), at_once()));
    fixture.put(2);
    fixture.until(10).await;
    fixture.put(1);
    fixture.until(60).await;
    assert_eq!(channel.asked(), [(0, vec![1, 2]), (30, vec![1, 2]), (30, vec![3])]);
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_stuck_holds_up_no_other() {
    let (stuck, swift) = (Recorder::slow(secs(1_000_000), []), Recorder::new([]));
    let mut channels = ops(swift.clone(), at_once());
    channels.insert("stuck".to_owned(), (stuck.clone(), at_once()));
    let fixture = Fixture::new(channels);
    fixture.outbox.put("stuck", notice(NoticeKind::Failing, "docs"), at());
    fixture.put(1);
    fixture.until(10).await;
    fixture.put(1);
    fixture.until(20).await;
    assert_eq!(stuck.asked(), [(0, vec![1])]);
    assert_eq!(swift.asked(), [(0, vec![2]), (10, vec![3])]);
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_outbox_is_looked_at_every_minute_if_nobody_says_anything() {
    let channel = Recorder::new([]);
    let fixture = Fixture::new(ops(channel.clone(), at_once()));
    fixture.until(10).await;
    fixture.outbox.put("ops", notice(NoticeKind::Failing, "docs"), fixture.clock.now());
    fixture.outbox.put("others", notice(NoticeKind::Failing, "docs"), fixture.clock.now());
    fixture.until(500).await;
    assert_eq!(channel.asked(), [(60, vec![1])]);
    assert_eq!(fixture.entry(2).state, EntryState::Waiting, "nobody has this channel");
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_channel_is_an_attempt_in_vain() {
    struct Broken {
        recorder: Arc<Recorder>,
        is_mended: AtomicBool,
    }

    #[async_trait]
    impl Channel for Broken {
        async fn send(&self, notices: &[Notice]) -> Result<(), SendError> {
            assert!(self.is_mended.swap(true, Ordering::SeqCst), "a defect");
            self.recorder.send(notices).await
        }
    }

    let recorder = Recorder::new([]);
    let broken = Broken { recorder: recorder.clone(), is_mended: AtomicBool::new(false) };
    let fixture = Fixture::new(ops(Arc::new(broken), at_once()));
    fixture.put(1);
    fixture.until(1).await;
    let error = fixture.status().last_error.unwrap();
    assert!(error.starts_with("the channel panicked: a defect"), "{error}");
    fixture.until(40).await;
    assert_eq!(recorder.asked(), [(30, vec![1])]);
    assert_eq!((fixture.entry(1).state, fixture.entry(1).attempts), (EntryState::Delivered, 1));
    fixture.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_channels_it_waits_until_it_is_stopped() {
    let fixture = Fixture::new(BTreeMap::new());
    fixture.until(100).await;
    assert!(fixture.notifier.status().channels.is_empty());
    fixture.running.stop().await;
}
