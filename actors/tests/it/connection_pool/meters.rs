use super::*;
use crate::recorder::{Spans, Sums};

#[tokio::test(start_paused = true)]
async fn the_metrics_say_what_the_counts_say() {
    let sums = Sums::default();
    let recorder = sums.clone();
    let _here = metrics::set_default_local_recorder(&recorder);
    let server = Server::new();
    let pool = start(builder(&server).name("db").max_size(2).leak_after(secs(10)).acquire_timeout(secs(1))).await;
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    assert!(pool.acquire().await.unwrap_err().is_timeout());
    assert!(pool.try_acquire().is_err());
    let mut waiting = pin!(pool.acquire());
    assert!(poll!(waiting.as_mut()).is_pending());
    sleep(millis(200)).await;
    let states = || ["in_use", "idle"].map(|state| sums.get(&format!("actors_connections{{pool=db,state={state}}}")));
    assert_eq!((states(), sums.get("actors_checkouts_waiting{pool=db}")), ([2.0, 0.0], 1.0));
    drop(second);
    drop(waiting.await.unwrap());
    sleep(secs(11)).await;
    assert_eq!((states(), sums.get("actors_checkouts_waiting{pool=db}")), ([1.0, 1.0], 0.0));
    server.behave(|server| server.connect = Answer::Fail);
    first.discard();
    let held = pool.acquire().await.expect("one is idle");
    assert!(pool.acquire().await.unwrap_err().is_timeout());
    drop(held);
    server.behave(|server| server.connect = Answer::Ok);
    assert!(pool.drain(in_secs(5)).await.is_complete());
    assert!(pool.acquire().await.unwrap_err().is_closed());
    drop(pool.actor().stop().await);

    let counts = pool.status().counts;
    let expected = [
        ("actors_checkouts_total{pool=db,outcome=acquired}", counts.acquired),
        ("actors_checkouts_total{pool=db,outcome=gave_up}", counts.gave_up),
        ("actors_connections_opened_total{pool=db}", counts.opened),
        ("actors_connections_open_failed_total{pool=db}", counts.open_failed),
        ("actors_connections_closed_total{pool=db}", counts.closed),
        ("actors_connections_leaked_total{pool=db}", counts.leaks),
    ];
    for (key, count) in expected {
        assert!(count > 0, "{key}: this shows nothing");
        assert_eq!(sums.get(key), count as f64, "{key}");
    }
    assert_eq!((states(), sums.get("actors_checkouts_waiting{pool=db}")), ([0.0, 0.0], 0.0));
    assert_eq!(sums.unexplained("actors_"), [] as [String; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_the_pool_does_with_a_connection_has_a_span() {
    let spans = Spans::default();
    let _here = spans.listen();
    let server = Server::new();
    let pool = start(builder(&server).name("db").check_after(Duration::ZERO)).await;
    pool.acquire().await.unwrap().discard();
    assert!(pool.drain(in_secs(5)).await.is_complete());
    for name in ["connect", "check", "close"] {
        assert_eq!(spans.named(name), [format!("{name} pool=db")]);
    }
}
