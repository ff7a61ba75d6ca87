//! Jobs that are given to a function, as they are.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actors::jobs::driver::{DeadReason, JobDriver, JobRecord, JobState, NewJob};
use actors::jobs::{AnswerError, Delivery, JobQueue};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::flaky::{Call, Flaky, How};
use super::support::{World, deed, drain, id, law, millis, owner, secs, took, until};

/// What is said of a delivery.
#[derive(Clone, Debug)]
enum Word {
    Ack,
    Nak,
    Term,
    Release,
    /// Nothing.
    Drop,
    Panic,
    /// Nothing, for so long.
    Sit(Duration),
    /// It is done, after so long, and is followed by another.
    AckAfter(Duration),
}

/// Says of each delivery what comes next, and keeps what came of that.
#[derive(Clone, Default)]
struct Clerk(Arc<Mutex<Desk>>);

#[derive(Default)]
struct Desk {
    words: VecDeque<Word>,
    deliveries: Vec<(u32, Instant)>,
    answers: Vec<Result<(), AnswerError>>,
}

impl Clerk {
    fn new(words: impl IntoIterator<Item = Word>) -> Self {
        Self(Arc::new(Mutex::new(Desk { words: words.into_iter().collect(), ..Desk::default() })))
    }

    /// Does one delivery.
    fn handle(&self, delivery: Delivery) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clerk = self.clone();
        Box::pin(clerk.say(delivery))
    }

    async fn say(self, mut delivery: Delivery) {
        assert_eq!(delivery.payload(), r#"{"of":"the raw kind"}"#);
        let word = {
            let mut desk = self.0.lock();
            desk.deliveries.push((delivery.run().attempt(), Instant::now()));
            desk.words.pop_front().unwrap_or(Word::Ack)
        };
        let answer = match word {
            Word::Ack => delivery.ack(Some("7".to_owned())).await,
            Word::Nak => delivery.nak(secs(20), "not today").await,
            Word::Term => delivery.term("never").await,
            Word::Release => delivery.release(secs(20)).await,
            Word::Drop => return,
            Word::Panic => panic!("a function that panics"),
            Word::Sit(long) => {
                sleep(long).await;
                return;
            }
            Word::AckAfter(long) => {
                sleep(long).await;
                delivery.run().then(deed("follows", [])).unwrap();
                delivery.ack(None).await
            }
        };
        self.0.lock().answers.push(answer);
    }

    fn attempts(&self) -> Vec<u32> {
        self.0.lock().deliveries.iter().map(|(attempt, _)| *attempt).collect()
    }

    fn pauses(&self) -> Vec<Duration> {
        self.0.lock().deliveries.windows(2).map(|two| two[1].1 - two[0].1).collect()
    }

    fn answers(&self) -> Vec<Result<(), AnswerError>> {
        self.0.lock().answers.clone()
    }
}

