//! How jobs end, and whose word counts.

use std::time::Duration;

use actors::jobs::Fence;
use actors::jobs::driver::{Accepted, Answer, DeadReason, End, Entered, JobDriver, JobState, NewJob, Unique};

use super::{Worker, World, answer, counts, done, enter, enter_all, id, job, kinds, record, released, retry, state};

pub(super) async fn ends_a_job_with_what_came_of_it<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "ends: worker", "ends").await;
    enter_all(&driver, "ends", &["done", "dead", "cancelled"]).await;
    let taken = worker.take(10).await;
    let ends = [
        End::Done { output: Some("[1,2]".to_owned()) },
        End::Dead { reason: DeadReason::Exhausted, error: "no route: \u{1F980}".to_owned() },
        End::Cancelled,
    ];
    let answers: Vec<_> = taken.jobs.iter().zip(ends).map(|(job, end)| answer(job.id, job.fence, end)).collect();
    assert_eq!(driver.answer("ends: worker", &answers).await.unwrap(), [const { Accepted::Kept }; 3]);
    assert!(driver.answer("ends: worker", &[]).await.unwrap().is_empty());
    let done = record(&driver, id("ends", "done")).await;
    assert_eq!((done.state, done.output.as_deref(), done.crashes), (JobState::Done, Some("[1,2]"), 0));
    assert!(done.owner.is_none() && done.over_at >= done.taken_at && done.taken_at >= Some(done.entered_at));
    let dead = record(&driver, id("ends", "dead")).await;
    assert_eq!((dead.state, dead.dead), (JobState::Dead, Some(DeadReason::Exhausted)));
    assert_eq!(dead.error.as_deref(), Some("no route: \u{1F980}"));
    assert_eq!(state(&driver, id("ends", "cancelled")).await, JobState::Cancelled);
    assert_eq!(worker.nothing().await, None);
    driver.leave("ends: worker").await.unwrap();
}

pub(super) async fn repeats_an_answer_that_was_lost<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "again: worker", "again").await;
    enter_all(&driver, "again", &["1"]).await;
    let first = worker.one().await;
    for _ in 0..2 {
        worker.end(&first, retry(Duration::ZERO)).await;
    }
    let second = worker.one().await;
    assert!(second.fence > first.fence && second.attempt == 2);
    // The answer to the first delivery is an old one now, and says nothing of the second.
    for _ in 0..2 {
        worker.end(&first, done()).await;
    }
    assert_eq!(state(&driver, first.id).await, JobState::Running);
    for _ in 0..2 {
        worker.end(&second, done()).await;
    }
    assert_eq!(worker.say(&first, done()).await, Accepted::Stale);
    assert_eq!(record(&driver, first.id).await.attempt, 2);
    assert_eq!(counts(&driver, "again").await.done, 1);
    driver.leave("again: worker").await.unwrap();
}

pub(super) async fn tries_again_after_a_while<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "retries: worker", "retries").await;
    enter_all(&driver, "retries", &["1", "2"]).await;
    worker.end(&worker.one().await, retry(world.unit() * 5)).await;
    let seen = record(&driver, id("retries", "1")).await;
    assert_eq!((seen.state, seen.error.as_deref()), (JobState::Waiting, Some("no route")));
    assert_eq!(kinds(&worker.take(10).await), ["2"]);
    assert!(worker.nothing().await.is_some_and(|next| next <= world.unit() * 5));
    world.pass(6).await;
    let again = worker.one().await;
    // That it failed has nothing of a crash.
    assert_eq!((&*again.kind, again.attempt, again.crashes), ("1", 2, 1));
    driver.leave("retries: worker").await.unwrap();
}

pub(super) async fn counts_no_attempt_where_a_job_is_handed_back<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "released: worker", "released").await;
    enter_all(&driver, "released", &["1", "2"]).await;
    for _ in 0..3 {
        let first = worker.one().await;
        assert_eq!((&*first.kind, first.attempt, first.crashes), ("1", 1, 1));
        worker.end(&first, released()).await;
    }
    // It keeps its place, but where it is to wait.
    let first = worker.one().await;
    worker.end(&first, End::Released { after: world.unit() * 5 }).await;
    assert_eq!(record(&driver, first.id).await.attempt, 0);
    assert_eq!(kinds(&worker.take(10).await), ["2"]);
    world.pass(6).await;
    assert_eq!(worker.one().await.attempt, 1);
    driver.leave("released: worker").await.unwrap();
}

