//! Who gets which job, and when.

use std::time::Duration;

use actors::jobs::driver::{DeadReason, Due, End, JobDriver, JobState, NewJob, QueueLimits, QueueRate, Take, Taken};
use actors::worker_pool::Priority;

use super::{Worker, World, counts, done, enter, enter_all, id, job, kinds, record, released, retry, state};

pub(super) async fn gives_a_job_to_one<W: World>(world: &W) {
    let driver = world.open().await;
    let (a, b) = (Worker::new(&driver, "one: a", "one").await, Worker::new(&driver, "one: b", "one").await);
    enter_all(&driver, "one", &["1", "2", "3"]).await;
    let first = a.one().await;
    assert_eq!((&*first.kind, first.fence.0 > 0), ("1", true));
    assert_eq!(kinds(&b.take(10).await), ["2", "3"]);
    assert_eq!(a.nothing().await, None);
    let seen = record(&driver, first.id).await;
    assert_eq!((seen.state, seen.owner.as_deref(), seen.attempt), (JobState::Running, Some("one: a"), 1));
    // Not from other queues, and for nobody who was not entered.
    enter_all(&driver, "another one", &["4"]).await;
    assert_eq!(a.nothing().await, None);
    let stranger = Take { owner: "one: nobody".to_owned(), queues: vec!["another one".to_owned()], ..a.wish(1) };
    assert_eq!(driver.take(&stranger).await.unwrap(), None);
    assert_eq!(state(&driver, id("another one", "4")).await, JobState::Waiting);
    let both = Take { queues: vec!["one".to_owned(), "another one".to_owned()], ..a.wish(10) };
    assert_eq!(kinds(&driver.take(&both).await.unwrap().unwrap()), ["4"]);
    for owner in ["one: a", "one: b"] {
        driver.leave(owner).await.unwrap();
    }
}

pub(super) async fn holds_back_what_is_not_due<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "due: worker", "due").await;
    let later = NewJob { due: Due::After(world.unit() * 5), ..job("due", "later") };
    let long_ago = NewJob { due: Due::At("1999-12-31T23:59:59Z".parse().unwrap()), ..job("due", "long ago") };
    let never = NewJob { due: Due::At("2250-01-01T00:00:00Z".parse().unwrap()), ..job("due", "never") };
    enter(&driver, &[later, never, long_ago]).await;
    let taken = worker.take(10).await;
    assert_eq!(kinds(&taken), ["long ago"]);
    let next = taken.next.expect("one is in sight");
    assert!(next > world.unit() && next <= world.unit() * 5, "{next:?}");
    world.pass(6).await;
    let taken = worker.take(10).await;
    assert_eq!(kinds(&taken), ["later"]);
    // From when it was due, and not from when it was entered.
    let later = record(&driver, id("due", "later")).await;
    let there = later.taken_at.unwrap().duration_since(later.entered_at).unsigned_abs();
    assert!(taken.jobs[0].waited + world.unit() * 4 < there, "{:?} of {there:?}", taken.jobs[0].waited);
    assert!(taken.next.is_some_and(|next| next > Duration::from_secs(1_000_000)));
    driver.leave("due: worker").await.unwrap();
}

pub(super) async fn repeats_a_take_whose_answer_was_lost<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "lost: worker", "lost").await;
    enter_all(&driver, "lost", &["1", "2", "3"]).await;
    let wish = worker.wish(2);
    let taken = driver.take(&wish).await.unwrap().unwrap();
    assert_eq!(kinds(&taken), ["1", "2"]);
    let again = driver.take(&wish).await.unwrap().unwrap();
    let fences = |taken: &Taken| taken.jobs.iter().map(|job| job.fence).collect::<Vec<_>>();
    assert_eq!((kinds(&again), fences(&again)), (kinds(&taken), fences(&taken)));
    assert_eq!(again.jobs[0].attempt, 1);
    // With what was answered meanwhile left out.
    worker.end(&taken.jobs[0], done()).await;
    assert_eq!(kinds(&driver.take(&wish).await.unwrap().unwrap()), ["2"]);
    assert_eq!(kinds(&worker.take(2).await), ["3"]);
    driver.leave("lost: worker").await.unwrap();
}

