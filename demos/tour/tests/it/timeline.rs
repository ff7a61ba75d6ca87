use std::time::Duration;

use tokio::time::sleep;
use tour::timeline::{Doing, End, Timeline};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[tokio::test(start_paused = true)]
async fn what_takes_no_time_is_not_recorded_unless_it_ends_badly() {
    let timeline = Timeline::new();
    timeline.waits("worker", "for room");
    timeline.works("worker", "page 1");
    sleep(ms(5)).await;
    timeline.rests("worker");
    timeline.fails("other", "no page");
    let bars = timeline.recording().bars;
    assert_eq!(bars.len(), 2);
    assert_eq!((&*bars[0].what, bars[0].to), ("page 1", Some(ms(5))));
    assert_eq!((&*bars[1].lane, &bars[1].end), ("other", &End::Failed("no page".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn what_begins_on_a_lane_ends_what_was_there() {
    let timeline = Timeline::new();
    timeline.works("worker", "page 1");
    sleep(ms(5)).await;
    timeline.cleans_up("worker", "saves");
    sleep(ms(3)).await;
    let bars = timeline.recording().bars;
    assert_eq!((bars[0].to, bars[0].end.clone()), (Some(ms(5)), End::Done));
    assert_eq!((bars[1].doing, bars[1].from, bars[1].to), (Doing::CleansUp, ms(5), None));
}

#[tokio::test(start_paused = true)]
async fn work_that_is_dropped_was_cancelled_and_work_that_ended_was_not() {
    let timeline = Timeline::new();
    let (done, dropped) = (timeline.busy("a", "page 1"), timeline.busy("b", "page 2"));
    sleep(ms(5)).await;
    done.done();
    drop(dropped);
    assert_eq!(timeline.busy("c", "page 3").ended(Err::<(), _>("404")), Err("404"));
    let ends: Vec<_> = timeline.recording().bars.into_iter().map(|bar| bar.end).collect();
    assert_eq!(ends, [End::Done, End::Cancelled("dropped".to_owned()), End::Failed("404".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn who_ends_late_does_not_end_what_has_begun_on_the_lane_since() {
    let timeline = Timeline::new();
    let first = timeline.busy("worker", "page 1");
    sleep(ms(5)).await;
    let second = timeline.busy("worker", "page 2");
    first.failed("too late to tell");
    sleep(ms(5)).await;
    second.done();
    let bars = timeline.recording().bars;
    let ends: Vec<_> = bars.iter().map(|bar| (bar.to, bar.end.clone())).collect();
    assert_eq!(ends, [(Some(ms(5)), End::Done), (Some(ms(10)), End::Done)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_that_several_threads_use_never_ends_before_it_begins() {
    let timeline = Timeline::new();
    let work = |timeline: Timeline| async move {
        for _ in 0..1_000 {
            timeline.busy("worker", "a page").failed("404");
        }
    };
    let (first, second) = (tokio::spawn(work(timeline.clone())), tokio::spawn(work(timeline.clone())));
    first.await.unwrap();
    second.await.unwrap();
    let bars = timeline.recording().bars;
    assert!(bars.iter().all(|bar| bar.to.is_some_and(|to| to >= bar.from)));
    assert!(bars.len() > 1_000, "a bar that was ended by its successor is not lost");
}

#[tokio::test(start_paused = true)]
async fn curves_are_told_apart_by_their_names() {
    let timeline = Timeline::new();
    timeline.bound("waiting", 4);
    timeline.level("waiting", 1);
    timeline.names("breaker", &["closed", "open"]);
    sleep(ms(5)).await;
    timeline.level("waiting", 3);
    let curves = timeline.recording().curves;
    assert_eq!(curves.len(), 2);
    let levels: Vec<_> = curves[0].levels.iter().map(|level| (level.at, level.value)).collect();
    assert_eq!((levels, curves[0].bound), (vec![(ms(0), 1), (ms(5), 3)], Some(4)));
    assert_eq!(curves[1].names, ["closed", "open"]);
}

#[tokio::test(start_paused = true)]
async fn it_prints_a_line_for_each_bar_with_its_end() {
    let timeline = Timeline::new();
    timeline.works("docs", "page 1");
    sleep(ms(5)).await;
    timeline.stops("docs", "enough");
    timeline.waits("blog", "for docs");
    assert_eq!(
        timeline.to_string(),
        "    0 ms  docs  works 5 ms: page 1 (cancelled: enough)\n    5 ms  blog  waits for ever: for docs\n"
    );
}
