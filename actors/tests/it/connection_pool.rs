mod laws;
mod server;
mod sqlite;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context as TaskContext, Waker};
use std::time::Duration;

use actors::connection_pool::{
    AcquireError, ConnectionPool, ConnectionPoolBuilder, ConnectionPoolConfig, ConnectionPoolStatus, Pooled, StartError,
};
use actors::{Component, Readiness, System};
use futures_util::poll;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::Context;
use patterns_core::settings::Settings;
use patterns_core::testing::explore_cancellation;
use server::{Answer, Manager, Server};
use tokio::time::{Instant, sleep};

type Pool = ConnectionPool<Manager>;

fn builder(server: &Arc<Server>) -> ConnectionPoolBuilder<Manager> {
    ConnectionPool::builder(Manager(server.clone())).lifetime_jitter(0.0)
}

async fn start(builder: ConnectionPoolBuilder<Manager>) -> Pool {
    let system = System::start().expect("it lives on this test's thread");
    builder.start(&system).await.expect("the server answers")
}

async fn small(server: &Arc<Server>, max_size: usize) -> Pool {
    start(builder(server).max_size(max_size)).await
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn in_secs(n: u64) -> Instant {
    Instant::now() + secs(n)
}

/// Lets everything run that can run without time passing.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// What must hold at any time.
#[track_caller]
fn assert_books(status: &ConnectionPoolStatus) {
    assert!(status.size() <= status.max_size, "{status:?}");
    let counts = status.counts;
    assert_eq!(counts.requests, counts.acquired + counts.gave_up + status.waiting as u64, "{status:?}");
    let there = status.size() - status.opening;
    assert_eq!(counts.opened, counts.closed + there as u64, "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_back_is_used_again_the_latest_first() {
    let server = Server::new();
    let pool = small(&server, 3).await;
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let number = first.number;
    drop(second);
    drop(first);
    assert_eq!(pool.acquire().await.unwrap().number, number);
    assert_eq!(server.attempts(), 2);
    assert_books(&pool.status());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_a_multi_threaded_runtime() {
    let server = Server::new();
    let pool = small(&server, 4).await;
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for _ in 0..200 {
                    let conn = pool.acquire().await.expect("they come back");
                    tokio::task::yield_now().await;
                    drop(conn);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(server.most() <= 4);
    assert_eq!(pool.status().counts.acquired, 6_400);
    let receipt = pool.drain(in_secs(10)).await;
    assert!(receipt.is_complete(), "{receipt}");
    assert_eq!(server.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn never_more_than_max_size_are_open_not_even_while_some_are_being_closed() {
    let server = Server::new();
    server.behave(|server| (server.connect_time, server.close_time) = (millis(50), secs(3)));
    let pool = small(&server, 3).await;
    let mut tasks = Vec::new();
    for n in 0..60 {
        let pool = pool.clone();
        tasks.push(tokio::spawn(async move {
            let conn = pool.acquire().await.unwrap();
            sleep(millis(100)).await;
            if n % 3 == 0 {
                conn.discard();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
        assert_books(&pool.status());
    }
    assert_eq!(server.most(), 3);
    assert!(server.attempts() > 10);
}

#[tokio::test(start_paused = true)]
async fn waiters_are_served_in_the_order_in_which_they_came() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let held = pool.acquire().await.unwrap();
    let order = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for n in 0..10 {
        let (pool, order) = (pool.clone(), order.clone());
        tasks.push(tokio::spawn(async move {
            let _conn = pool.acquire().await.unwrap();
            order.lock().push(n);
            sleep(millis(10)).await;
        }));
        settle().await;
    }
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock(), (0..10).collect::<Vec<_>>());
}

// bb8 0.9.1 gives all of this to the hot loop, and 50 timeouts to the waiters.
#[tokio::test(start_paused = true)]
async fn a_task_that_acquires_in_a_hot_loop_starves_nobody() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).acquire_timeout(millis(500))).await;
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    let conn = pool.acquire().await.expect("nobody waits for more than eleven turns");
                    drop(conn);
                    sleep(millis(1)).await;
                }
            })
        })
        .collect();
    let hot = tokio::spawn({
        let pool = pool.clone();
        async move {
            let mut turns = 0;
            loop {
                let conn = pool.acquire().await.expect("it is its turn");
                tokio::task::yield_now().await;
                drop(conn);
                turns += 1;
                if turns % 64 == 0 {
                    sleep(millis(1)).await;
                }
            }
        }
    });
    for waiter in waiters {
        waiter.await.unwrap();
    }
    hot.abort();
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_not_polled_holds_up_nobody_and_keeps_its_place() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let held = pool.acquire().await.unwrap();
    let mut stalled = pin!(pool.acquire());
    assert!(stalled.as_mut().poll(&mut TaskContext::from_waker(Waker::noop())).is_pending());
    let mut third = pin!(pool.acquire());
    assert!(poll!(third.as_mut()).is_pending());
    drop(held);
    assert_eq!(pool.status().handed_over, 1);

    let start = Instant::now();
    let conn = third.await.expect("it was taken back from the stalled one");
    assert!(start.elapsed() <= millis(200), "{:?}", start.elapsed());
    assert_eq!(pool.status().counts.taken_back, 1);

    // Polled again, the stalled one comes before those that came after it.
    let mut fourth = pin!(pool.acquire());
    assert!(poll!(fourth.as_mut()).is_pending());
    assert!(poll!(stalled.as_mut()).is_pending());
    drop(conn);
    drop(stalled.await.unwrap());
    drop(fourth.await.unwrap());
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn a_stalled_waiter_that_comes_back_takes_what_is_idle() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let held = pool.acquire().await.unwrap();
    let mut stalled = pin!(pool.acquire());
    assert!(poll!(stalled.as_mut()).is_pending());
    drop(held);
    sleep(secs(1)).await;
    let status = pool.status();
    assert_eq!((status.idle, status.handed_over, status.waiting), (1, 0, 1));
    assert!(poll!(stalled.as_mut()).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_tells_how_long_who_has_the_connections_and_who_else_waits() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(2).acquire_timeout(secs(30))).await;
    let _first = Context::current().named("report").scope(pool.acquire()).await.unwrap();
    sleep(secs(5)).await;
    let _second = pool.acquire().await.unwrap();
    let other = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    sleep(secs(1)).await;
    let error = timeout(secs(60), pool.acquire()).await.unwrap().unwrap_err();
    assert!(matches!(error, AcquireError::TimedOut(_)));
    let report = error.report().unwrap();
    assert_eq!((report.waited, report.in_use, report.max_size, report.queue), (secs(30), 2, 2, 0));
    assert_eq!(report.holders[0].path.to_string(), "report");
    assert_eq!(report.holders[0].held_for, secs(36));
    assert!(report.holders[0].place.file().ends_with("connection_pool.rs"));
    assert!(report.last_failure.is_none());
    let text = error.to_string();
    assert!(text.starts_with("no connection within 30s: 2 of 2 in use, longest by "), "{text}");
    assert!(other.await.unwrap().unwrap_err().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_tells_why_no_connection_could_be_opened() {
    let server = Server::new();
    let pool = small(&server, 2).await;
    let _held = pool.acquire().await.unwrap();
    server.behave(|server| server.connect = Answer::Fail);
    let error = pool.acquire().await.unwrap_err();
    let failure = error.report().unwrap().last_failure.as_ref().unwrap();
    assert_eq!(failure.error.to_string(), "connection refused");
    assert!(failure.attempts > 3);
    assert!(error.to_string().contains("last connect failed: connection refused"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test(start_paused = true)]
async fn waiting_obeys_the_ambient_deadline_and_token() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let _held = pool.acquire().await.unwrap();
    let context = Context::current().with_deadline(in_secs(2));
    let start = Instant::now();
    let late = context.scope(pool.acquire()).await.unwrap_err();
    assert!(matches!(late, AcquireError::DeadlinePassed(_)));
    assert_eq!(start.elapsed(), secs(2));

    let token = CancelToken::new();
    let mut waiting = pin!(Context::current().with_token(token.clone()).scope(pool.acquire()));
    assert!(poll!(waiting.as_mut()).is_pending());
    token.cancel("the user left");
    let cancelled = waiting.await.unwrap_err();
    assert!(matches!(&cancelled, AcquireError::Cancelled(cause, _) if cause.message() == "the user left"));
    assert_books(&pool.status());
}

// mobc 0.9 leaks one in its counter of waiters for each timeout.
#[tokio::test(start_paused = true)]
async fn waits_that_time_out_leave_the_line() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).acquire_timeout(secs(1))).await;
    let held = pool.acquire().await.unwrap();
    for _ in 0..20 {
        assert!(pool.acquire().await.unwrap_err().is_timeout());
    }
    let status = pool.status();
    assert_eq!((status.waiting, status.counts.gave_up), (0, 20));
    drop(held);
    assert!(pool.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_dropped_after_it_was_given_a_connection_passes_it_on() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let held = pool.acquire().await.unwrap();
    let mut first = Box::pin(pool.acquire());
    let mut second = pin!(pool.acquire());
    assert!(poll!(first.as_mut()).is_pending() && poll!(second.as_mut()).is_pending());
    drop(held);
    drop(first);
    assert!(poll!(second.as_mut()).is_ready());
    assert_books(&pool.status());
    assert_eq!(server.live(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_checkout_at_any_poll_loses_no_connection_and_no_slot() {
    for (max_size, stale) in [(1, false), (2, false), (1, true)] {
        for polls in 0..8 {
            let server = Server::new();
            server.behave(|server| {
                (server.connect_time, server.check_time, server.close_time) = (millis(30), millis(30), millis(30));
            });
            let pool = start(builder(&server).max_size(max_size).check_after(secs(1))).await;
            if stale {
                sleep(secs(2)).await;
            }
            let held = (!stale).then(|| pool.try_acquire().unwrap());
            let mut checkout: Pin<Box<dyn Future<Output = _>>> = Box::pin(pool.acquire());
            let mut done = None;
            for n in 0..polls {
                if done.is_none()
                    && let std::task::Poll::Ready(conn) = poll!(checkout.as_mut())
                {
                    done = Some(conn);
                }
                sleep(millis(10)).await;
                assert_books(&pool.status());
                if n == 3 {
                    settle().await;
                }
            }
            drop(checkout);
            drop(done);
            drop(held);
            sleep(secs(1)).await;
            let status = pool.status();
            assert_books(&status);
            assert_eq!((status.waiting, status.in_use, status.handed_over), (0, 0, 0), "{polls} polls");
            assert_eq!(status.idle, server.live());
            // Nothing is lost: all of them can be had again.
            let all: Vec<_> = futures_util::future::join_all((0..max_size).map(|_| pool.acquire())).await;
            assert!(all.iter().all(Result::is_ok));
            drop(all);
            assert!(pool.drain(in_secs(5)).await.is_complete());
            assert_eq!(server.live(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_checkout_does_not_cut_the_connect_short() {
    let server = Server::new();
    server.behave(|server| server.connect_time = secs(1));
    let pool = start(builder(&server).warm_up(false)).await;
    let mut checkout = Box::pin(pool.acquire());
    assert!(poll!(checkout.as_mut()).is_pending());
    settle().await;
    drop(checkout);
    sleep(secs(2)).await;
    assert_eq!((pool.status().idle, server.attempts()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_takes_what_comes_first_a_connection_that_comes_back_or_a_new_one() {
    let server = Server::new();
    let pool = small(&server, 2).await;
    server.behave(|server| server.connect_time = secs(5));
    let held = pool.acquire().await.unwrap();
    let number = held.number;
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(secs(1)).await;
    drop(held);
    assert_eq!(waiting.await.unwrap().number, number);
}

// HikariCP's spike test: pools that open one for each who waits end with 45 connections.
#[tokio::test(start_paused = true)]
async fn a_spike_of_short_uses_does_not_open_a_connection_for_each() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(50).min_idle(5)).await;
    server.behave(|server| server.connect_time = millis(150));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let _conn = pool.acquire().await.unwrap();
                sleep(millis(2)).await;
            })
        })
        .collect();
    let start = Instant::now();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(start.elapsed() <= millis(25), "{:?}", start.elapsed());
    sleep(secs(1)).await;
    assert!(server.live() <= 7, "{} connections", server.live());
}

#[tokio::test(start_paused = true)]
async fn while_connecting_fails_one_attempt_at_a_time_is_made_with_growing_pauses() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(5).max_opening(5).retry(millis(100), secs(5))).await;
    server.behave(|server| server.connect = Answer::Fail);
    let held = pool.acquire().await.unwrap();
    held.discard();
    let waiters: Vec<_> = (0..5)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.acquire().await.map(drop) })
        })
        .collect();
    sleep(secs(20)).await;
    // Five at first, before anything had failed; then after 0.1 to 5 s, so that it is tried nine times more.
    let attempts = server.attempts();
    assert!((10..=16).contains(&attempts), "{attempts} attempts");

    server.behave(|server| server.connect = Answer::Ok);
    for waiter in waiters {
        waiter.await.unwrap().expect("it came back in time");
    }
    let status = pool.status();
    assert!(status.last_failure.is_none());
    assert_books(&status);
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_never_answers_costs_its_timeout_and_no_slot() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).connect_timeout(secs(2))).await;
    pool.acquire().await.unwrap().discard();
    server.behave(|server| server.connect = Answer::Never);
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(secs(1)).await;
    server.behave(|server| server.connect = Answer::Ok);
    let start = Instant::now();
    waiting.await.unwrap();
    assert!(start.elapsed() < secs(2));
    assert_eq!(server.most(), 1);
    assert_eq!(pool.status().counts.open_failed, 1);
}

