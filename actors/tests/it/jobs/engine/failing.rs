//! Jobs that fail.

use std::collections::HashMap;
use std::time::Duration;

use actors::jobs::driver::{DeadReason, JobDriver, JobState, NewJob};
use actors::jobs::{Ended, Failure, Job, JobsError, PutError, Retries, Run, Stop};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::book::{Act, Book, Deed};
use super::support::{World, deed, done, drain, end, id, law, put, secs, soon, took};

fn dead(reason: DeadReason, error: &str) -> Ended<String> {
    Ended::Dead { reason, error: Some(error.to_owned()) }
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_after_pauses_until_its_last_attempt_has_failed() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ticket = put(&queue, deed("1", [Act::Fail("no route".to_owned())])).await;
    assert_eq!(end(&ticket).await, dead(DeadReason::Exhausted, "no route"));
    assert_eq!(world.book.attempts("1"), [1, 2, 3]);
    let retries = Deed::retries();
    for (attempt, pause) in (1..).zip(world.book.pauses("1")) {
        took(pause, retries.after(attempt, id("1")).unwrap());
    }
    let counts = law(queue.status().deliveries);
    assert_eq!((counts.taken, counts.retried, counts.dead), (3, 2, 1));
    // Nothing more comes of it by itself.
    sleep(secs(3600)).await;
    assert_eq!(world.book.count("1"), 3);
}

#[tokio::test(start_paused = true)]
async fn what_fails_and_then_does_not_is_done() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ticket = put(&queue, deed("1", [Act::Fail("no".to_owned()), Act::Panic, Act::Done])).await;
    assert_eq!(end(&ticket).await, done("1"));
    let record = world.record("1").await;
    assert_eq!((record.attempt, record.crashes), (3, 0));
    // What was wrong last is still to be read.
    assert!(record.error.unwrap().contains("a job that panics"));
}

