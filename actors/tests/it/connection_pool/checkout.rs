use super::*;

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
async fn nobody_waits_for_more_turns_than_there_were_before_them_in_the_line() {
    for max_size in [1, 3] {
        let server = Server::new();
        let pool = small(&server, max_size).await;
        let hot = tokio::spawn({
            let pool = pool.clone();
            async move {
                loop {
                    let conn = pool.acquire().await.expect("it is its turn");
                    tokio::task::yield_now().await;
                    drop(conn);
                }
            }
        });
        let mut waiters = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let pool = pool.clone();
            waiters.spawn(async move {
                let mut most = 0;
                for _ in 0..100 {
                    let before = pool.status();
                    let conn = pool.acquire().await.expect("its turn comes");
                    let turns = pool.status().counts.acquired - before.counts.acquired - 1;
                    let limit = (before.waiting + max_size) as u64;
                    assert!(turns < limit, "{turns} turns of others, with {} before it", before.waiting);
                    most = most.max(before.waiting);
                    tokio::task::yield_now().await;
                    drop(conn);
                }
                most
            });
        }
        let most = waiters.join_all().await.into_iter().max();
        hot.abort();
        assert!(most >= Some(8 - max_size), "there was a line: {most:?}");
        assert_books(&pool.status());
    }
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
    assert!(report.holders[0].place.file() == file!());
    assert!(report.last_failure.is_none());
    let text = error.to_string();
    assert!(text.starts_with("no connection within 30s: 2 of 2 in use, longest by "), "{text}");
    assert!(other.await.unwrap().unwrap_err().is_timeout());
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

#[tokio::test(start_paused = true)]
async fn a_task_that_always_finds_a_connection_lets_others_run() {
    let server = Server::new();
    let pool = small(&server, 1).await;
    let other = tokio::spawn(async {});
    let mut turns = 0;
    while !other.is_finished() {
        drop(pool.acquire().await.unwrap());
        turns += 1;
        assert!(turns < 10_000, "it never yields");
    }
    assert!(turns > 1);
}

#[test]
fn a_wait_ends_in_time_though_the_runtime_of_the_pool_is_gone() {
    let server = Server::new();
    let first = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (pool, _held, _system) = first.block_on(async {
        let system = System::start().unwrap();
        let pool = builder(&server).max_size(1).acquire_timeout(millis(100)).start(&system).await.unwrap();
        let held = pool.acquire().await.unwrap();
        (pool, held, system)
    });
    first.shutdown_background();
    let second = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = second.block_on(async {
        // Without a context, so that the wait relies on a task of the pool at first.
        tokio::time::timeout(secs(20), pool.acquire()).await.expect("it has a limit").unwrap_err()
    });
    assert!(matches!(error, AcquireError::TimedOut(_)), "{error}");
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