pub(super) async fn takes_the_urgent_first_and_lets_nobody_starve<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "urgent: worker", "urgent").await;
    let with = |name, priority| NewJob { priority, ..job("urgent", name) };
    let (low, normal, high) = (Priority::Low, Priority::Normal, Priority::High);
    let jobs = [with("1", low), with("2", normal), with("3", high), with("4", low), with("5", high), with("6", normal)];
    enter(&driver, &jobs).await;
    assert_eq!(kinds(&worker.take(10).await), ["3", "5", "2", "6", "1", "4"]);
    // What was there for longer than the ageing goes first.
    enter(&driver, &[with("7", low), with("8", normal)]).await;
    world.pass(6).await;
    enter(&driver, &[with("9", high), with("10", normal)]).await;
    let ageing = world.unit() * 2;
    let taken = driver.take(&Take { ageing, ..worker.wish(10) }).await.unwrap().unwrap();
    assert_eq!(kinds(&taken), ["8", "7", "9", "10"]);
    driver.leave("urgent: worker").await.unwrap();
}

fn keyed(queue: &str, name: &str, key: &str) -> NewJob {
    NewJob { key: Some(key.to_owned()), ..job(queue, name) }
}

pub(super) async fn keeps_the_order_of_each_key<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "keys: worker", "keys").await;
    let urgent = NewJob { priority: Priority::High, ..keyed("keys", "a3", "a") };
    let jobs = [keyed("keys", "a1", "a"), keyed("keys", "a2", "a"), urgent, keyed("keys", "b1", "b"), job("keys", "c")];
    enter(&driver, &jobs).await;
    // The key of another queue is another one.
    enter(&driver, &[keyed("other keys", "a4", "a")]).await;
    let first = worker.take(10).await;
    assert_eq!(kinds(&first), ["a1", "b1", "c"]);
    assert_eq!(worker.nothing().await, None);
    worker.end(&first.jobs[0], done()).await;
    let second = worker.take(10).await;
    assert_eq!(kinds(&second), ["a2"]);
    // However it ends, the next one comes.
    let dead = End::Dead { reason: DeadReason::Terminated, error: "no".to_owned() };
    worker.end(&second.jobs[0], dead).await;
    let third = worker.take(10).await;
    assert_eq!(kinds(&third), ["a3"]);
    worker.end(&third.jobs[0], End::Cancelled).await;
    // One that comes when the line is empty, and one that leaves it in the middle.
    enter(&driver, &[keyed("keys", "a5", "a"), keyed("keys", "a6", "a"), keyed("keys", "a7", "a")]).await;
    let fifth = worker.one().await;
    assert_eq!(driver.cancel(id("keys", "a6")).await.unwrap(), Some(JobState::Cancelled));
    assert_eq!(worker.nothing().await, None);
    worker.end(&fifth, done()).await;
    assert_eq!(worker.one().await.kind, "a7");
    driver.leave("keys: worker").await.unwrap();
}

pub(super) async fn waits_for_the_first_of_a_key_also_between_its_attempts<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "first: worker", "first").await;
    enter(&driver, &[keyed("first", "1", "a"), keyed("first", "2", "a")]).await;
    worker.end(&worker.one().await, retry(world.unit() * 4)).await;
    assert!(worker.nothing().await.is_some_and(|next| next > Duration::ZERO));
    world.pass(5).await;
    let again = worker.take(10).await;
    assert_eq!((kinds(&again), again.jobs[0].attempt), (vec!["1"], 2));
    worker.end(&again.jobs[0], released()).await;
    let again = worker.take(10).await;
    assert_eq!((kinds(&again), again.jobs[0].attempt), (vec!["1"], 2));
    worker.end(&again.jobs[0], done()).await;
    assert_eq!(worker.one().await.kind, "2");
    // One that is not due yet holds up those behind it, too.
    let later = NewJob { due: Due::After(world.unit() * 4), ..keyed("first", "3", "b") };
    enter(&driver, &[later, keyed("first", "4", "b")]).await;
    assert!(worker.nothing().await.is_some());
    driver.leave("first: worker").await.unwrap();
}