pub(super) async fn puts_dead_jobs_aside_and_lets_them_live_again<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "dead: worker", "dead").await;
    let one = |name| NewJob {
        key: Some("a".to_owned()),
        unique: Some(Unique { key: name, window: Duration::ZERO }),
        ..job("dead", "1")
    };
    enter(&driver, &[one("held".to_owned())]).await;
    let dead = || End::Dead { reason: DeadReason::Exhausted, error: "no".to_owned() };
    worker.end(&worker.one().await, dead()).await;
    assert_eq!(worker.nothing().await, None);
    assert_eq!(driver.retry(id("nowhere", "nothing")).await.unwrap(), None);
    let behind = NewJob { key: Some("a".to_owned()), ..job("dead", "2") };
    enter(&driver, &[behind]).await;
    for _ in 0..2 {
        assert_eq!(driver.retry(id("dead", "1")).await.unwrap(), Some(JobState::Waiting));
    }
    // It stands behind those that are in line now, and holds its unique key.
    let entered = NewJob { id: id("dead", "3"), ..one("held".to_owned()) };
    assert_eq!(driver.enqueue(None, &[entered]).await.unwrap(), [Entered::Duplicate(id("dead", "1"))]);
    let second = worker.one().await;
    assert_eq!(second.kind, "2");
    worker.end(&second, done()).await;
    let again = worker.one().await;
    assert_eq!((&*again.kind, again.attempt, again.crashes), ("1", 1, 1));
    let seen = record(&driver, again.id).await;
    assert_eq!((seen.dead, seen.over_at), (None, None));
    // While it runs nothing comes of it, and after it was done neither.
    assert_eq!(driver.retry(again.id).await.unwrap(), Some(JobState::Running));
    worker.end(&again, done()).await;
    assert_eq!(driver.retry(again.id).await.unwrap(), Some(JobState::Done));
    // One that waits for its time need not.
    enter_all(&driver, "dead", &["4"]).await;
    worker.end(&worker.one().await, retry(Duration::from_secs(3_600))).await;
    assert_eq!(driver.retry(id("dead", "4")).await.unwrap(), Some(JobState::Waiting));
    assert_eq!(worker.one().await.attempt, 2);
    driver.leave("dead: worker").await.unwrap();
}

pub(super) async fn enters_what_follows_with_the_answer_or_not_at_all<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "follows: worker", "follows").await;
    enter(&driver, &[NewJob { key: Some("a".to_owned()), ..job("follows", "1") }]).await;
    let taken = worker.one().await;
    let behind = NewJob { key: Some("a".to_owned()), ..job("follows", "2") };
    let next = vec![behind, job("follows", "3"), job("follows", "1")];
    let whole = Answer { next, ..answer(taken.id, taken.fence, done()) };
    // Not with an answer that does not count.
    let stale = Answer { fence: Fence(taken.fence.0 + 1), ..whole.clone() };
    assert_eq!(driver.answer("follows: worker", &[stale]).await.unwrap(), [Accepted::Stale]);
    assert_eq!(driver.look(&[id("follows", "2")]).await.unwrap(), [None]);
    for _ in 0..2 {
        assert_eq!(driver.answer("follows: worker", std::slice::from_ref(&whole)).await.unwrap(), [Accepted::Kept]);
    }
    assert_eq!(counts(&driver, "follows").await.entered(), 3);
    // The one with the key stood behind the one that entered it.
    let mut followed = Vec::new();
    while followed.len() < 2 {
        followed.push(worker.one().await.kind);
    }
    followed.sort();
    assert_eq!(followed, ["2", "3"]);
    driver.leave("follows: worker").await.unwrap();
}

pub(super) async fn ignores_whoever_has_not_got_the_job<W: World>(world: &W) {
    let driver = world.open().await;
    let (a, b) = (Worker::new(&driver, "not: a", "not").await, Worker::new(&driver, "not: b", "not").await);
    enter_all(&driver, "not", &["1", "2"]).await;
    let taken = a.one().await;
    assert_eq!(b.say(&taken, done()).await, Accepted::Stale);
    let wrong = Fence(taken.fence.0 + 7);
    let unknown = answer(id("not", "there"), taken.fence, done());
    let answers = [answer(taken.id, wrong, done()), unknown, answer(id("not", "2"), Fence(0), done())];
    assert_eq!(driver.answer("not: a", &answers).await.unwrap(), [const { Accepted::Stale }; 3]);
    assert_eq!(state(&driver, taken.id).await, JobState::Running);
    assert_eq!(state(&driver, id("not", "2")).await, JobState::Waiting);
    // One that is good counts, whatever it comes with.
    let answers = [answer(taken.id, wrong, done()), answer(taken.id, taken.fence, done())];
    assert_eq!(driver.answer("not: a", &answers).await.unwrap(), [Accepted::Stale, Accepted::Kept]);
    assert_eq!(state(&driver, taken.id).await, JobState::Done);
    for owner in ["not: a", "not: b"] {
        driver.leave(owner).await.unwrap();
    }
}