// In deadpool 0.13.1 a panic in `retain`'s predicate makes every later `get` panic.
#[tokio::test(start_paused = true)]
async fn panics_of_the_manager_cost_one_connection_each() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(2).check_after(Duration::ZERO)).await;
    let change = |change: fn(&mut server::Behaviour)| server.behave(change);

    change(|server| server.check = Answer::Panic);
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    settle().await;
    let conn = waiting.await.expect("the suspect is replaced");
    assert_eq!(pool.status().counts.check_failed, 1);

    change(|server| server.return_panics = true);
    drop(conn);
    change(|server| (server.return_panics, server.close_panics) = (false, true));
    settle().await;
    change(|server| (server.close_panics, server.check, server.connect) = (false, Answer::Ok, Answer::Panic));
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    settle().await;
    let failure = pool.status().last_failure.unwrap();
    assert!(failure.to_string().contains("a bug in the driver"), "{failure}");
    change(|server| server.connect = Answer::Ok);
    drop(waiting.await.unwrap());
    settle().await;
    assert_books(&pool.status());
    assert_eq!(server.live(), pool.status().size());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_idle_for_long_is_checked_before_it_is_used() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).check_after(secs(10))).await;
    sleep(secs(9)).await;
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.checks.load(SeqCst), 0);
    sleep(secs(11)).await;
    assert!(matches!(pool.try_acquire().unwrap_err(), AcquireError::Exhausted(_)));
    let conn = pool.acquire().await.unwrap();
    assert_eq!((server.checks.load(SeqCst), conn.number), (1, 0));
    drop(conn);

    // It does not answer any more.
    sleep(secs(11)).await;
    server.behave(|server| (server.check, server.close_time) = (Answer::Never, secs(2)));
    let start = Instant::now();
    let conn = pool.acquire().await.unwrap();
    assert_eq!(conn.number, 1);
    // The check's limit, and the time until the old one is closed.
    assert_eq!(start.elapsed(), secs(7));
    assert_eq!(server.most(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_gets_a_check_of_another_idle_connection_if_one_does_not_pass() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(4).max_opening(4).check_after(secs(10))).await;
    drop(futures_util::future::join_all((0..4).map(|_| pool.acquire())).await);
    sleep(secs(11)).await;
    // Four at once: all are checked at the same time.
    server.behave(|server| server.check_time = secs(1));
    let start = Instant::now();
    drop(futures_util::future::join_all((0..4).map(|_| pool.acquire())).await);
    assert_eq!((start.elapsed(), server.checks.load(SeqCst)), (secs(1), 4));

    // One alone, whose connection is dead: it gets another, and none is opened.
    sleep(secs(11)).await;
    server.behave(|server| (server.check, server.connect) = (Answer::Fail, Answer::Fail));
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(millis(500)).await;
    server.behave(|server| server.check = Answer::Ok);
    waiting.await.unwrap();
    assert_eq!((pool.status().counts.check_failed, server.live()), (1, 3));
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn what_is_idle_for_too_long_is_closed_down_to_min_idle() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(5).min_idle(2).max_opening(5).idle_timeout(secs(60))).await;
    let all: Vec<_> = futures_util::future::join_all((0..5).map(|_| pool.acquire())).await;
    drop(all);
    assert_eq!(server.live(), 5);
    sleep(secs(59)).await;
    assert_eq!(server.live(), 5);
    sleep(secs(2)).await;
    assert_eq!((server.live(), pool.status().idle), (2, 2));
    sleep(secs(600)).await;
    assert_eq!(server.live(), 2);
}