pub(super) async fn begins_nothing_that_is_too_late<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "late: worker", "late").await;
    let soon = NewJob { expires: Some(Due::After(world.unit() * 4)), key: Some("a".to_owned()), ..job("late", "soon") };
    let behind = keyed("late", "behind", "a");
    let in_time = NewJob { expires: Some(Due::After(world.unit() * 1_000)), ..job("late", "in time") };
    enter(&driver, &[soon, behind, in_time]).await;
    world.pass(5).await;
    // Who was behind it may come with the same take, or with the next.
    let first = worker.take(10).await;
    assert!(first.expired == 1 && (first.jobs.len() == 2 || first.next == Some(Duration::ZERO)), "{first:?}");
    let second = worker.take(10).await;
    assert_eq!(second.expired, 0);
    let mut begun = [first.jobs, second.jobs].concat();
    begun.sort_by(|a, b| a.kind.cmp(&b.kind));
    assert_eq!(begun.iter().map(|job| &*job.kind).collect::<Vec<_>>(), ["behind", "in time"]);
    let left = begun[1].expires_in.unwrap();
    assert!(left > world.unit() * 900 && left <= world.unit() * 996, "{left:?}");
    let late = record(&driver, id("late", "soon")).await;
    assert_eq!((late.state, late.dead, late.attempt), (JobState::Dead, Some(DeadReason::Expired), 0));
    driver.leave("late: worker").await.unwrap();
}

pub(super) async fn runs_no_more_than_a_queue_may<W: World>(world: &W) {
    let driver = world.open().await;
    let (a, b) = (Worker::new(&driver, "few: a", "few").await, Worker::new(&driver, "few: b", "few").await);
    driver.limit("few", &QueueLimits { running: Some(2), rate: None }).await.unwrap();
    enter_all(&driver, "few", &["1", "2", "3", "4"]).await;
    let first = a.one().await;
    assert_eq!(kinds(&b.take(10).await), ["2"]);
    // Nothing comes as time goes by.
    assert_eq!((a.nothing().await, b.nothing().await), (None, None));
    a.end(&first, done()).await;
    assert_eq!(kinds(&b.take(10).await), ["3"]);
    // The places of whoever has died are free again. What comes back is suspect, and one such is taken at a time.
    driver.leave("few: b").await.unwrap();
    assert_eq!(a.take(10).await.jobs.len(), 2);
    driver.limit("few", &QueueLimits::default()).await.unwrap();
    assert_eq!(a.take(10).await.jobs.len(), 1);
    driver.leave("few: a").await.unwrap();
}

pub(super) async fn begins_no_more_often_than_a_queue_may<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "rate: worker", "rate").await;
    let rate = Some(QueueRate { spacing: world.unit() * 5, burst: 2 });
    driver.limit("rate", &QueueLimits { running: None, rate }).await.unwrap();
    enter_all(&driver, "rate", &["1", "2", "3", "4", "5", "6"]).await;
    let first = worker.take(10).await;
    assert_eq!(kinds(&first), ["1", "2"]);
    let next = first.next.expect("there is more as time goes by");
    assert!(next > world.unit() && next <= world.unit() * 5, "{next:?}");
    assert!(worker.nothing().await.is_some());
    world.pass(6).await;
    let second = worker.take(10).await;
    let taken_at = async |name: &str| record(&driver, id("rate", name)).await.taken_at.unwrap();
    let passed = taken_at("3").await.duration_since(taken_at("1").await).unsigned_abs();
    // One, unless the machine stood still meanwhile; a rest gives no more than a burst.
    let turns = usize::try_from(passed.as_nanos() / (world.unit() * 5).as_nanos()).unwrap().min(2);
    let rest = ["3", "4", "5", "6"];
    assert_eq!(kinds(&second), rest[..turns]);
    world.pass(40).await;
    assert_eq!(kinds(&worker.take(10).await), rest[turns..turns + 2]);
    driver.limit("rate", &QueueLimits::default()).await.unwrap();
    assert_eq!(kinds(&worker.take(10).await), rest[turns + 2..]);
    driver.leave("rate: worker").await.unwrap();
}

pub(super) async fn takes_nothing_from_a_queue_that_is_paused<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "paused: worker", "paused").await;
    enter_all(&driver, "paused", &["1", "2"]).await;
    let first = worker.one().await;
    for _ in 0..2 {
        driver.pause("paused", true).await.unwrap();
    }
    assert_eq!(worker.nothing().await, None);
    assert!(counts(&driver, "paused").await.paused);
    // What runs may end, and more may come.
    worker.end(&first, done()).await;
    enter_all(&driver, "paused", &["3"]).await;
    assert_eq!(worker.nothing().await, None);
    driver.pause("paused", false).await.unwrap();
    assert_eq!(kinds(&worker.take(10).await), ["2", "3"]);
    driver.leave("paused: worker").await.unwrap();
}
