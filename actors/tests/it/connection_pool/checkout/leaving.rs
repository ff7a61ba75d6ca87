//! Checkouts that are dropped or interrupted: nothing is lost.

use super::*;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_tasks_on_two_threads_give_up_at_random_no_connection_is_lost() {
    let server = Server::new();
    let pool = small(&server, 3).await;
    let tasks: Vec<_> = (0..16_u32)
        .map(|task| {
            let pool = pool.clone();
            tokio::spawn(async move {
                for turn in 0..300 {
                    let mut checkout = Box::pin(pool.acquire());
                    let mut conn = None;
                    for _ in 0..=(task + turn) % 5 {
                        if let std::task::Poll::Ready(ready) = poll!(checkout.as_mut()) {
                            conn = Some(ready.expect("nobody waits for 30 s"));
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                    match conn {
                        Some(conn) if turn % 50 == 0 => conn.discard(),
                        other => drop(other),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let all: Vec<_> = futures_util::future::join_all((0..3).map(|_| pool.acquire())).await;
    assert!(all.iter().all(Result::is_ok));
    let status = pool.status();
    assert_books(&status);
    assert_eq!((status.in_use, status.waiting, status.handed_over), (3, 0, 0));
    assert!(server.most() <= 3);
}
