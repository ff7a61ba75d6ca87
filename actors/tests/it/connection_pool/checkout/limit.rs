//! What ends a wait, and what is said then.

use super::*;

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
