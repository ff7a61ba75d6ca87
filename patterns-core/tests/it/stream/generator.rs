use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use patterns_core::cancel::{CancelKind, CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::outcome::{BoxError, catch_panics};
use patterns_core::reaper::Reaper;
use patterns_core::stream::{CloseError, Generator, Stopped, generator};
use patterns_core::task_group::TaskGroup;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::numbers;
use crate::support::{Log, ms, polled, secs};

#[tokio::test(start_paused = true)]
async fn items_come_in_order_and_the_error_is_the_last() {
    let mut lines = generator(async |mut yielder| {
        for line in ["a", "b"] {
            sleep(secs(1)).await;
            yielder.emit(line).await?;
        }
        Err::<(), BoxError>("connection lost".into())
    });
    assert_eq!(lines.next().await.unwrap().unwrap(), "a");
    assert_eq!(lines.next().await.unwrap().unwrap(), "b");
    assert_eq!(lines.next().await.unwrap().unwrap_err().to_string(), "connection lost");
    assert!(lines.next().await.is_none());
    assert!(lines.next().await.is_none(), "and stays ended");
}

#[tokio::test(start_paused = true)]
async fn the_producer_never_runs_ahead_and_learns_what_was_taken() {
    let log = Log::default();
    let mut numbers = numbers(&log, secs(0));
    yield_now().await;
    assert!(log.all().is_empty(), "nothing runs before the first item is wanted");
    assert_eq!(numbers.next().await.unwrap().unwrap(), 0);
    yield_now().await;
    assert_eq!(log.all(), ["makes 0"]);
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    assert_eq!(log.all(), ["makes 0", "sent 0", "makes 1"]);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_the_cleanup_of_a_producer_that_was_told_to_stop() {
    let (log, start) = (Log::default(), Instant::now());
    let mut numbers = numbers(&log, secs(2));
    numbers.next().await.unwrap().unwrap();
    numbers.close().await.unwrap();
    assert_eq!(log.all(), ["makes 0", "sent 0", "makes 1", "told to stop", "cleaned"]);
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn the_cleanup_of_a_dropped_one_is_waited_for_by_the_reaper() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let mut numbers = numbers(&log, secs(2));
        numbers.next().await.unwrap().unwrap();
        drop(numbers);
        assert!(!log.has("told to stop"), "dropping runs nothing of the producer");
        assert_eq!(root.live()[0].path.to_string(), "generator");
    })
    .await;
    assert_eq!(log.all(), ["makes 0", "sent 0", "makes 1", "told to stop", "cleaned"]);
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn the_cleanup_runs_although_its_consumer_was_aborted() {
    let (root, log) = (Reaper::new(), Log::default());
    let consumer = {
        let log = log.clone();
        async move {
            let mut numbers = numbers(&log, secs(2));
            while let Some(number) = numbers.next().await {
                number.unwrap();
                sleep(secs(1)).await;
            }
        }
    };
    let consumer = tokio::spawn(Context::root(root.clone()).scope(consumer));
    sleep(ms(500)).await;
    consumer.abort();
    assert!(consumer.await.unwrap_err().is_cancelled());
    root.drained().await;
    assert!(log.has("cleaned"));
}

#[tokio::test(start_paused = true)]
async fn the_enclosing_group_waits_for_the_cleanup_of_a_dropped_one() {
    let log = Log::default();
    let result = TaskGroup::new("import").run(async |group| {
        let log = log.clone();
        group.spawn("page", async move {
            let mut numbers = numbers(&log, secs(2));
            numbers.next().await;
            Ok::<_, io::Error>(())
        });
        Ok(())
    });
    result.await.unwrap();
    assert!(log.has("cleaned"));
}

#[tokio::test(start_paused = true)]
async fn one_that_was_never_polled_has_nothing_to_clean_up() {
    let (root, log) = (Reaper::new(), Log::default());
    root.run(async {
        drop(numbers(&log, secs(2)));
        assert!(root.live().is_empty());
        numbers(&log, secs(2)).close().await.unwrap();
    })
    .await;
    assert!(log.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn closing_says_what_the_cleanup_failed_with() {
    let fails = || {
        generator(async |mut yielder| {
            let stopped = yielder.emit(1).await.and(yielder.emit(2).await);
            assert!(stopped.is_err());
            Err::<(), BoxError>("rollback failed".into())
        })
    };
    let mut one = fails();
    one.next().await.unwrap().unwrap();
    let Err(CloseError::Failed(error)) = one.close().await else { panic!("it failed") };
    assert_eq!(error.to_string(), "rollback failed");
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_consumers_with_text_and_place_and_ends_the_stream() {
    let mut fails: Generator<u32, BoxError> = generator(async |mut yielder| {
        yielder.emit(1).await?;
        panic!("broken cursor");
    });
    fails.next().await.unwrap().unwrap();
    let panic = catch_panics(fails.next()).await.unwrap_err();
    assert_eq!(panic.message(), "broken cursor");
    assert!(panic.place().unwrap().contains("generator.rs"));
    assert!(fails.next().await.is_none());
    fails.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panic_after_the_drop_leaves_no_ghost() {
    let root = Reaper::new();
    root.run(async {
        let mut fails: Generator<u32, BoxError> = generator(async |mut yielder| {
            yielder.emit(1).await?;
            assert!(yielder.emit(2).await.is_ok(), "broken cleanup");
            Ok(())
        });
        fails.next().await.unwrap().unwrap();
    })
    .await;
    assert!(root.live().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_deaf_is_dropped_after_its_grace() {
    fn deaf(log: &Log) -> Generator<u32, BoxError> {
        let dropped = log.on_drop("dropped");
        generator(async move |mut yielder| {
            let _dropped = dropped;
            yielder.emit(1).await?;
            let _ = yielder.emit(2).await;
            sleep(secs(3600)).await;
            Ok(())
        })
        .grace(secs(3))
    }
    let (log, start) = (Log::default(), Instant::now());
    let mut one = deaf(&log);
    one.next().await.unwrap().unwrap();
    assert!(one.close().await.unwrap_err().is_elapsed());
    assert_eq!((start.elapsed(), log.all().len()), (secs(3), 1));

    let root = Reaper::new();
    root.run(async {
        let mut one = deaf(&log);
        one.next().await.unwrap().unwrap();
    })
    .await;
    assert_eq!((start.elapsed(), log.all().len()), (secs(6), 2));
}

#[tokio::test(start_paused = true)]
async fn one_that_ignores_that_it_is_to_stop_is_dropped_after_its_grace() {
    let mut one: Generator<u32, BoxError> = generator(async |mut yielder| {
        loop {
            let _ = yielder.emit(7).await;
            // So that time can pass on a paused clock.
            sleep(ms(1)).await;
        }
    });
    one.next().await.unwrap().unwrap();
    assert!(one.close().await.unwrap_err().is_elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_closing_that_is_dropped_leaves_the_rest_to_the_reaper() {
    let (root, log) = (Reaper::new(), Log::default());
    root.run(async {
        let mut numbers = numbers(&log, secs(2));
        numbers.next().await.unwrap().unwrap();
        assert!(timeout(secs(1), numbers.close()).await.is_err());
        assert!(log.has("told to stop") && !log.has("cleaned"));
    })
    .await;
    assert!(log.has("cleaned"));
}

#[tokio::test(start_paused = true)]
async fn in_a_cancelled_context_it_ends_with_an_error_that_says_so() {
    let (log, token) = (Log::default(), CancelToken::new());
    let context = Context::current().with_token(token.clone());
    context
        .scope(async {
            let mut numbers = numbers(&log, secs(1));
            numbers.next().await.unwrap().unwrap();
            token.cancel("enough");
            let error = numbers.next().await.unwrap().unwrap_err();
            let stopped = error.downcast_ref::<Stopped>().unwrap();
            assert_eq!(stopped.interrupt().cause().unwrap().message(), "enough");
            assert!(numbers.next().await.is_none());
        })
        .await;
    assert!(log.has("cleaned"));
}

#[tokio::test(start_paused = true)]
async fn it_obeys_the_deadline_of_the_context_in_which_it_was_made() {
    let start = Instant::now();
    let context = Context::current().with_deadline(start + secs(5));
    let mut ticks: Generator<u32, BoxError> = context.sync_scope(|| {
        generator(async |mut yielder| {
            for tick in 0.. {
                yielder.emit(tick).await?;
                context::sleep(secs(2)).await?;
            }
            Ok(())
        })
    });
    let mut seen = 0;
    while let Some(Ok(_)) = ticks.next().await {
        seen += 1;
    }
    assert_eq!((seen, start.elapsed()), (3, secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_around_one_next_stops_neither_the_producer_nor_sets_its_deadline() {
    let start = Instant::now();
    let mut slow: Generator<bool, BoxError> = generator(async |mut yielder| {
        sleep(secs(3)).await;
        yielder.emit(context::deadline().is_some()).await?;
        Ok(())
    });
    assert!(timeout(secs(1), slow.next()).await.is_err());
    assert!(timeout(secs(1), slow.next()).await.is_err());
    assert!(!slow.next().await.unwrap().unwrap());
    assert_eq!(start.elapsed(), secs(3));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_was_not_taken_is_back_in_its_slot() {
    let back = Arc::new(parking_lot::Mutex::new(None));
    let mut one: Generator<String, BoxError> = {
        let back = Arc::clone(&back);
        generator(async move |mut yielder| {
            yielder.emit("taken".to_owned()).await?;
            let mut slot = Some("not taken".to_owned());
            let emitted = yielder.emit_from(&mut slot).await;
            *back.lock() = slot;
            Ok(emitted?)
        })
    };
    assert_eq!(one.next().await.unwrap().unwrap(), "taken");
    one.close().await.unwrap();
    assert_eq!(back.lock().as_deref(), Some("not taken"));
}

#[tokio::test(start_paused = true)]
async fn an_emit_that_is_dropped_before_it_was_taken_leaves_nothing_behind() {
    let mut one: Generator<u32, BoxError> = generator(async |mut yielder| {
        let mut slot = Some(1);
        assert!(polled(1, yielder.emit_from(&mut slot)).await.is_none());
        assert_eq!(slot, Some(1));
        yielder.emit(2).await?;
        Ok(())
    });
    assert_eq!(one.next().await.unwrap().unwrap(), 2);
    assert!(one.next().await.is_none());
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "nothing to emit")]
async fn emitting_from_an_empty_slot_is_refused() {
    let mut one: Generator<u32, BoxError> = generator(async |mut yielder| {
        yielder.emit_from(&mut None).await?;
        Ok(())
    });
    let _ = one.next().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_producer_may_emit_from_another_task() {
    let mut all: Generator<u32, BoxError> = generator(async |mut yielder| {
        let part = tokio::spawn(async move {
            for number in 0..3 {
                yielder.emit(number).await?;
                sleep(secs(1)).await;
            }
            Ok::<_, Stopped>(())
        });
        Ok(part.await??)
    });
    for number in 0..3 {
        assert_eq!(all.next().await.unwrap().unwrap(), number);
        sleep(ms(200)).await;
    }
    assert!(all.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_yielder_that_outlives_its_producer_learns_that_nobody_takes_anything() {
    let (send, receive) = tokio::sync::oneshot::channel();
    let mut none: Generator<u32, BoxError> = generator(async move |yielder| {
        let _ = send.send(yielder);
        Ok(())
    });
    assert!(none.next().await.is_none());
    let stopped = receive.await.unwrap().emit(1).await.unwrap_err();
    assert_eq!(stopped.interrupt().cause().unwrap().kind(), CancelKind::ScopeDropped);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_waits_by_a_waker_of_its_own_is_woken() {
    let mut all: Generator<u32, BoxError> = generator(async |mut yielder| {
        let mut parts = FuturesUnordered::new();
        parts.push(async move {
            yielder.emit(1).await?;
            yielder.emit(2).await
        });
        while let Some(part) = parts.next().await {
            part?;
        }
        Ok(())
    });
    assert_eq!(timeout(secs(1), all.next()).await.unwrap().unwrap().unwrap(), 1);
    assert_eq!(timeout(secs(1), all.next()).await.unwrap().unwrap().unwrap(), 2);
    assert!(timeout(secs(1), all.next()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_always_has_an_item_lets_others_run() {
    let others = Arc::new(AtomicBool::new(false));
    tokio::spawn({
        let others = Arc::clone(&others);
        async move { others.store(true, SeqCst) }
    });
    let log = Log::default();
    let mut numbers = numbers(&log, secs(0));
    let mut taken = 0;
    while !others.load(SeqCst) {
        numbers.next().await.unwrap().unwrap();
        taken += 1;
        assert!(taken < 10_000, "nobody else ever ran");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_item_from_another_thread_is_taken_once_or_given_back() {
    for _ in 0..200 {
        let sent = Arc::new(AtomicU32::new(0));
        let mut all: Generator<u32, BoxError> = {
            let sent = Arc::clone(&sent);
            generator(async move |mut yielder| {
                let part = tokio::spawn(async move {
                    for number in 0..100 {
                        yielder.emit(number).await?;
                        sent.fetch_add(1, SeqCst);
                    }
                    Ok::<_, Stopped>(())
                });
                Ok(part.await??)
            })
        };
        let mut taken = 0;
        while taken < 50 {
            assert_eq!(all.next().await.unwrap().unwrap(), taken);
            taken += 1;
        }
        all.close().await.unwrap();
        assert_eq!(sent.load(SeqCst), taken);
    }
}

#[tokio::test(start_paused = true)]
async fn an_emitter_beside_the_consumer_in_one_task_learns_that_its_item_was_taken() {
    let (lend, lent) = tokio::sync::oneshot::channel();
    let mut items = generator(async move |yielder| {
        let _ = lend.send(yielder);
        std::future::pending::<Result<(), BoxError>>().await
    });
    let feed = async {
        let mut yielder = lent.await.unwrap();
        for n in 0..3 {
            yielder.emit(n).await.unwrap();
        }
    };
    let take = async {
        let first = items.next().await.unwrap().unwrap();
        sleep(secs(1)).await;
        [first, items.next().await.unwrap().unwrap(), items.next().await.unwrap().unwrap()]
    };
    let both = tokio::time::timeout(secs(60), async { tokio::join!(feed, take) }).await;
    assert_eq!(both.expect("nobody waits for ever").1, [0, 1, 2]);
}
