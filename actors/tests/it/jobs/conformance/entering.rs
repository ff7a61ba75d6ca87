//! What is entered, and what is not.

use std::time::Duration;

use actors::jobs::driver::{Accepted, BATCH, Due, End, Entered, JobDriver, JobState, NewJob, Unique};
use actors::worker_pool::Priority;
use jiff::Timestamp;

use super::{Worker, World, answer, counts, done, enter, id, job, kinds, record, retry};

pub(super) async fn enters_a_job_once<W: World>(world: &W) {
    let driver = world.open().await;
    enter(&driver, &[job("once", "a")]).await;
    // Also if the second one says something else.
    let other = NewJob { payload: r#"{"other":true}"#.to_owned(), ..job("once", "a") };
    assert_eq!(driver.enqueue(None, &[other]).await.unwrap(), [Entered::Known]);
    assert_eq!(record(&driver, id("once", "a")).await.payload, "{}");
    let worker = Worker::new(&driver, "once: worker", "once").await;
    worker.end(&worker.one().await, done()).await;
    // And also after its end.
    assert_eq!(driver.enqueue(None, &[job("once", "a")]).await.unwrap(), [Entered::Known]);
    assert_eq!(worker.nothing().await, None);
    assert_eq!(counts(&driver, "once").await.entered(), 1);
    driver.leave("once: worker").await.unwrap();
}

pub(super) async fn answers_for_each_of_a_batch_in_order<W: World>(world: &W) {
    let driver = world.open().await;
    assert!(driver.enqueue(None, &[]).await.unwrap().is_empty());
    enter(&driver, &[job("batch", "a")]).await;
    let unique =
        |name| NewJob { unique: Some(Unique { key: "one".to_owned(), window: Duration::ZERO }), ..job("batch", name) };
    let jobs = [job("batch", "b"), job("batch", "a"), unique("c"), job("batch", "b"), unique("d"), job("batch", "e")];
    let duplicate = Entered::Duplicate(id("batch", "c"));
    let expected = [Entered::New, Entered::Known, Entered::New, Entered::Known, duplicate, Entered::New];
    assert_eq!(driver.enqueue(None, &jobs).await.unwrap(), expected);
    // The answer was lost: those that were new are known, and nothing else is entered.
    let again = driver.enqueue(None, &jobs).await.unwrap();
    let expected = [Entered::Known, Entered::Known, Entered::Known, Entered::Known, duplicate, Entered::Known];
    assert_eq!(again, expected);
    assert_eq!(counts(&driver, "batch").await.entered(), 4);
    // They were entered in this order.
    let mut seqs = Vec::new();
    for name in ["a", "b", "c", "e"] {
        seqs.push(record(&driver, id("batch", name)).await.seq);
    }
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    assert_eq!(driver.look(&[id("batch", "d"), id("batch", "a")]).await.unwrap()[0], None);
}

pub(super) async fn keeps_what_it_was_given<W: World>(world: &W) {
    let driver = world.open().await;
    let queue = "q: \u{1F980} 'quoted' \"too\" >*. \\";
    let text = r#"{"text":"Grüße, \u0000 \"quoted\" 'too' \\ $1 ?1","n":-1.50,"n":2}"#;
    let given = NewJob {
        kind: "kind.with > dots *".to_owned(),
        payload: text.to_owned(),
        key: Some("a key / é".to_owned()),
        unique: Some(Unique { key: "unique é".to_owned(), window: Duration::from_millis(1_500) }),
        priority: Priority::Low,
        expires: Some(Due::At("2200-01-01T00:00:00.123456789Z".parse().unwrap())),
        ..job(queue, "given")
    };
    enter(&driver, std::slice::from_ref(&given)).await;
    let kept = record(&driver, given.id).await;
    assert_eq!((kept.queue.as_str(), &kept.kind, &kept.payload), (queue, &given.kind, &given.payload));
    assert_eq!((&kept.key, kept.priority, kept.state), (&given.key, Priority::Low, JobState::Waiting));
    assert_eq!(kept.unique.as_deref(), Some("unique é"));
    // Milliseconds are enough.
    let expires = "2200-01-01T00:00:00.123Z".parse::<Timestamp>().unwrap();
    assert_eq!(kept.expires.unwrap().as_millisecond(), expires.as_millisecond());
    assert_eq!((kept.attempt, kept.crashes, kept.owner, kept.output), (0, 0, None, None));
    let worker = Worker::new(&driver, "given: worker", queue).await;
    let taken = worker.one().await;
    assert_eq!(
        (taken.id, &taken.kind, &taken.payload, &taken.key),
        (given.id, &given.kind, &given.payload, &given.key)
    );
    assert_eq!((taken.attempt, taken.crashes, taken.priority), (1, 1, Priority::Low));
    let output = Some(text.to_owned());
    worker.end(&taken, End::Done { output: output.clone() }).await;
    assert_eq!(record(&driver, given.id).await.output, output);
    driver.leave("given: worker").await.unwrap();
}

fn unique(queue: &str, name: &str, window: Duration) -> NewJob {
    NewJob { unique: Some(Unique { key: "the only one".to_owned(), window }), ..job(queue, name) }
}

pub(super) async fn lets_one_in_of_what_is_unique<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "unique: worker", "unique").await;
    let at_once = |name| unique("unique", name, Duration::ZERO);
    enter(&driver, &[at_once("a")]).await;
    let refused = async |name| {
        let entered = driver.enqueue(None, &[at_once(name)]).await.unwrap();
        assert_eq!(entered, [Entered::Duplicate(id("unique", "a"))]);
    };
    refused("b").await;
    let taken = worker.one().await;
    refused("c").await;
    // Also between two attempts.
    worker.end(&taken, retry(Duration::ZERO)).await;
    refused("d").await;
    worker.end(&worker.one().await, done()).await;
    enter(&driver, &[at_once("b")]).await;
    // In another queue it is another key.
    enter(&driver, &[unique("unique too", "a", Duration::ZERO)]).await;
    driver.leave("unique: worker").await.unwrap();
}