/// A process that gives its deliveries to the clerk, and a job of that kind.
async fn start(world: &World, clerk: &Clerk) -> (JobQueue, Flaky) {
    let (flaky, clerk) = (world.flaky(), clerk.clone());
    let queue = JobQueue::builder(flaky.clone()).name("raw");
    let queue = queue.deliver("raw", "raws", secs(60), move |delivery| clerk.handle(delivery));
    let queue = world.start(queue).await;
    let job = NewJob::new(id("raw"), "raws", "raw", r#"{"of":"the raw kind"}"#);
    world.memory.enqueue(None, &[job]).await.unwrap();
    (queue, flaky)
}

async fn all(words: impl IntoIterator<Item = Word>) -> (Clerk, JobQueue, JobRecord) {
    let (world, clerk) = (World::new(), Clerk::new(words));
    let (queue, _) = start(&world, &clerk).await;
    let record = world.over("raw").await;
    until(|| law(queue.status().deliveries).held == 0).await;
    (clerk, queue, record)
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_answered_in_each_way() {
    let (clerk, queue, record) = all([Word::Nak, Word::Release, Word::Ack]).await;
    assert_eq!((record.state, record.output.as_deref()), (JobState::Done, Some("7")));
    assert_eq!(record.error.as_deref(), Some("not today"));
    // What was handed back has had no attempt.
    assert_eq!(clerk.attempts(), [1, 2, 2]);
    clerk.pauses().into_iter().for_each(|pause| took(pause, secs(20)));
    assert!(clerk.answers().iter().all(Result::is_ok) && clerk.answers().len() == 3);
    let counts = queue.status().deliveries;
    assert_eq!((counts.taken, counts.retried, counts.released, counts.done), (3, 1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn it_may_be_asked_for_again_as_often_as_the_function_likes() {
    let (clerk, queue, record) = all(vec![Word::Nak; 25]).await;
    assert_eq!((record.state, record.attempt, clerk.attempts().len()), (JobState::Done, 26, 26));
    assert_eq!(queue.status().deliveries.retried, 25);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_no_use_is_dead() {
    let (clerk, _, record) = all([Word::Term]).await;
    assert_eq!((record.state, record.dead), (JobState::Dead, Some(DeadReason::Terminated)));
    assert_eq!((record.error.as_deref(), clerk.attempts()), (Some("never"), vec![1]));
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_without_an_answer_is_handed_back() {
    let (clerk, queue, record) = all([Word::Drop, Word::Drop]).await;
    assert_eq!((record.state, record.attempt), (JobState::Done, 1));
    assert_eq!((clerk.attempts(), queue.status().deliveries.released), (vec![1, 1, 1], 2));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_or_takes_too_long_has_failed() {
    let (clerk, queue, record) = all([Word::Panic, Word::Sit(secs(600))]).await;
    assert_eq!((record.state, clerk.attempts()), (JobState::Done, vec![1, 2, 3]));
    assert_eq!(record.error.as_deref(), Some("it took longer than 60s"));
    assert_eq!(queue.status().deliveries.retried, 2);
    assert!(queue.actor().status().last_panic.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_for_what_was_given_up_is_stale_and_nothing_follows() {
    let (world, clerk) = (World::new(), Clerk::new([Word::AckAfter(secs(3)), Word::Sit(secs(30))]));
    let (queue, _) = start(&world, &clerk).await;
    until(|| !clerk.attempts().is_empty()).await;
    // Somebody saw no sign of life of it.
    world.memory.leave(&owner(&queue)).await.unwrap();
    until(|| clerk.answers().len() == 1).await;
    assert!(matches!(clerk.answers()[0], Err(AnswerError::Stale)), "{:?}", clerk.answers());
    assert!(world.found("follows").await.is_none());
    assert_eq!(law(queue.status().deliveries).lost, 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_on_its_way_when_its_owner_was_given_up_is_stale() {
    let (world, clerk) = (World::new(), Clerk::new([Word::AckAfter(secs(1))]));
    let (queue, flaky) = start(&world, &clerk).await;
    flaky.set(Call::Answer, Some(How::Fail));
    until(|| queue.status().unwritten == 1).await;
    world.memory.leave(&owner(&queue)).await.unwrap();
    flaky.set(Call::Answer, None);
    // The next life has it done.
    let record = world.over("raw").await;
    until(|| clerk.answers().len() == 2).await;
    let stale = clerk.answers().iter().filter(|answer| matches!(answer, Err(AnswerError::Stale))).count();
    assert_eq!(stale, 1, "{:?}", clerk.answers());
    assert_eq!((record.attempt, record.crashes), (2, 1));
    until(|| law(queue.status().deliveries).held == 0).await;
    let counts = queue.status().deliveries;
    assert_eq!((counts.taken, counts.lost, counts.done), (2, 1, 1));
    assert!(world.found("follows").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_an_answer_is_told_when_the_queue_ends_before() {
    let (world, clerk) = (World::new(), Clerk::new([Word::AckAfter(secs(1))]));
    let (queue, flaky) = start(&world, &clerk).await;
    sleep(millis(10)).await;
    flaky.all(Some(How::Fail));
    let receipt = drain(&queue, 20).await;
    until(|| !clerk.answers().is_empty()).await;
    assert!(matches!(clerk.answers()[0], Err(AnswerError::Unanswered)), "{:?}", clerk.answers());
    assert!(!receipt.is_complete() && !receipt.left);
    assert_eq!(law(receipt.counts).held, 1);
    // The engine still has it as this process's, until that is given up.
    assert_eq!(world.state("raw").await, JobState::Running);
}

#[tokio::test(start_paused = true)]
async fn each_delivery_of_a_job_has_a_greater_fence_than_the_one_before() {
    let world = World::new();
    let fences = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&fences);
    let note = move |mut delivery: Delivery| {
        noted.lock().push((delivery.fence(), delivery.run().id()));
        async move { delivery.nak(secs(1), "again").await.unwrap() }
    };
    let queue = JobQueue::builder(world.memory.clone()).deliver("raw", "raws", secs(60), note);
    let queue = world.start(queue).await;
    world.memory.enqueue(None, &[NewJob::new(id("raw"), "raws", "raw", "{}")]).await.unwrap();
    until(|| fences.lock().len() >= 3).await;
    assert!(law(queue.status().deliveries).taken >= 3);
    let fences = fences.lock().clone();
    assert!(fences.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 == id("raw")), "{fences:?}");
}
