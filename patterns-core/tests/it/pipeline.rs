//! `pipeline`: stages, order and bounds. How it ends is in `ending`, what a sink keeps in `sink`, text in
//! chunks in `utf8`, and random pipelines in `laws`.
mod ending;
mod explored;
mod laws;
mod sink;
mod utf8;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::{StreamExt, stream};
use patterns_core::pipeline::Pipeline;
use patterns_core::stream::FlowExt;
use tokio::time::{Instant, sleep};

use crate::support::{ms, secs};

async fn pass(number: u32) -> Result<u32, Infallible> {
    Ok(number)
}

#[tokio::test(start_paused = true)]
async fn an_ordered_stage_keeps_the_order_whatever_the_items_need() {
    let start = Instant::now();
    let out = Pipeline::from_items("p", [4, 3, 2, 1, 1, 1, 1])
        .stage("sleep", 4, async |needs| {
            sleep(secs(needs)).await;
            Ok::<_, Infallible>(needs)
        })
        .collect()
        .await
        .unwrap();
    assert_eq!(out, [4, 3, 2, 1, 1, 1, 1]);
    assert_eq!(start.elapsed(), secs(5), "the first four side by side, and then the others");
}

#[tokio::test(start_paused = true)]
async fn an_unordered_stage_is_held_up_by_nobody() {
    let start = Instant::now();
    let out = Pipeline::from_items("p", [4, 3, 2, 1, 1, 1, 1])
        .unordered_stage("sleep", 4, async |needs| {
            sleep(secs(needs)).await;
            Ok::<_, Infallible>(needs)
        })
        .collect()
        .await
        .unwrap();
    assert_eq!(out.len(), 7);
    assert!(out.starts_with(&[1]) && out.ends_with(&[4]));
    assert_eq!(start.elapsed(), secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_stage_works_on_as_many_items_as_allowed_and_no_more() {
    let inside = Arc::new(AtomicUsize::new(0));
    let report = Pipeline::from_items("p", 0..20)
        .stage("work", 3, {
            let inside = Arc::clone(&inside);
            move |number| {
                let inside = Arc::clone(&inside);
                async move {
                    assert!(inside.fetch_add(1, SeqCst) < 3);
                    sleep(secs(1)).await;
                    inside.fetch_sub(1, SeqCst);
                    Ok::<_, Infallible>(number)
                }
            }
        })
        .for_each(async |_| Ok::<_, Infallible>(()))
        .await
        .unwrap();
    assert_eq!(report.stage("work").unwrap().peak, 3);
}

#[tokio::test(start_paused = true)]
async fn stages_work_at_the_same_time() {
    async fn second(number: u32) -> Result<u32, Infallible> {
        sleep(secs(1)).await;
        Ok(number)
    }

    let start = Instant::now();
    Pipeline::from_items("p", 0..10)
        .stage("one", 1, second)
        .stage("two", 1, second)
        .stage("three", 1, second)
        .collect()
        .await
        .unwrap();
    assert_eq!(start.elapsed(), secs(12));
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_stands_still_stops_the_source_at_exactly_the_stated_bound() {
    let given = Arc::new(AtomicUsize::new(0));
    let items = {
        let given = Arc::clone(&given);
        (0..).inspect(move |_: &u32| {
            given.fetch_add(1, SeqCst);
        })
    };
    let mut taken = 0;
    let failed = Pipeline::from_items("p", items)
        .buffer(2)
        .stage("ordered", 3, pass)
        .buffer(4)
        .unordered_stage("unordered", 5, pass)
        .through("stream", |items| items.map(Ok::<_, Infallible>))
        .buffer(6)
        .for_each(async |_| {
            sleep(secs(1)).await;
            taken += 1;
            // Belts 2, 4, 1 and 6; workers 3 and 5; the sink 1. The stage of a stream holds nothing here.
            assert_eq!(given.load(SeqCst), taken - 1 + 2 + 3 + 4 + 5 + 1 + 6 + 1);
            if taken == 50 { Err("enough") } else { Ok(()) }
        })
        .await
        .unwrap_err();
    assert_eq!(failed.to_string(), "p: item 49: enough");
}

#[tokio::test(start_paused = true)]
async fn work_in_flight_goes_on_while_the_consumer_is_busy_where_buffered_stands_still() {
    async fn slow(number: u64) -> Result<(u64, Instant), Infallible> {
        sleep(secs(number)).await;
        Ok((number, Instant::now()))
    }

    let start = Instant::now();
    let mut peer = Box::pin(stream::iter([1, 2]).map(slow).buffered(2));
    peer.next().await;
    sleep(secs(10)).await;
    let (_, done) = peer.next().await.unwrap().unwrap();
    assert_eq!(done - start, secs(11), "futures-util 0.3: it was done at 2 s, and nobody looked");

    let (start, mut ends) = (Instant::now(), Vec::new());
    Pipeline::from_items("p", [1, 2])
        .stage("slow", 2, slow)
        .for_each(async |(_, done)| {
            ends.push(done - start);
            sleep(secs(10)).await;
            Ok::<_, Infallible>(())
        })
        .await
        .unwrap();
    assert_eq!(ends, [secs(1), secs(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_stage_may_be_any_stream_of_the_items() {
    let batches = Pipeline::from_items("p", 0..7)
        .through("batch", |items| items.batch(3, secs(1)).map(Ok::<_, Infallible>))
        .stage("sum", 2, async |batch: Vec<u32>| Ok::<_, Infallible>(batch.iter().sum::<u32>()))
        .collect()
        .await
        .unwrap();
    assert_eq!(batches, [3, 12, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_enough_ends_the_stages_before_it_without_an_error() {
    let start = Instant::now();
    let pipeline = Pipeline::from_items("p", 0_u64..)
        .stage("work", 3, async |number| {
            sleep(secs(1)).await;
            Ok::<_, Infallible>(number)
        })
        .through("first", |items| items.take(2).map(Ok::<_, Infallible>));
    let monitor = pipeline.monitor();
    assert_eq!(pipeline.collect().await.unwrap(), [0, 1]);
    assert!(start.elapsed() <= secs(2), "what is in the works is finished, and nothing else begun");
    let report = monitor.report();
    assert_eq!((report.delivered(), report.failed()), (2, 0));
    assert!(report.stages.iter().all(|stage| stage.in_flight == 0));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_never_answers_ends_too_when_nobody_wants_more() {
    let items = stream::iter([1, 2]).chain(stream::pending());
    let first = Pipeline::from_stream("p", items)
        .stage("pass", 2, pass)
        .through("first", |items| items.take(1).map(Ok::<_, Infallible>))
        .collect()
        .await;
    assert_eq!(first.unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_monitor_looks_into_a_pipeline_that_runs() {
    let pipeline = Pipeline::from_items("p", 0..100).stage("work", 2, async |number: u32| {
        sleep(secs(1)).await;
        Ok::<_, Infallible>(number)
    });
    let monitor = pipeline.monitor();
    let run = tokio::spawn(async move { pipeline.for_each(async |_| Ok::<_, Infallible>(())).await });
    sleep(ms(2500)).await;
    let report = monitor.report();
    let names: Vec<_> = report.stages.iter().map(|stage| &*stage.name).collect();
    assert_eq!(names, ["source", "work", "sink"]);
    let work = report.stage("work").unwrap();
    assert_eq!((work.waiting, work.taken, work.emitted, work.in_flight), (1, 6, 4, 2));
    assert_eq!((report.entered(), report.delivered(), report.inside()), (7, 4, 3));
    let report = run.await.unwrap().unwrap();
    assert_eq!((report.entered(), report.delivered(), report.inside()), (100, 100, 0));
    assert_eq!(report, monitor.report());
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_before_its_end_is_awaited() {
    let given = Arc::new(AtomicUsize::new(0));
    let pipeline = Pipeline::from_items("p", {
        let given = Arc::clone(&given);
        (0..3).inspect(move |_| {
            given.fetch_add(1, SeqCst);
        })
    });
    let run = pipeline.stage("pass", 1, pass).collect();
    sleep(secs(1)).await;
    assert_eq!(given.load(SeqCst), 0);
    drop(run);
    assert_eq!(given.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_without_items_or_stages_ends() {
    assert!(Pipeline::from_items("p", Vec::<u32>::new()).collect().await.unwrap().is_empty());
    assert_eq!(Pipeline::from_items("p", [1, 2]).collect().await.unwrap(), [1, 2]);
}

#[test]
#[should_panic(expected = "would never work on any")]
fn a_stage_without_parallelism_is_refused() {
    let _ = Pipeline::from_items("p", [1]).stage("none", 0, pass);
}

#[test]
#[should_panic(expected = "could pass nothing on")]
fn stages_without_room_between_them_are_refused() {
    let _ = Pipeline::from_items("p", [1]).buffer(0);
}
