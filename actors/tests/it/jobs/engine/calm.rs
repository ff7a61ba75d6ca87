//! How often the engine is asked: little where there is nothing to do, and never again and again at once, whatever goes
//! wrong.

use std::time::Duration;

use actors::jobs::driver::{JobDriver, JobState, NewJob};
use actors::jobs::{Delivery, JobQueue, Stop};
use tokio::time::sleep;

use super::book::Act;
use super::flaky::{Call, Flaky, How};
use super::support::{World, deed, done, drain, end, id, law, put, secs, until};

const MINUTE: Duration = Duration::from_secs(60);

/// Beyond so many calls of a kind none is answered, so that a loop that never waits ends.
const ENDLESS: u64 = 50_000;

/// An engine that sees how often it is asked.
fn counted(world: &World) -> Flaky {
    let flaky = world.flaky();
    Call::OF_A_QUEUE.into_iter().for_each(|call| flaky.most(call, ENDLESS));
    flaky
}

/// How often each of these is asked in a minute.
async fn in_a_minute<const N: usize>(flaky: &Flaky, calls: [Call; N]) -> [u64; N] {
    let before = calls.map(|call| flaky.count(call));
    sleep(MINUTE).await;
    let mut asked = calls.map(|call| flaky.count(call));
    asked.iter_mut().zip(before).for_each(|(asked, before)| *asked -= before);
    asked
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_to_do_asks_little() {
    let world = World::new();
    let flaky = counted(&world);
    let _queue = world.start(world.queue("a", flaky.clone())).await;
    sleep(secs(10)).await;
    let [takes, beats] = in_a_minute(&flaky, [Call::Take, Call::Beat]).await;
    assert!((11..=13).contains(&takes) && (11..=13).contains(&beats), "{takes} takes, {beats} signs of life");
    let [answers, enters, looks, counts, prunes] =
        in_a_minute(&flaky, [Call::Answer, Call::Enter, Call::Look, Call::Counts, Call::Prune]).await;
    assert_eq!((answers, enters, looks), (0, 0, 0));
    assert!(counts <= 5 && prunes <= 2, "{counts} counts, {prunes} prunes");
}

#[tokio::test(start_paused = true)]
async fn a_long_job_costs_no_more_than_signs_of_life() {
    let world = World::new();
    let flaky = counted(&world);
    let queue = world.start(world.queue("a", flaky.clone()).concurrency(1)).await;
    put(&queue, deed("1", [Act::Nap(200_000)])).await;
    until(|| world.book.running() == 1).await;
    let [takes, beats, answers] = in_a_minute(&flaky, [Call::Take, Call::Beat, Call::Answer]).await;
    assert!(takes == 0 && beats <= 13 && answers == 0, "{takes} takes, {beats} signs of life, {answers} answers");
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_always_dropped_makes_no_hot_loop() {
    let world = World::new();
    let flaky = counted(&world);
    let queue = JobQueue::builder(flaky.clone()).deliver("raw", "raws", secs(60), |_: Delivery| async {});
    let queue = world.start(queue).await;
    world.memory.enqueue(None, &[NewJob::new(id("1"), "raws", "raw", "{}")]).await.unwrap();
    sleep(secs(1)).await;
    let [takes, answers] = in_a_minute(&flaky, [Call::Take, Call::Answer]).await;
    assert!((10..1200).contains(&takes) && (10..1200).contains(&answers), "{takes} takes, {answers} answers");
    // Nor is it ever an attempt.
    let record = world.record("1").await;
    assert!(record.attempt <= 1 && record.crashes <= 1, "{record:?}");
    assert_eq!(law(queue.status().deliveries).retried, 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_always_to_come_later_makes_no_hot_loop() {
    let world = World::new();
    let flaky = counted(&world);
    let queue = world.start(world.queue("a", flaky.clone())).await;
    put(&queue, deed("later", [Act::Later(0)])).await;
    let released = move |delivery: Delivery| async move { drop(delivery.release(Duration::ZERO).await) };
    let failed = move |delivery: Delivery| async move { drop(delivery.nak(Duration::ZERO, "again").await) };
    let raw = JobQueue::builder(flaky.clone()).name("raw");
    let raw = raw.deliver("released", "raws", secs(60), released).deliver("failed", "raws", secs(60), failed);
    let raw = world.start(raw).await;
    for kind in ["released", "failed"] {
        world.memory.enqueue(None, &[NewJob::new(id(kind), "raws", kind, "{}")]).await.unwrap();
    }
    sleep(secs(1)).await;
    let [takes, answers] = in_a_minute(&flaky, [Call::Take, Call::Answer]).await;
    assert!((30..12_000).contains(&takes) && (30..12_000).contains(&answers), "{takes} takes, {answers} answers");
    assert!(law(raw.status().deliveries).retried > 10 && law(queue.status().deliveries).released > 10);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_wakes_for_no_reason_makes_no_hot_loop() {
    let world = World::new();
    let flaky = counted(&world);
    flaky.set(Call::Woken, Some(How::Lose));
    let queue = world.start(world.queue("a", flaky.clone())).await;
    let ticket = put(&queue, deed("1", []).after(secs(100))).await;
    let ended = tokio::spawn({
        let ticket = ticket.clone();
        async move { end(&ticket).await }
    });
    sleep(secs(10)).await;
    let [takes, looks] = in_a_minute(&flaky, [Call::Take, Call::Look]).await;
    assert!(takes < 6000 && looks < 6000, "{takes} takes, {looks} looks");
    // It works all the same.
    assert_eq!(ended.await.unwrap(), done("1"));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_can_not_wake_is_asked_now_and_then() {
    for how in [How::Panic, How::Hang] {
        let world = World::new();
        let flaky = counted(&world);
        flaky.set(Call::Woken, Some(how));
        let queue = world.start(world.queue("a", flaky.clone())).await;
        sleep(secs(10)).await;
        let [takes] = in_a_minute(&flaky, [Call::Take]).await;
        assert!((11..=13).contains(&takes), "{how:?}: {takes} takes");
        assert_eq!(end(&put(&queue, deed("1", [])).await).await, done("1"), "{how:?}");
        assert_eq!(queue.actor().status().restarts, 0, "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_that_hangs_is_given_again_now_and_then() {
    let world = World::new();
    let flaky = counted(&world);
    let queue = world.start(world.queue("a", flaky.clone())).await;
    put(&queue, deed("1", [Act::Nap(100_000), Act::Done])).await;
    sleep(secs(1)).await;
    flaky.set(Call::Beat, Some(How::Hang));
    let [beats, takes] = in_a_minute(&flaky, [Call::Beat, Call::Take]).await;
    assert!((5..=30).contains(&beats) && takes <= 30, "{beats} signs of life, {takes} takes");
    // Nothing is taken in doubt, and all is as before when it is over.
    let [takes] = in_a_minute(&flaky, [Call::Take]).await;
    assert_eq!((takes, world.book.running(), world.state("1").await), (0, 0, JobState::Waiting));
    flaky.set(Call::Beat, None);
    assert_eq!(world.over("1").await.attempt, 1);
    let stops: Vec<_> = world.book.stops("1").into_iter().map(|(stop, _)| stop).collect();
    assert_eq!((stops, law(queue.status().deliveries).lost), (vec![Stop::Unsure], 0));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_is_asked_now_and_then() {
    for how in [How::Fail, How::Hang, How::Panic, How::Lose] {
        let world = World::new();
        let flaky = counted(&world);
        let queue = world.start(world.queue("a", flaky.clone())).await;
        let ticket = put(&queue, deed("1", [Act::Nap(2000)])).await;
        until(|| world.book.running() == 1).await;
        flaky.all(Some(how));
        sleep(MINUTE).await;
        for call in Call::OF_A_QUEUE {
            // To wait to be woken asks nothing of it.
            let [asked] = in_a_minute(&flaky, [call]).await;
            assert!(asked <= 60 || call == Call::Woken, "{how:?}, {call:?}: asked {asked} times in a minute");
        }
        flaky.all(None);
        assert_eq!(end(&ticket).await, done("1"), "{how:?}");
        assert_eq!(end(&put(&queue, deed("2", [])).await).await, done("2"), "{how:?}");
        assert_eq!(queue.actor().status().restarts, 0, "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_not_let_in_asks_now_and_then_and_takes_nothing() {
    for how in [How::Fail, How::Refuse, How::Panic] {
        let world = World::new();
        let flaky = counted(&world);
        flaky.set(Call::Enter, Some(how));
        let queue = world.start(world.queue("a", flaky.clone())).await;
        let ticket = put(&queue, deed("1", [])).await;
        let [enters, takes, beats] = in_a_minute(&flaky, [Call::Enter, Call::Take, Call::Beat]).await;
        assert!((3..=40).contains(&enters), "{how:?}: {enters} in a minute");
        assert_eq!((takes, beats, queue.status().owner), (0, 0, None), "{how:?}");
        flaky.set(Call::Enter, None);
        assert_eq!(end(&ticket).await, done("1"), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_refused_in_every_form_is_not_asked_for_ever_and_keeps_nobody_back() {
    let world = World::new();
    let flaky = counted(&world);
    let queue = world.start(world.queue("a", flaky.clone()).concurrency(1)).await;
    flaky.set(Call::Answer, Some(How::Refuse));
    put(&queue, deed("1", [])).await;
    sleep(MINUTE).await;
    let [answers] = in_a_minute(&flaky, [Call::Answer]).await;
    assert!(answers <= 60, "{answers} in a minute");
    sleep(secs(3600)).await;
    let [answers] = in_a_minute(&flaky, [Call::Answer]).await;
    assert_eq!(answers, 0);
    flaky.set(Call::Answer, None);
    // Others are done all the same, and what was refused does not stay with this process for ever.
    assert_eq!(end(&put(&queue, deed("2", [])).await).await, done("2"));
    law(queue.status().deliveries);
    assert!(drain(&queue, 30).await.left);
    assert_ne!(world.state("1").await, JobState::Running);
}
