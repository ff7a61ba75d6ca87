//! `wait_idle`, `elapse` and `hold_time`: what has happened when they return, and where the clock is then.
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use patterns_core::outcome::catch_panics;
use patterns_core::testing::{elapse, explore_cancellation, hold_time, wait_idle};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{LocalSet, spawn_blocking, spawn_local, yield_now};
use tokio::time::{Instant, advance, sleep, timeout};

use crate::support::{Log, polled, secs};

/// Tasks that wake each other one by one, once the first is woken; counts those that have.
fn chain(length: usize) -> (Arc<Notify>, Arc<AtomicUsize>) {
    let hops = Arc::new(AtomicUsize::new(0));
    let first = Arc::new(Notify::new());
    let mut wake = Arc::clone(&first);
    for _ in 0..length {
        let (woken, next, hops) = (Arc::clone(&wake), Arc::new(Notify::new()), Arc::clone(&hops));
        wake = Arc::clone(&next);
        tokio::spawn(async move {
            woken.notified().await;
            hops.fetch_add(1, SeqCst);
            next.notify_one();
        });
    }
    (first, hops)
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_a_hundred_wake_ups_settles_where_one_yield_sees_a_part_of_it() {
    let began = Instant::now();
    let (first, hops) = chain(100);
    first.notify_one();
    // The peer: tokio 1.54 comes back after 61 polls of other tasks.
    yield_now().await;
    assert!(hops.load(SeqCst) < 100, "{hops:?}");

    wait_idle().await;
    assert_eq!(hops.load(SeqCst), 100);
    assert_eq!(began.elapsed(), secs(0));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waits_for_a_timer_is_not_waited_for_and_time_does_not_move() {
    let began = Instant::now();
    let sleeper = tokio::spawn(sleep(secs(1)));
    let longer = tokio::spawn(sleep(secs(3600)));
    wait_idle().await;
    wait_idle().await;
    assert!(!sleeper.is_finished() && !longer.is_finished());
    assert_eq!(began.elapsed(), secs(0));

    sleeper.await.unwrap();
    assert_eq!(began.elapsed(), secs(1), "time moves again afterwards");
}

#[tokio::test(start_paused = true)]
async fn tasks_that_yield_for_a_while_are_waited_for() {
    let yields = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let yields = Arc::clone(&yields);
        tokio::spawn(async move {
            for _ in 0..1_000 {
                yield_now().await;
                yields.fetch_add(1, SeqCst);
            }
        });
    }
    wait_idle().await;
    assert_eq!(yields.load(SeqCst), 3_000);
}

#[tokio::test(start_paused = true)]
async fn what_a_running_task_spawns_is_waited_for_too() {
    let log = Log::default();
    let inner = log.clone();
    tokio::spawn(async move {
        let log = inner.clone();
        let child = tokio::spawn(async move {
            yield_now().await;
            inner.add("grandchild");
        });
        child.await.unwrap();
        log.add("child");
        sleep(secs(1)).await;
        log.add("late");
    });
    wait_idle().await;
    assert_eq!(log.all(), ["grandchild", "child"]);
}

#[tokio::test(start_paused = true)]
async fn local_tasks_are_waited_for_and_may_wait_themselves() {
    let log = Log::default();
    let local = LocalSet::new();
    local
        .run_until(async {
            let (first, second) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
            for number in 0..200 {
                let (first, second, log) = (Rc::clone(&first), Rc::clone(&second), log.clone());
                spawn_local(async move {
                    if number % 2 == 0 {
                        first.notified().await
                    } else {
                        second.notified().await
                    }
                    log.add("woken");
                });
            }
            wait_idle().await;
            first.notify_waiters();
            let waits = spawn_local(wait_idle());
            waits.await.unwrap();
            assert_eq!(log.all().len(), 100);
            second.notify_waiters();
            wait_idle().await;
            assert_eq!(log.all().len(), 200);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn two_may_wait_at_once() {
    let (first, hops) = chain(100);
    let wait = || {
        let hops = Arc::clone(&hops);
        tokio::spawn(async move {
            wait_idle().await;
            hops.load(SeqCst)
        })
    };
    let (one, other) = (wait(), wait());
    first.notify_one();
    assert_eq!((one.await.unwrap(), other.await.unwrap()), (100, 100));
}

#[tokio::test]
async fn on_a_running_clock_it_returns_as_soon_as_nothing_is_ready() {
    let (first, hops) = chain(100);
    let sleeper = tokio::spawn(sleep(secs(3600)));
    first.notify_one();
    wait_idle().await;
    assert_eq!(hops.load(SeqCst), 100);
    assert!(!sleeper.is_finished());
}

#[tokio::test(start_paused = true)]
async fn dropping_it_lets_go_of_the_clock() {
    let began = Instant::now();
    for polls in 1..=2 {
        assert!(polled(polls, wait_idle()).await.is_none());
    }
    sleep(secs(3600)).await;
    assert_eq!(began.elapsed(), secs(3600));
}

#[test]
fn interrupted_at_any_poll_it_leaves_a_clock_that_moves() {
    let explored = explore_cancellation(
        async || (),
        async |()| wait_idle().await,
        async |()| {
            let began = Instant::now();
            sleep(secs(60)).await;
            assert_eq!(began.elapsed(), secs(60));
            wait_idle().await;
            assert_eq!(began.elapsed(), secs(60));
        },
    );
    // It yields, it waits for the watcher, it returns.
    assert_eq!((explored.polls, explored.unreached), (3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_multi_threaded_runtime_is_refused() {
    let refused = catch_panics(wait_idle()).await.unwrap_err();
    assert_eq!(refused.message(), "only a runtime of the current thread can be seen to be idle");
}

/// Notes the time of each of its ticks, a second apart.
fn ticker(log: &Log) {
    let (log, began) = (log.clone(), Instant::now());
    tokio::spawn(async move {
        loop {
            sleep(secs(1)).await;
            log.add(began.elapsed().as_secs().to_string());
        }
    });
}

#[tokio::test(start_paused = true)]
async fn elapsing_lets_everything_happen_at_its_time_where_advance_jumps() {
    let peer = Log::default();
    ticker(&peer);
    wait_idle().await;
    advance(secs(3)).await;
    assert!(peer.all().is_empty(), "tokio 1.54: nobody has run yet");
    wait_idle().await;
    assert_eq!(peer.all(), ["3"], "tokio 1.54: one tick of three, and late");

    let log = Log::default();
    ticker(&log);
    elapse(secs(3)).await;
    assert_eq!(log.all(), ["1", "2", "3"], "the last one is due at the very end");
}

#[tokio::test(start_paused = true)]
async fn elapsing_no_time_is_waiting_for_the_others() {
    let began = Instant::now();
    let (first, hops) = chain(100);
    first.notify_one();
    elapse(secs(0)).await;
    assert_eq!(hops.load(SeqCst), 100);
    assert_eq!(began.elapsed(), secs(0));
}

#[tokio::test]
async fn elapsing_needs_a_paused_clock() {
    let refused = catch_panics(elapse(secs(3600))).await.unwrap_err();
    assert_eq!(refused.message(), "time is not frozen", "tokio 1.54's words");
}

/// Sends from another thread once the runtime has gone to sleep, when a paused clock has jumped if it can.
fn answer_of_a_slow_thread() -> oneshot::Receiver<&'static str> {
    let metrics = Handle::current().metrics();
    let before = metrics.worker_park_count(0);
    let (send, receive) = oneshot::channel();
    thread::spawn(move || {
        // It also goes where the receiver has given up.
        while metrics.worker_park_count(0) == before && !send.is_closed() {
            thread::yield_now();
        }
        let _ = send.send("here");
    });
    receive
}

#[tokio::test(start_paused = true)]
async fn holding_time_waits_for_another_thread_where_an_hour_passes_in_no_time() {
    let began = Instant::now();
    assert_eq!(hold_time(timeout(secs(3600), answer_of_a_slow_thread())).await.unwrap(), Ok("here"));
    assert_eq!(began.elapsed(), secs(0));

    // The peer: the clock jumps as soon as the thread is all that is waited for.
    let (_send, receive) = oneshot::channel::<()>();
    assert!(timeout(secs(3600), receive).await.is_err(), "tokio 1.54");
    assert_eq!(began.elapsed(), secs(3600));
}

#[tokio::test(start_paused = true)]
async fn held_time_goes_on_after_a_panic_or_a_drop() {
    let panicked: Result<(), _> = catch_panics(hold_time(async { panic!("broken") })).await;
    assert_eq!(panicked.unwrap_err().message(), "broken");
    assert!(polled(1, hold_time(std::future::pending::<()>())).await.is_none());

    let began = Instant::now();
    sleep(secs(3600)).await;
    assert_eq!(began.elapsed(), secs(3600));
}

#[tokio::test(start_paused = true)]
async fn it_does_not_wait_for_a_blocking_thread() {
    let (release, released) = std::sync::mpsc::sync_channel::<()>(1);
    let done = Arc::new(AtomicBool::new(false));
    let blocking = spawn_blocking({
        let done = Arc::clone(&done);
        move || {
            let _ = released.recv();
            done.store(true, SeqCst);
        }
    });
    wait_idle().await;
    assert!(!done.load(SeqCst));
    release.send(()).unwrap();
    blocking.await.unwrap();
    assert!(done.load(SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_bounded_channel_between_two_tasks_is_emptied() {
    let (send, mut receive) = mpsc::channel(1);
    let sent = tokio::spawn(async move {
        for item in 0..1_000_u64 {
            send.send(item).await.unwrap();
        }
    });
    let received = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(item) = receive.recv().await {
            sum += item;
        }
        sum
    });
    wait_idle().await;
    assert!(sent.is_finished() && received.is_finished());
    assert_eq!(received.await.unwrap(), 499_500);
}
