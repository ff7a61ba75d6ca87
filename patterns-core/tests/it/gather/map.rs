use std::cell::{Cell, RefCell};
use std::future::pending;
use std::pin::pin;

use futures_util::stream;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{self, Context};
use patterns_core::gather::{map_concurrent, map_stream, try_map_concurrent, try_map_stream};
use patterns_core::outcome::{catch_panic, catch_panics};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::{after, holds};
use crate::support::{Log, ms, polled, secs};

#[tokio::test(start_paused = true)]
async fn so_many_are_in_flight_and_no_more_and_results_are_in_order() {
    let (inside, peak, start) = (Cell::new(0), Cell::new(0), Instant::now());
    let squares = map_concurrent(1..=10_u64, 3, |n| {
        let (inside, peak) = (&inside, &peak);
        async move {
            inside.set(inside.get() + 1);
            peak.set(peak.get().max(inside.get()));
            sleep(ms(100)).await;
            inside.set(inside.get() - 1);
            n * n
        }
    });
    assert_eq!(squares.await, [1, 4, 9, 16, 25, 36, 49, 64, 81, 100]);
    assert_eq!((peak.get(), inside.get(), start.elapsed()), (3, 0, ms(400)));
}

#[tokio::test(start_paused = true)]
async fn the_input_is_taken_when_there_is_room_and_no_sooner() {
    let (taken, finished) = (Cell::new(0), Cell::new(0));
    let input = (0..20).inspect(|_| {
        taken.set(taken.get() + 1);
        assert!(taken.get() <= finished.get() + 4, "{} taken, {} finished", taken.get(), finished.get());
    });
    let all = map_concurrent(input, 4, |n| {
        let finished = &finished;
        async move {
            sleep(ms(n % 7)).await;
            finished.set(finished.get() + 1);
        }
    });
    assert_eq!(taken.get(), 0, "nothing before it is polled");
    assert_eq!(all.await.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_item_holds_up_nobody() {
    let start = Instant::now();
    let delays = [secs(10), secs(1), secs(1), secs(1), secs(1)];
    let finished = map_concurrent(delays, 2, |delay| async move {
        sleep(delay).await;
        start.elapsed()
    });
    assert_eq!(finished.await, [10, 1, 2, 3, 4].map(secs));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_waited_for_while_its_items_are_worked_on() {
    let (sender, receiver) = mpsc::channel(1);
    let producer = async move {
        for n in 0..3_u64 {
            sleep(secs(1)).await;
            sender.send(n).await.unwrap();
        }
    };
    let start = Instant::now();
    let items = stream::unfold(receiver, |mut receiver: mpsc::Receiver<u64>| async move {
        let item = receiver.recv().await?;
        Some((item, receiver))
    });
    let worked = map_stream(items, 8, |n| after(secs(10), n));
    let (values, ()) = tokio::join!(worked, producer);
    assert_eq!((values, start.elapsed()), (vec![0, 1, 2], secs(13)));
}

#[tokio::test(start_paused = true)]
async fn the_first_error_takes_no_more_and_drops_what_is_in_flight() {
    let (log, taken, start) = (Log::default(), Cell::new(0), Instant::now());
    let endless = (0..).inspect(|_| taken.set(taken.get() + 1));
    let mut all = pin!(try_map_concurrent(endless, 3, |n: u64| {
        let log = log.clone();
        async move {
            match n {
                1 | 8 => holds(log, "in flight").await,
                7 => after(secs(1), Err("no")).await,
                _ => after(secs(1), Ok(0)).await,
            }
        }
    }));
    let error = (&mut all).await.unwrap_err();
    assert_eq!((error.index, error.error), (7, "no"));
    assert_eq!(log.all(), ["in flight dropped"; 2], "although the whole is still there");
    // 0 and 2, then 3 and 4, then 5 and 6, then 7 and 8, beside 1.
    assert_eq!((start.elapsed(), taken.get()), (secs(4), 9));
}

#[tokio::test(start_paused = true)]
async fn without_an_error_the_values_are_in_order() {
    let parse = |text: &'static str| async move { text.parse::<u8>() };
    assert_eq!(try_map_concurrent(["3", "1", "2"], 2, parse).await.unwrap(), [3, 1, 2]);
    assert_eq!(try_map_stream(stream::iter(["3", "1"]), 2, parse).await.unwrap(), [3, 1]);
    assert_eq!(try_map_stream(stream::iter(["3", "x"]), 2, parse).await.unwrap_err().index, 1);
    assert!(map_concurrent(Vec::<u8>::new(), 1, |n| async move { n }).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn with_borrowing_closures_it_may_run_in_a_spawned_task() {
    async fn fetch(base: &str, page: &str) -> Result<usize, &'static str> {
        sleep(secs(1)).await;
        Ok(base.len() + page.len())
    }
    let task = tokio::spawn(async {
        let (base, pages) = (String::from("base"), vec![String::from("a"), String::from("bc")]);
        let all = map_concurrent(pages.iter(), 2, |page| fetch(&base, page)).await;
        let tried = try_map_concurrent(&pages, 2, |page| fetch(&base, page)).await.unwrap();
        (all, tried)
    });
    assert_eq!(task.await.unwrap(), (vec![Ok(5), Ok(6)], vec![5, 6]));
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_reaches_what_is_in_flight_and_what_is_still_to_come() {
    let (token, start) = (CancelToken::new(), Instant::now());
    let context = Context::current().with_token(token.child());
    let begun = Cell::new(0);
    let nap = |_| {
        begun.set(begun.get() + 1);
        context::sleep(secs(2))
    };
    let cancel = async {
        sleep(secs(3)).await;
        token.cancel("enough");
    };
    let (naps, ()) = tokio::join!(context.scope(map_concurrent(0..100, 2, nap)), cancel);
    assert_eq!(naps.iter().map(Result::is_ok).collect::<Vec<_>>()[..4], [true, true, false, false]);
    assert_eq!((start.elapsed(), begun.get()), (secs(3), 100), "each is told, and says so");

    begun.set(0);
    let error = context.scope(try_map_concurrent(0..100, 2, nap)).await.unwrap_err();
    assert_eq!((error.index, begun.get()), (0, 2), "the first error ends it");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_callers_and_drops_what_is_in_flight() {
    let log = Log::default();
    // In the function itself, and in a future of it.
    for in_future in [false, true] {
        let all = map_concurrent(["first", "second", "third"], 3, |name| {
            let (log, bad) = (log.clone(), name == "third");
            assert!(in_future || !bad, "bad item");
            async move {
                assert!(!bad, "bad item");
                holds(log, name).await
            }
        });
        let panic = catch_panics(all).await.unwrap_err();
        assert_eq!(panic.message(), "bad item");
    }
    // A future that was never polled had nothing to drop.
    assert_eq!(log.all().len(), 2, "{:?}", log.all());
}

#[tokio::test(start_paused = true)]
async fn dropping_it_drops_what_is_in_flight_and_takes_no_more() {
    let (log, taken) = (Log::default(), RefCell::new(Vec::new()));
    let input = ["a", "b", "c"].into_iter().inspect(|name| taken.borrow_mut().push(*name));
    assert!(polled(1, map_concurrent(input, 2, |name| holds(log.clone(), name))).await.is_none());
    assert_eq!(*taken.borrow(), ["a", "b"]);
    assert_eq!(log.all().len(), 2);
}

#[test]
fn a_limit_of_zero_is_refused_where_it_is_written() {
    let panic = catch_panic(|| map_concurrent([1], 0, |n: i32| async move { n })).unwrap_err();
    assert_eq!(panic.message(), "with a limit of zero nothing could ever run");
    assert!(panic.place().unwrap().contains("it/gather/map.rs"));
    let panic = catch_panic(|| try_map_concurrent([1], 0, |_| pending::<Result<i32, i32>>())).unwrap_err();
    assert!(panic.place().unwrap().contains("it/gather/map.rs"));
}

#[test]
fn the_futures_can_be_printed() {
    let all = map_concurrent([1, 2], 1, |n: i32| async move { n });
    assert_eq!(format!("{all:?}"), "MapConcurrent { in_flight: 0, .. }");
    let all = try_map_concurrent([1, 2], 1, |n: i32| async move { Ok::<_, i32>(n) });
    assert_eq!(format!("{all:?}"), "TryMapConcurrent { in_flight: 0, .. }");
}
