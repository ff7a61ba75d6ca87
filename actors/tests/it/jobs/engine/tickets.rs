//! Waiting for how a job ends, by its ticket.

use actors::jobs::driver::{DeadReason, JobState};
use actors::jobs::{Ended, JobQueue, JobsError};
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use tokio::time::{Instant, sleep, timeout};

use super::book::{Act, Deed};
use super::flaky::{Call, Flaky, How};
use super::support::{World, deed, done, drain, end, id, law, millis, put, secs, soon, took};

/// A process that only puts, behind an engine that can be cut off.
async fn client(world: &World) -> (JobQueue, Flaky) {
    let flaky = world.flaky();
    (world.start(JobQueue::builder(flaky.clone()).name("client")).await, flaky)
}

#[tokio::test(start_paused = true)]
async fn each_end_is_told_here_and_elsewhere_when_it_comes() {
    let world = World::new();
    let queue = world.worker("a").await;
    let (client, _flaky) = client(&world).await;
    let start = Instant::now();
    put(&queue, deed("done", [Act::Nap(3000)])).await;
    put(&queue, deed("cancelled", [Act::Nap(100_000)])).await;
    put(&queue, deed("dead", [Act::Terminate("no such user".to_owned())])).await;
    for asked in [&queue, &client] {
        let dead = Ended::Dead { reason: DeadReason::Terminated, error: Some("no such user".to_owned()) };
        assert_eq!(end(&asked.ticket::<Deed>(id("dead"))).await, dead);
    }
    let (here, elsewhere) = (queue.ticket::<Deed>(id("done")), client.ticket::<Deed>(id("done")));
    let (one, other) = tokio::join!(end(&here), end(&elsewhere));
    assert_eq!((one, other), (done("done"), done("done")));
    took(start.elapsed(), secs(3));
    assert_eq!(soon(elsewhere.cancel()).await.unwrap(), Some(JobState::Done));
    let waits = client.ticket::<Deed>(id("cancelled"));
    assert_eq!(soon(waits.cancel()).await.unwrap(), Some(JobState::Running));
    assert_eq!((end(&waits).await, end(&queue.ticket(id("cancelled"))).await), (Ended::Cancelled, Ended::Cancelled));
    assert!(start.elapsed() <= secs(8) + millis(50), "{:?}", start.elapsed());
    assert!(!waits.is_new() && waits.id() == id("cancelled"));
}

#[tokio::test(start_paused = true)]
async fn what_waits_and_is_cancelled_ends_at_once() {
    let world = World::new();
    let (client, _flaky) = client(&world).await;
    let ticket = put(&client, deed("1", [])).await;
    let cancelled = async {
        sleep(secs(7)).await;
        soon(ticket.cancel()).await.unwrap()
    };
    let start = Instant::now();
    let (ended, state) = tokio::join!(end(&ticket), cancelled);
    assert_eq!((ended, state), (Ended::Cancelled, Some(JobState::Cancelled)));
    took(start.elapsed(), secs(7));
}

