//! What is written to an engine that fails, or can't keep it: answers, takes and jobs.

use actors::jobs::driver::{DeadReason, JobDriver, JobState, NewJob, Take};
use actors::jobs::{Ended, Job, PutError};
use tokio::time::{Instant, sleep};

use super::book::{Act, Deed};
use super::flaky::{Call, How};
use super::support::{World, deed, done, end, id, law, millis, put, secs, soon, took, until};

#[tokio::test(start_paused = true)]
async fn an_answer_that_the_engine_can_not_keep_ends_its_job_and_no_other() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    // While the first answer is written the two others come, and are written together.
    flaky.next(Call::Answer, How::Slow(secs(2)));
    let acts = |millis| [Act::Insist(millis)];
    let first = put(&queue, deed("first", acts(100))).await;
    let good = put(&queue, deed("good", acts(500))).await;
    let too_large = put(&queue, deed("too large", acts(500))).await;
    flaky.refuse(id("too large"));
    assert_eq!((end(&first).await, end(&good).await), (done("first"), done("good")));
    let ended = end(&too_large).await;
    let Ended::Dead { reason: DeadReason::Terminated, error: Some(error) } = ended else { panic!("{ended:?}") };
    assert!(error.starts_with("what came of it can't be kept: output: 2000000 bytes"), "{error}");
    let counts = law(queue.status().deliveries);
    assert_eq!((counts.done, counts.dead, counts.held), (2, 1, 0));
    assert_eq!(world.book.begun().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_written_again_until_the_engine_has_it_and_counts_once() {
    for how in How::PASSING {
        let world = World::new();
        let (queue, flaky) = world.flaky_worker("a").await;
        (0..3).for_each(|_| flaky.next(Call::Answer, how));
        let ticket = put(&queue, deed("1", [Act::Follow])).await;
        assert_eq!(end(&ticket).await, done("1"), "{how:?}");
        until(|| law(queue.status().deliveries).held == 0).await;
        sleep(secs(60)).await;
        let counts = law(queue.status().deliveries);
        assert_eq!((counts.done, counts.lost, world.counts().await.done), (2, 0, 2), "{how:?}");
        assert_eq!((world.book.count("1"), world.book.count("1 follows")), (1, 1), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_take_whose_answer_was_lost_gives_the_same_jobs_again() {
    for how in How::PASSING {
        let world = World::new();
        let (queue, flaky) = world.flaky_worker("a").await;
        sleep(millis(10)).await;
        (0..3).for_each(|_| flaky.next(Call::Take, how));
        let ticket = put(&queue, deed("1", [])).await;
        assert_eq!(end(&ticket).await, done("1"), "{how:?}");
        assert_eq!(world.book.attempts("1"), [1], "{how:?}");
        assert_eq!(law(queue.status().deliveries).taken, 1, "{how:?}");
        // One that is only slow gives the job the first time.
        let least = if matches!(how, How::Slow(_)) { 2 } else { 5 };
        assert!(flaky.count(Call::Take) >= least, "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_is_asked_for_once_and_the_id_tells_whether_it_was_lost() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    flaky.next(Call::Enqueue, How::Fail);
    let failed = soon(queue.put(deed("1", []))).await;
    assert!(matches!(&failed, Err(PutError::Driver(error)) if !error.is_final()), "{failed:?}");
    assert!(world.found("1").await.is_none());
    flaky.next(Call::Enqueue, How::Lose);
    assert!(matches!(soon(queue.put(deed("1", []))).await, Err(PutError::Driver(_))));
    flaky.next(Call::Enqueue, How::Hang);
    let (start, hung) = (Instant::now(), soon(queue.put(deed("1", []))).await);
    assert!(matches!(&hung, Err(PutError::Driver(error)) if error.is_timeout()), "{hung:?}");
    took(start.elapsed(), secs(10));
    assert_eq!(flaky.count(Call::Enqueue), 3);
    let ticket = put(&queue, deed("1", [])).await;
    assert!(!ticket.is_new());
    assert_eq!((end(&ticket).await, world.book.count("1")), (done("1"), 1));
}

#[tokio::test(start_paused = true)]
async fn a_put_that_is_refused_does_no_harm_to_those_beside_it() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    flaky.refuse(id("too large"));
    let [first, too_large, good] = ["first", "too large", "good"].map(|name| soon(queue.put(deed(name, []))));
    let (first, too_large, good) = tokio::join!(first, too_large, good);
    assert!(matches!(&too_large, Err(PutError::Driver(error)) if error.is_final()), "{too_large:?}");
    assert_eq!((end(&first.unwrap()).await, end(&good.unwrap()).await), (done("first"), done("good")));
    assert!(world.found("too large").await.is_none());
    // All together once, and then each by itself.
    assert_eq!(flaky.count(Call::Enqueue), 4);
}

#[tokio::test(start_paused = true)]
async fn answers_that_take_too_long_together_are_written_in_parts() {
    let world = World::new();
    let flaky = world.flaky();
    let queue = world.queue("a", flaky.clone()).concurrency(40).driver_timeout(secs(2));
    let queue = world.start(queue).await;
    // While the first is written the others come. Eleven of them are more than can be done in the time.
    flaky.next(Call::Answer, How::Slow(secs(1)));
    flaky.each_answer(millis(190));
    let mut tickets = Vec::new();
    for n in 0..40 {
        tickets.push(put(&queue, deed(&n.to_string(), [Act::Insist(if n == 0 { 100 } else { 500 })])).await);
    }
    for (n, ticket) in tickets.iter().enumerate() {
        assert_eq!(end(ticket).await, done(&n.to_string()));
    }
    let counts = law(queue.status().deliveries);
    assert_eq!((counts.done, counts.lost, world.counts().await.done), (40, 0, 40));
    assert_eq!(world.book.begun().len(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_take_that_comes_through_after_it_was_given_up_leaves_no_job_without_a_worker() {
    let world = World::new();
    let queue = world.worker("a").await;
    // It has asked, and found nothing.
    sleep(secs(60)).await;
    let owner = world.memory.owners().await.unwrap().all.remove(0).owner;
    let entry = NewJob::new(id("1"), Deed::QUEUE, Deed::KIND, r#"{"name":"1","acts":[]}"#);
    world.memory.enqueue(None, &[entry]).await.unwrap();
    // What it asked the first time was held up on its way.
    let (queues, ageing) = (vec![Deed::QUEUE.to_owned()], millis(0));
    let stray = Take { owner, serial: 1, queues, most: 8, suspect: true, ageing };
    assert_eq!(world.memory.take(&stray).await.unwrap().unwrap().jobs.len(), 1);
    assert_eq!(world.over("1").await.state, JobState::Done);
    assert_eq!(law(queue.status().deliveries).taken, 1);
}
