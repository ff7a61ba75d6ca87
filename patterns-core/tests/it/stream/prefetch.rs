use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::{StreamExt, stream};
use patterns_core::cancel::timeout;
use patterns_core::outcome::catch_panics;
use patterns_core::reaper::Reaper;
use patterns_core::stream::{FlowExt, Stream};
use patterns_core::task_group::TaskGroup;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::numbers;
use crate::support::{Log, ms, secs};

/// Numbers without end, and how many were read.
fn counted() -> (impl Stream<Item = usize> + Send + 'static, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&read);
    let numbers = stream::iter(0..).inspect(move |_| {
        counter.fetch_add(1, SeqCst);
    });
    (numbers, read)
}

#[tokio::test(start_paused = true)]
async fn it_reads_ahead_by_so_much_and_no_more() {
    let (source, read) = counted();
    let mut numbers = source.prefetch(4);
    sleep(secs(1)).await;
    assert_eq!(read.load(SeqCst), 0, "nothing is read before the first item is wanted");
    for taken in 1..=100 {
        assert_eq!(numbers.next().await, Some(taken - 1));
        assert!(read.load(SeqCst) <= taken + 4);
        sleep(secs(1)).await;
        assert_eq!(read.load(SeqCst), taken + 4);
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_goes_on_while_the_consumer_is_busy_where_buffered_stands_still() {
    fn slow(log: Log) -> impl Stream<Item = impl Future<Output = u64> + Send> + Send + 'static {
        stream::iter([1, 2]).map(move |secs_needed| {
            let log = log.clone();
            async move {
                sleep(secs(secs_needed)).await;
                log.add(format!("{secs_needed} got there"));
                secs_needed
            }
        })
    }

    let log = Log::default();
    let mut peer = Box::pin(slow(log.clone()).buffered(2));
    peer.next().await;
    sleep(secs(60)).await;
    assert_eq!(log.all(), ["1 got there"], "futures-util 0.3: nobody polls what is in flight");

    let log = Log::default();
    let mut ours = slow(log.clone()).buffered(2).prefetch(1);
    ours.next().await;
    sleep(secs(60)).await;
    assert_eq!(log.all(), ["1 got there", "2 got there"]);
}

#[tokio::test(start_paused = true)]
async fn errors_come_in_order() {
    let source = stream::iter([Ok(1), Err("bad row"), Ok(3)]);
    assert_eq!(source.prefetch(2).collect::<Vec<_>>().await, [Ok(1), Err("bad row"), Ok(3)]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_source_comes_after_what_came_before_it_with_text_and_place() {
    let mut numbers = stream::iter(0..3).inspect(|number| assert!(*number < 2, "broken source")).prefetch(3);
    assert_eq!(numbers.next().await, Some(0));
    assert_eq!(numbers.next().await, Some(1));
    let panic = catch_panics(numbers.next()).await.unwrap_err();
    assert_eq!(panic.message(), "broken source");
    assert!(panic.place().unwrap().contains("prefetch.rs"));
    assert_eq!(numbers.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn closing_gives_what_was_read_and_not_taken() {
    let (source, read) = counted();
    let mut numbers = source.prefetch(3);
    assert_eq!(numbers.next().await, Some(0));
    sleep(secs(1)).await;
    assert_eq!(numbers.close().await, [1, 2, 3]);
    assert_eq!(read.load(SeqCst), 4, "not one was lost");
}

#[tokio::test(start_paused = true)]
async fn closing_before_the_first_item_reads_nothing() {
    let (source, read) = counted();
    assert!(source.prefetch(3).close().await.is_empty());
    assert_eq!(read.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_the_cleanup_of_a_generator() {
    let (log, start) = (Log::default(), Instant::now());
    let mut ahead = numbers(&log, secs(2)).prefetch(2);
    ahead.next().await.unwrap().unwrap();
    yield_now().await;
    assert_eq!(ahead.close().await.len(), 2);
    assert!(log.has("cleaned"));
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn the_reaper_waits_for_the_cleanup_of_a_dropped_one() {
    let (root, log) = (Reaper::new(), Log::default());
    root.run(async {
        let mut ahead = numbers(&log, secs(2)).prefetch(2);
        ahead.next().await.unwrap().unwrap();
        drop(ahead);
        assert_eq!(root.live()[0].path.to_string(), "prefetch");
    })
    .await;
    assert!(log.has("cleaned"));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_one_lets_go_of_a_source_that_never_answers() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let dropped = log.on_drop("dropped");
        let mut silent =
            stream::unfold(dropped, async |_dropped| std::future::pending::<Option<(u8, _)>>().await).prefetch(1);
        assert!(timeout(secs(1), silent.next()).await.is_err());
    })
    .await;
    assert!(log.has("dropped"));
    assert_eq!(start.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn the_end_comes_after_the_end_of_the_source() {
    let log = Log::default();
    let dropped = log.on_drop("dropped");
    let mut one = stream::iter([1])
        .inspect(move |_| {
            let _ = &dropped;
        })
        .prefetch(8);
    assert_eq!(one.next().await, Some(1));
    assert_eq!(one.next().await, None);
    assert!(log.has("dropped"));
}

#[tokio::test(start_paused = true)]
async fn dropping_next_loses_no_item() {
    let slow = stream::iter(0..5).then(|number| async move {
        sleep(secs(1)).await;
        number
    });
    let mut numbers = slow.prefetch(1);
    let mut seen = Vec::new();
    while seen.len() < 5 {
        if let Ok(number) = timeout(ms(300), numbers.next()).await {
            seen.extend(number);
        }
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn the_enclosing_group_waits_until_it_is_gone() {
    let log = Log::default();
    let result = TaskGroup::new("import").run(async |group| {
        let log = log.clone();
        group.spawn("page", async move {
            let mut ahead = numbers(&log, secs(2)).prefetch(2);
            ahead.next().await;
            Err::<(), _>(io::Error::other("disk is full"))
        });
        Ok(())
    });
    assert!(result.await.is_err());
    assert!(log.has("cleaned"));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_handed_out_of_its_root_holds_nobody_up() {
    let root = Reaper::new();
    let mut numbers = root
        .run(async {
            let mut numbers = counted().0.prefetch(1);
            numbers.next().await;
            numbers
        })
        .await;
    assert_eq!(numbers.next().await, Some(1));
    drop(numbers);
    yield_now().await;
}

#[test]
#[should_panic(expected = "never read anything")]
fn reading_nothing_ahead_is_refused() {
    let _ = stream::iter([1]).prefetch(0);
}