#[tokio::test(start_paused = true)]
async fn of_a_job_that_there_is_not_nothing_can_be_told() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ticket = queue.ticket::<Deed>(id("nobody"));
    let unknown = soon(ticket.ended()).await;
    assert!(matches!(unknown, Err(JobsError::Unknown(of)) if of == id("nobody")), "{unknown:?}");
    assert_eq!(soon(ticket.cancel()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_tried_again_after_it_was_dead_has_another_end() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ticket = put(&queue, deed("1", [Act::Terminate("no".to_owned()), Act::Nap(1000)])).await;
    assert!(matches!(end(&ticket).await, Ended::Dead { .. }));
    assert_eq!(soon(queue.retry(id("1"))).await.unwrap(), Some(JobState::Waiting));
    assert_eq!(end(&ticket).await, done("1"));
    assert_eq!(world.book.attempts("1"), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_is_dropped_changes_nothing_and_nobody_looks_for_it() {
    let world = World::new();
    let queue = world.worker("a").await;
    let (client, flaky) = client(&world).await;
    drop(put(&client, deed("dropped", [Act::Nap(1000)])).await);
    let ticket = put(&client, deed("1", [Act::Nap(100_000)])).await;
    assert!(timeout(secs(8), ticket.ended()).await.is_err());
    drop(ticket);
    sleep(secs(10)).await;
    let looks = flaky.count(Call::Look);
    assert!(looks > 0);
    world.over("1").await;
    assert_eq!((flaky.count(Call::Look), law(queue.status().deliveries).done), (looks, 2));
    assert_eq!(world.state("dropped").await, JobState::Done);
}

#[tokio::test(start_paused = true)]
async fn many_who_wait_for_one_job_cost_no_more_looks_than_one() {
    let world = World::new();
    let _queue = world.worker("a").await;
    let (client, flaky) = client(&world).await;
    let ticket = put(&client, deed("1", [Act::Nap(20_000)])).await;
    let waiting: Vec<_> =
        (0..100).map(|_| ticket.clone()).map(|one| tokio::spawn(async move { end(&one).await })).collect();
    for one in waiting {
        assert_eq!(soon(one).await.unwrap(), done("1"));
    }
    let looks = flaky.count(Call::Look);
    assert!(looks <= 12, "{looks} looks in 20 s");
}

#[tokio::test(start_paused = true)]
async fn while_the_engine_is_away_who_waits_goes_on_waiting() {
    for how in [How::Fail, How::Hang, How::Panic] {
        let world = World::new();
        let queue = world.worker("a").await;
        let (client, flaky) = client(&world).await;
        let ticket = put(&client, deed("1", [Act::Nap(5000)])).await;
        let away = async {
            sleep(secs(1)).await;
            flaky.all(Some(how));
            sleep(secs(60)).await;
            let looks = flaky.count(Call::Look);
            assert!((2..100).contains(&looks), "{how:?}: {looks} looks in a minute");
            flaky.all(None);
            Instant::now()
        };
        let (ended, back) = tokio::join!(end(&ticket), away);
        assert_eq!(ended, done("1"), "{how:?}");
        // It was done long ago, and that is seen when the engine is asked again.
        assert!(back.elapsed() <= secs(21), "{how:?}: {:?}", back.elapsed());
        assert_eq!(law(queue.status().deliveries).done, 1, "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_does_the_job_itself_tells_of_its_end_without_asking() {
    let world = World::new();
    let (queue, flaky) = world.flaky_worker("a").await;
    let ticket = put(&queue, deed("1", [Act::Nap(2000)])).await;
    flaky.set(Call::Look, Some(How::Hang));
    let start = Instant::now();
    assert_eq!(end(&ticket).await, done("1"));
    took(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn who_spares_the_engine_telling_of_an_end_sees_it_at_the_next_look() {
    let world = World::new();
    let _queue = world.worker("a").await;
    let (client, _flaky) = client(&world).await;
    let start = Instant::now();
    let ticket = put(&client, deed("1", [Act::Nap(1000)]).untold()).await;
    assert_eq!(end(&ticket).await, done("1"));
    assert!(start.elapsed() <= secs(6) + millis(50), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_is_cancelled_or_has_no_time_left_waits_no_longer() {
    let world = World::new();
    let queue = world.worker("a").await;
    let ticket = put(&queue, deed("1", [Act::Nap(50_000)])).await;
    let token = CancelToken::new();
    let stop = async {
        sleep(secs(3)).await;
        token.cancel("it is to do something else");
    };
    let (start, context) = (Instant::now(), Context::current());
    let (ended, ()) = tokio::join!(soon(context.with_token(token.clone()).scope(ticket.ended())), stop);
    assert!(matches!(ended, Err(JobsError::Interrupted(_))), "{ended:?}");
    took(start.elapsed(), secs(3));
    let late = context.with_deadline(Instant::now() + secs(2)).scope(ticket.ended());
    assert!(matches!(soon(late).await, Err(JobsError::Interrupted(_))));
    took(start.elapsed(), secs(5));
    // The job was not disturbed.
    assert_eq!(end(&ticket).await, done("1"));
    assert_eq!(world.book.count("1"), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_when_the_queue_ends_is_told() {
    let world = World::new();
    let _worker = world.worker("a").await;
    for away in [false, true] {
        let (client, flaky) = client(&world).await;
        let ticket = put(&client, deed("1", [Act::Nap(1_000_000)])).await;
        let closed = async {
            sleep(secs(3)).await;
            flaky.all(away.then_some(How::Hang));
            sleep(secs(3)).await;
            drain(&client, 10).await
        };
        let (ended, receipt) = tokio::join!(soon(ticket.ended()), closed);
        assert!(matches!(ended, Err(JobsError::Closed)), "{ended:?}");
        assert!(receipt.took <= secs(10), "{receipt}");
        assert!(matches!(soon(ticket.ended()).await, Err(JobsError::Closed)));
        assert!(matches!(soon(ticket.cancel()).await, Err(JobsError::Closed)));
    }
    assert_eq!(world.state("1").await, JobState::Running);
}