pub(super) async fn keeps_a_unique_key_until_its_window_is_over<W: World>(world: &W) {
    let driver = world.open().await;
    let worker = Worker::new(&driver, "window: worker", "window").await;
    let window = world.unit() * 6;
    enter(&driver, &[unique("window", "a", window)]).await;
    worker.end(&worker.one().await, done()).await;
    let entered = driver.enqueue(None, &[unique("window", "b", window)]).await.unwrap();
    assert_eq!(entered, [Entered::Duplicate(id("window", "a"))]);
    world.pass(7).await;
    enter(&driver, &[unique("window", "b", window)]).await;
    // A window that is over says nothing while the job is not.
    world.pass(7).await;
    let entered = driver.enqueue(None, &[unique("window", "c", window)]).await.unwrap();
    assert_eq!(entered, [Entered::Duplicate(id("window", "b"))]);
    driver.leave("window: worker").await.unwrap();
}

pub(super) async fn takes_full_batches<W: World>(world: &W) {
    let driver = world.open().await;
    let names: Vec<String> = (0..BATCH).map(|n| format!("{n}")).collect();
    let jobs: Vec<_> = names.iter().map(|name| job("full", name)).collect();
    enter(&driver, &jobs).await;
    let worker = Worker::new(&driver, "full: worker", "full").await;
    let taken = worker.take(BATCH).await;
    assert_eq!(kinds(&taken), names);
    let answers: Vec<_> = taken.jobs.iter().map(|job| answer(job.id, job.fence, done())).collect();
    let accepted = driver.answer("full: worker", &answers).await.unwrap();
    assert_eq!(accepted, vec![Accepted::Kept; BATCH]);
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let records = driver.look(&ids).await.unwrap();
    assert!(records.iter().all(|record| record.as_ref().unwrap().state == JobState::Done));
    assert_eq!(counts(&driver, "full").await.done, BATCH as u64);
    driver.leave("full: worker").await.unwrap();
}