#[tokio::test(start_paused = true)]
async fn what_sees_no_point_in_it_is_not_tried_again() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ticket = put(&queue, deed("1", [Act::Terminate("no such user".to_owned())])).await;
    assert_eq!(end(&ticket).await, dead(DeadReason::Terminated, "no such user"));
    assert_eq!((world.book.count("1"), law(queue.status().deliveries).dead), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_done_yet_has_had_no_attempt() {
    let world = World::new();
    let queue = world.worker("a").await;
    let acts = [Act::Later(20_000), Act::Later(20_000), Act::Later(20_000), Act::Later(20_000), Act::Done];
    assert_eq!(end(&put(&queue, deed("1", acts)).await).await, done("1"));
    assert_eq!(world.book.attempts("1"), [1; 5]);
    world.book.pauses("1").into_iter().for_each(|pause| took(pause, secs(20)));
    assert_eq!((world.record("1").await.attempt, law(queue.status().deliveries).released), (1, 4));
}

#[tokio::test(start_paused = true)]
async fn what_says_when_to_come_back_is_left_alone_until_then() {
    let world = World::new();
    let queue = world.worker("a").await;
    assert_eq!(end(&put(&queue, deed("1", [Act::FailAfter(40_000), Act::Done])).await).await, done("1"));
    took(world.book.pauses("1")[0], secs(40));
    assert_eq!(world.book.attempts("1"), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_with_its_text() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ended = end(&put(&queue, deed("1", [Act::Panic])).await).await;
    let Ended::Dead { reason: DeadReason::Exhausted, error: Some(error) } = ended else { panic!("{ended:?}") };
    assert!(error.contains("a job that panics") && error.contains("book.rs"), "{error}");
    assert_eq!(world.book.count("1"), 3);
    assert_eq!(queue.actor().status().restarts, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_followed_by_too_many_has_failed() {
    let world = World::new();
    let queue = world.worker("a").await;
    let names = |most: usize| (0..most).map(|n| format!("follower {n}")).collect::<Vec<_>>();
    let ended = end(&put(&queue, deed("1", [Act::Then(names(129))])).await).await;
    assert_eq!(ended, dead(DeadReason::Exhausted, "a job can't be followed by more than 128"));
    assert!(world.found("follower 0").await.is_none());
    assert_eq!(end(&put(&queue, deed("2", [Act::Then(names(128))])).await).await, done("2"));
    assert_eq!(world.over("follower 127").await.state, JobState::Done);
}

/// Takes longer than it may.
#[derive(Serialize, Deserialize)]
struct Slow {
    obeys: bool,
}

#[async_trait]
impl Job for Slow {
    const KIND: &'static str = "slow";
    const TIMEOUT: Duration = Duration::from_secs(2);
    type Output = u32;
    type State = Book;

    async fn run(self, book: &Book, run: &mut Run) -> Result<u32, Failure> {
        let name = if self.obeys { "obeys" } else { "insists" };
        let act = if self.obeys { Act::Nap(60_000) } else { Act::Watch(60_000) };
        Deed { name: name.to_owned(), acts: vec![act] }.run(book, run).await?;
        Ok(0)
    }

    fn retries() -> Retries {
        Retries::new(2).delay(secs(1))
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_takes_too_long_is_stopped_and_has_failed() {
    let world = World::new();
    let queue = world.queue("a", world.memory.clone()).handle::<Slow>(world.book.clone()).grace(secs(3));
    let queue = world.start(queue).await;
    let obeys = soon(queue.put(Slow { obeys: true }.entry())).await.unwrap();
    let insists = soon(queue.put(Slow { obeys: false }.entry())).await.unwrap();
    for (ticket, name, lasts) in [(obeys, "obeys", 2), (insists, "insists", 5)] {
        let ended = soon(ticket.ended()).await.unwrap();
        assert!(matches!(ended, Ended::Dead { reason: DeadReason::Exhausted, error: Some(_) }), "{ended:?}");
        assert_eq!(world.book.attempts(name), [1, 2]);
        for (start, end) in world.book.starts(name).iter().zip(world.book.ends(name)) {
            took(end - start.at, secs(lasts));
        }
        assert!(world.book.stops(name).iter().all(|(stop, _)| *stop == Stop::Deadline), "{:?}", world.book.stops(name));
    }
}

/// A payload, or an output, that JSON has no words for.
#[derive(Serialize, Deserialize)]
struct Odd(HashMap<String, u32>);

#[async_trait]
impl Job for Odd {
    const KIND: &'static str = "odd";
    type Output = HashMap<(u8, u8), u8>;
    type State = ();

    async fn run(self, _: &(), _: &mut Run) -> Result<HashMap<(u8, u8), u8>, Failure> {
        Ok([((1, 2), 3)].into())
    }
}

/// A payload that JSON has no words for.
#[derive(Serialize, Deserialize)]
struct Unwritable(HashMap<(u8, u8), u8>);

#[async_trait]
impl Job for Unwritable {
    const KIND: &'static str = "unwritable";
    type Output = ();
    type State = ();

    async fn run(self, _: &(), _: &mut Run) -> Result<(), Failure> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_words_in_json_is_not_put_and_not_done() {
    let world = World::new();
    let queue = world.start(world.queue("a", world.memory.clone()).handle::<Odd>(())).await;
    let refused = soon(queue.put(Unwritable([((1, 2), 3)].into()).entry())).await;
    let Err(PutError::Encode { kind, problem }) = refused else { panic!("{refused:?}") };
    assert!(kind == "unwritable" && problem.contains("key must be a string"), "{problem}");
    let ticket = soon(queue.put(Odd(HashMap::new()).entry())).await.unwrap();
    let ended = soon(ticket.ended()).await.unwrap();
    let Ended::Dead { reason: DeadReason::Terminated, error: Some(error) } = ended else { panic!("{ended:?}") };
    assert!(error.starts_with("its output can't be written: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_read_is_tried_again_and_then_dead() {
    let world = World::new();
    let queue = world.worker("a").await;
    let broken = NewJob::new(id("broken"), Deed::QUEUE, Deed::KIND, r#"{"name": 7}"#);
    world.memory.enqueue(None, &[broken]).await.unwrap();
    let ended = end(&queue.ticket::<Deed>(id("broken"))).await;
    let Ended::Dead { reason: DeadReason::Exhausted, error: Some(error) } = ended else { panic!("{ended:?}") };
    assert!(error.starts_with("its payload can't be read: "), "{error}");
    assert_eq!(world.record("broken").await.attempt, 3);
    // Who expects another output is told.
    end(&put(&queue, deed("1", [])).await).await;
    let read = soon(queue.ticket::<Slow>(id("1")).ended()).await;
    assert!(matches!(&read, Err(JobsError::Decode { id: of, .. }) if *of == id("1")), "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn effects_that_can_not_be_committed_fail_the_attempt() {
    let world = World::new();
    let (queue, _flaky) = world.flaky_worker("a").await;
    assert_eq!(end(&put(&queue, deed("1", [Act::Effects, Act::Done])).await).await, done("1"));
    assert_eq!(world.book.attempts("1"), [1, 2]);
    assert_eq!(world.record("1").await.error.as_deref(), Some("there is no such table"));
    let ended = end(&put(&queue, deed("2", [Act::Effects])).await).await;
    assert_eq!(ended, dead(DeadReason::Exhausted, "there is no such table"));
    let counts = law(queue.status().deliveries);
    assert_eq!((counts.done, counts.retried, counts.dead, counts.held), (1, 3, 1, 0));
    // An engine that knows of none refuses them before.
    let plain = world.worker("b").await;
    assert!(drain(&queue, 30).await.is_complete());
    let ended = end(&put(&plain, deed("3", [Act::Effects])).await).await;
    assert_eq!(ended, dead(DeadReason::Exhausted, "the jobs' engine can't commit these effects with a job's end"));
}