#[tokio::test(start_paused = true)]
async fn min_idle_connections_are_kept_ready() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(5).min_idle(2)).await;
    assert_eq!(pool.status().idle, 2);
    let held: Vec<Pooled<_>> = [pool.try_acquire().unwrap(), pool.try_acquire().unwrap()].into();
    settle().await;
    sleep(millis(1)).await;
    assert_eq!(pool.status().idle, 2);
    let more = [pool.try_acquire().unwrap(), pool.try_acquire().unwrap()];
    sleep(millis(1)).await;
    assert_eq!((pool.status().idle, server.live()), (1, 5), "five is the limit");
    drop((held, more));
    assert_books(&pool.status());
}

#[tokio::test(start_paused = true)]
async fn connections_are_replaced_at_the_end_of_their_life_but_not_all_at_once() {
    let server = Server::new();
    let _pool =
        start(builder(&server).max_size(20).min_idle(20).max_opening(20).max_lifetime(secs(1000)).lifetime_jitter(0.5))
            .await;
    let start = Instant::now();
    assert_eq!(server.live(), 20);
    sleep(secs(499)).await;
    assert_eq!(server.attempts(), 20);
    sleep(secs(502)).await;
    assert!(server.attempts() >= 40 && server.live() == 20);
    let closed = server.closed_at.lock();
    let first = closed[0].duration_since(start);
    let spread = closed[19].duration_since(closed[0]);
    assert!(first >= secs(500) && spread > secs(100), "first {first:?}, spread {spread:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_past_its_life_is_closed_when_it_comes_back() {
    let server = Server::new();
    let pool = start(builder(&server).max_size(1).max_lifetime(secs(10))).await;
    let held = pool.acquire().await.unwrap();
    sleep(secs(11)).await;
    drop(held);
    assert_eq!(pool.acquire().await.unwrap().number, 1);
    assert_eq!(server.most(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_back_in_a_panic_is_checked_first() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let task = tokio::spawn({
        let pool = pool.clone();
        async move {
            let _conn = pool.acquire().await.unwrap();
            panic!("in the middle of something");
        }
    });
    assert!(task.await.unwrap_err().is_panic());
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.checks.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn the_manager_may_ask_for_a_check_on_return() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    server.check_on_return.store(true, SeqCst);
    drop(pool.acquire().await.unwrap());
    drop(pool.acquire().await.unwrap());
    assert_eq!(server.checks.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn with_gives_the_connection_back_however_it_ends() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    assert_eq!(pool.with(async |conn| conn.number).await.unwrap(), 0);
    let late = timeout(secs(1), pool.with(async |_| sleep(secs(60)).await)).await;
    assert!(late.is_err());
    assert_eq!(pool.status().in_use, 0);
    assert_eq!(pool.with(async |conn| conn.number).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_tells_whoever_waits_and_closes_what_comes_back() {
    let server = Server::new();
    server.behave(|server| server.close_time = millis(500));
    let pool = small(&server, 2).await;
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(second);
    let extra = pool.acquire().await.unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    settle().await;
    pool.close();
    assert!(waiting.await.unwrap().unwrap_err().is_closed());
    assert!(pool.acquire().await.unwrap_err().is_closed());
    assert!(pool.try_acquire().unwrap_err().is_closed());
    drop(extra);
    let early = pool.drain(in_secs(1)).await;
    assert!(!early.is_complete());
    assert_eq!((early.held.len(), early.took, server.live()), (1, secs(1), 1));
    drop(first);
    let receipt = pool.drain(in_secs(1)).await;
    assert!(receipt.is_complete());
    assert_eq!((receipt.took, receipt.counts.closed, server.live()), (millis(500), 2, 0));
}

#[tokio::test(start_paused = true)]
async fn shutting_the_system_down_waits_for_the_connections() {
    let server = Server::new();
    server.behave(|server| server.close_time = millis(500));
    let system = System::start().unwrap();
    let pool = builder(&server).start(&system).await.unwrap();
    let held = pool.acquire().await.unwrap();
    tokio::spawn(async move {
        sleep(secs(3)).await;
        drop(held);
    });
    let start = Instant::now();
    let receipt = system.shutdown(secs(60)).await;
    assert!(receipt.is_clean(), "{receipt:?}");
    assert_eq!((start.elapsed(), server.live()), (millis(3500), 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_back_after_the_end_is_dropped() {
    let server = Server::new();
    let system = System::start().unwrap();
    let pool = builder(&server).start(&system).await.unwrap();
    let held = pool.acquire().await.unwrap();
    let receipt = system.shutdown(secs(1)).await;
    assert!(!receipt.is_clean());
    assert_eq!(server.live(), 1);
    drop(held);
    assert_eq!(server.live(), 0);
    assert_eq!(pool.status().size(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_last_handle_is_dropped_closes_its_connections() {
    let server = Server::new();
    let pool = start(builder(&server).min_idle(3)).await;
    let held = pool.acquire().await.unwrap();
    drop(pool.clone());
    assert_eq!(server.live(), 3);
    drop(pool);
    sleep(secs(1)).await;
    assert_eq!(server.live(), 1);
    drop(held);
    sleep(secs(1)).await;
    assert_eq!(server.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn its_actor_answers_messages() {
    use actors::connection_pool::messages::{Close, Drain, GetStatus};
    let server = Server::new();
    let pool = small(&server, 1).await;
    assert_eq!(pool.actor().ask(GetStatus).await.unwrap().idle, 1);
    pool.actor().ask(Close).await.unwrap();
    assert!(!pool.status().is_open);
    assert!(pool.actor().ask(Drain { deadline: in_secs(5) }).await.unwrap().is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_cannot_connect_does_not_start_and_says_why() {
    let server = Server::new();
    server.behave(|server| server.connect = Answer::Fail);
    let system = System::start().unwrap();
    let error = builder(&server).start(&system).await.unwrap_err();
    assert!(matches!(&error, StartError::Connect(failure) if failure.attempts == 1));
    assert!(error.to_string().starts_with("connection pool: cannot connect: connection refused"), "{error}");
    assert!(builder(&server).warm_up(false).start(&system).await.is_ok());
    server.behave(|server| server.connect = Answer::Never);
    let error = builder(&server).connect_timeout(secs(2)).start(&system).await.unwrap_err();
    assert!(error.to_string().contains("not connected within 2s"), "{error}");
    sleep(secs(60)).await;
    assert_eq!(server.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn senseless_settings_are_refused_by_name() {
    let server = Server::new();
    let system = System::start().unwrap();
    let refused = async |builder: ConnectionPoolBuilder<Manager>| match builder.start(&system).await.unwrap_err() {
        StartError::Config { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(refused(builder(&server).max_size(0)).await, "max_size");
    assert_eq!(refused(builder(&server).min_idle(11)).await, "min_idle");
    assert_eq!(refused(builder(&server).max_opening(0)).await, "max_opening");
    assert_eq!(refused(builder(&server).lifetime_jitter(1.5)).await, "lifetime_jitter");
    assert_eq!(refused(builder(&server).lifetime_jitter(f64::NAN)).await, "lifetime_jitter");
    assert_eq!(refused(builder(&server).retry(secs(2), secs(1))).await, "retry_min");
    assert_eq!(refused(builder(&server).acquire_timeout(Duration::ZERO)).await, "acquire_timeout");
}

#[tokio::test(start_paused = true)]
async fn durations_without_end_are_no_problem() {
    let server = Server::new();
    let forever = Duration::MAX;
    let builder = builder(&server).acquire_timeout(forever).connect_timeout(forever).idle_timeout(forever);
    let builder = builder.max_lifetime(forever).retry(forever, forever).handoff_grace(forever).drain_timeout(forever);
    let pool = start(builder.max_size(1)).await;
    let held = pool.acquire().await.unwrap();
    let waits = AtomicUsize::new(0);
    let waiting = async {
        waits.fetch_add(1, SeqCst);
        pool.acquire().await.map(drop)
    };
    let (waited, ()) = tokio::join!(waiting, async {
        sleep(secs(3600)).await;
        drop(held);
    });
    waited.unwrap();
    assert_eq!(waits.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_asks_it_whether_it_is_ready_and_shuts_it_down() {
    let server = Server::new();
    let pool = small(&server, 2).await;
    assert!(pool.ready().await.is_ready());
    server.behave(|server| server.connect = Answer::Fail);
    let held = pool.acquire().await.unwrap();
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(millis(10)).await;
    let Readiness::NotReady(why) = pool.ready().await else { panic!("it cannot connect") };
    assert!(why.starts_with("connection refused ("), "{why}");

    let receipt = pool.shut_down(in_secs(2)).await;
    assert!(!receipt.is_clean(), "somebody has a connection");
    drop(held);
    let receipt = pool.shut_down(in_secs(2)).await;
    assert!(receipt.is_clean(), "{receipt}");
    assert_eq!((receipt.handled, server.live()), (1, 0));
    assert!(!pool.ready().await.is_ready());
}

#[test]
fn no_interruption_of_a_checkout_loses_a_connection_or_a_slot() {
    for check_after in [secs(0), secs(60)] {
        let explored = explore_cancellation(
            async || {
                let server = Server::new();
                server.behave(|server| (server.connect_time, server.check_time) = (millis(300), millis(300)));
                let pool = start(builder(&server).max_size(2).check_after(check_after)).await;
                let others = pool.clone();
                tokio::spawn(async move {
                    for _ in 0..3 {
                        let conn = others.acquire().await;
                        sleep(millis(200)).await;
                        drop(conn);
                    }
                });
                (server, pool)
            },
            |(_server, pool)| async move {
                let first = pool.acquire().await?;
                let second = pool.acquire().await?;
                sleep(millis(100)).await;
                drop(first);
                pool.with(async |_| sleep(millis(100)).await).await?;
                second.discard();
                pool.acquire().await.map(drop)
            },
            async |(server, pool)| {
                sleep(secs(10)).await;
                let status = pool.status();
                assert_books(&status);
                assert_eq!((status.in_use, status.handed_over, status.waiting), (0, 0, 0));
                let both = [pool.acquire().await, pool.acquire().await];
                assert!(both.iter().all(Result::is_ok));
                assert!(server.most() <= 2);
            },
        );
        assert!(explored.polls > 4, "{explored:?}");
    }
}

#[test]
fn settings_that_make_no_sense_are_all_reported_with_their_source() {
    let settings = Settings::new().set("max_size", "0", "--max").set("min_idle", "3", "--min");
    let refused = settings.load_valid::<ConnectionPoolConfig>().unwrap_err().to_string();
    assert!(refused.contains("--max: max_size = \"0\": must be at least 1"), "{refused}");
    assert!(refused.contains("--min: min_idle = \"3\": must be at most `max_size`"), "{refused}");
}
