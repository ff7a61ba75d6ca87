use futures_util::{StreamExt, stream};
use patterns_core::cancel::timeout;
use patterns_core::stream::{FlowExt, Stream};
use proptest::prelude::*;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::runtime;
use crate::support::{is_never_out_of_work, ms, secs};

/// Numbers, each so many milliseconds after the one before.
fn arrivals(gaps: Vec<u64>) -> impl Stream<Item = usize> + Unpin {
    Box::pin(stream::iter(gaps).enumerate().then(|(number, gap)| async move {
        if gap > 0 {
            sleep(ms(gap)).await;
        }
        number
    }))
}

/// The batches, and when each came.
async fn batches(gaps: Vec<u64>, max: usize, wait: u64) -> Vec<(Vec<usize>, u128)> {
    let start = Instant::now();
    let batches = arrivals(gaps).batch(max, ms(wait));
    batches.map(|batch| (batch, start.elapsed().as_millis())).collect().await
}

#[tokio::test(start_paused = true)]
async fn a_batch_comes_when_it_is_full_or_due_or_at_the_end() {
    let came = batches(vec![10, 10, 10, 10, 500, 10], 3, 100).await;
    assert_eq!(came, [(vec![0, 1, 2], 30), (vec![3], 140), (vec![4, 5], 550)]);
}

#[tokio::test(start_paused = true)]
async fn the_wait_begins_with_the_first_item_of_each_batch() {
    // The second batch is due 100 ms after its own first item, not after that of the full one before.
    let came = batches(vec![1, 50, 40, 200], 2, 100).await;
    assert_eq!(came, [(vec![0, 1], 51), (vec![2], 191), (vec![3], 291)]);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_source_gives_no_empty_batches() {
    let came = batches(vec![5_000, 7_000], 10, 100).await;
    assert_eq!(came, [(vec![0], 5_100), (vec![1], 12_000)]);
    assert!(batches(vec![], 10, 100).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_zero_takes_what_is_there() {
    let came = batches(vec![1, 0, 0, 1, 0], 10, 0).await;
    assert_eq!(came, [(vec![0, 1, 2], 1), (vec![3, 4], 2)]);
}

#[tokio::test(start_paused = true)]
async fn the_longest_wait_there_is_does_not_overflow() {
    let mut batches = arrivals(vec![1, 1]).batch(10, std::time::Duration::MAX);
    assert_eq!(batches.next().await.unwrap(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn dropping_next_loses_no_item() {
    let start = Instant::now();
    let mut batches = arrivals(vec![10, 10, 10]).batch(3, secs(1));
    assert!(timeout(ms(15), batches.next()).await.is_err());
    assert!(timeout(ms(10), batches.next()).await.is_err());
    assert_eq!(batches.next().await.unwrap(), [0, 1, 2]);
    assert_eq!(start.elapsed(), ms(30));
}

#[tokio::test(start_paused = true)]
async fn taken_apart_it_gives_what_is_in_no_batch_yet() {
    let mut batches = arrivals(vec![10, 10, 10]).batch(3, secs(1));
    assert!(timeout(ms(25), batches.next()).await.is_err());
    let (mut source, items) = batches.into_inner();
    assert_eq!(items, [0, 1]);
    assert_eq!(source.next().await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_loses_nothing_of_what_came_before() {
    let source = stream::iter([Ok(1), Ok(2), Err("bad row"), Err("bad row too"), Ok(3)]);
    let batches: Vec<_> = source.try_batch(10, secs(1)).collect().await;
    assert_eq!(batches, [Ok(vec![1, 2]), Err("bad row"), Err("bad row too"), Ok(vec![3])]);
}

#[tokio::test(start_paused = true)]
async fn batches_of_results_are_full_or_due_too() {
    let (send, receive) = mpsc::channel::<Result<u32, &str>>(8);
    let source = stream::unfold(receive, async |mut receive| receive.recv().await.map(|item| (item, receive)));
    let mut batches = Box::pin(source.try_batch(2, ms(100)));
    let start = Instant::now();
    for number in 0..3 {
        send.send(Ok(number)).await.unwrap();
    }
    assert_eq!(batches.next().await.unwrap().unwrap(), [0, 1]);
    assert_eq!(batches.next().await.unwrap().unwrap(), [2]);
    assert_eq!(start.elapsed(), ms(100));
    drop(send);
    assert!(batches.next().await.is_none());
}

#[test]
#[should_panic(expected = "never be full")]
fn batches_of_no_items_are_refused() {
    let _ = stream::iter([1]).batch(0, secs(1));
}

/// What should come, as plainly as it can be said.
fn expected(gaps: &[u64], max: usize, wait: u64) -> Vec<(Vec<usize>, u128)> {
    let arrive = |now: &mut u64, gap: &u64| {
        *now += gap;
        Some(*now)
    };
    let times: Vec<u64> = gaps.iter().scan(0, arrive).collect();
    let mut batches = Vec::new();
    let mut first = 0;
    while first < times.len() {
        let due = times[first] + wait;
        let mut end = first + 1;
        while end < times.len() && end - first < max && times[end] <= due {
            end += 1;
        }
        let full = end - first == max;
        // The source ends with its last item.
        let at = if full || end == times.len() { times[end - 1] } else { due };
        batches.push(((first..end).collect(), u128::from(at)));
        first = end;
    }
    batches
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn every_item_is_in_one_batch_in_order_and_on_time(
        gaps in prop::collection::vec(0_u64..60, 0..40),
        max in 1_usize..6,
        wait in 0_u64..100,
    ) {
        let came = runtime().block_on(batches(gaps.clone(), max, wait));
        prop_assert_eq!(came, expected(&gaps, max, wait));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_due_also_where_its_source_never_runs_out_of_work() {
    let source = stream::iter([1]).chain(stream::once(is_never_out_of_work()).map(|()| 2));
    let mut batches = Box::pin(source.batch(10, secs(1)));
    let first = tokio::spawn(async move { batches.next().await }).await.unwrap();
    assert_eq!(first.unwrap(), [1]);
}
