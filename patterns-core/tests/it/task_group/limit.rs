use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use patterns_core::context::{self, Interrupt};
use patterns_core::task_group::{BoxError, TaskGroup};
use tokio::time::{Instant, sleep};

use super::fails_after;
use crate::support::{Log, ms, polled, secs};

async fn one_second() -> Result<(), io::Error> {
    sleep(secs(1)).await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_run_at_once_and_the_limit_is_used() {
    let (now, peak, start) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Instant::now());
    let result = TaskGroup::new("g").limit(3).run(async |group| {
        for n in 0..10_u64 {
            let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
            group
                .spawn_bounded("child", async move {
                    peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(ms(100 + n)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok::<_, io::Error>(())
                })
                .await?;
        }
        Ok(())
    });
    result.await.unwrap();
    assert_eq!(peak.load(Ordering::SeqCst), 3);
    assert!(start.elapsed() < ms(450), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_plain_spawn_does_not_wait_but_takes_a_place() {
    let start = Instant::now();
    let result = TaskGroup::new("g").limit(2).run(async |group| {
        for _ in 0..3 {
            group.spawn("plain", one_second());
        }
        assert_eq!(group.live(), 3);
        group.spawn_bounded("bounded", one_second()).await?;
        assert_eq!(start.elapsed(), secs(1));
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_a_bounded_spawn_never_waits() {
    let result = TaskGroup::new("g").run(async |group| {
        for _ in 0..1000 {
            assert!(polled(1, group.spawn_bounded("child", one_second())).await.is_some());
        }
        Ok(())
    });
    result.await.unwrap();
}

#[test]
#[should_panic(expected = "a limit of zero could never run a child")]
fn a_limit_of_zero_is_refused() {
    let _ = TaskGroup::new("g").limit(0);
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_waits_for_places_ends_when_a_child_fails() {
    let log = Log::default();
    let result = TaskGroup::new("crawl").limit(1).run(async |group| {
        group.spawn("bad", fails_after(secs(1), "no"));
        for n in 0..1_000_000 {
            let log = log.clone();
            let spawned = group.spawn_bounded("page", async move {
                log.add(format!("ran {n}"));
                Ok::<_, io::Error>(())
            });
            spawned.await?;
        }
        Ok(())
    });
    assert_eq!(result.await.unwrap_err().to_string(), "crawl: bad: no");
    assert!(log.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_wait_for_a_place_frees_it_and_drops_the_child_unrun() {
    let log = Log::default();
    let result = TaskGroup::new("g").limit(1).run(async |group| {
        group.spawn("first", one_second());
        let guard = log.on_drop("dropped unrun");
        let unrun = group.spawn_bounded("unrun", async move {
            let _guard = guard;
            Ok::<_, io::Error>(())
        });
        assert!(polled(1, unrun).await.is_none());
        assert!(log.has("dropped unrun"));
        let third = group.spawn_bounded("third", async { Ok::<_, io::Error>(7) }).await?;
        Ok(third.await?)
    });
    assert_eq!(result.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_no_longer_polled_holds_nobody_up() {
    // The shape in which tokio's semaphore deadlocks: the freed permit goes to a future that the task
    // still owns but does not poll.
    let result = TaskGroup::new("g").limit(1).run(async |group| {
        group.spawn("first", one_second());
        let mut stalled = std::pin::pin!(group.spawn_bounded("stalled", one_second()));
        assert!(polled(1, stalled.as_mut()).await.is_none());
        let second = group.spawn_bounded("second", async { Ok::<_, io::Error>(7) }).await?;
        let value = second.await?;
        stalled.await?;
        Ok(value)
    });
    assert_eq!(result.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn several_spawners_share_the_limit() {
    let (start, peak) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let result = TaskGroup::new("g").limit(4).run(async |group| {
        let spawners = (0..2).map(|_| async {
            for _ in 0..10 {
                group.spawn_bounded("child", one_second()).await?;
                peak.fetch_max(group.live(), Ordering::SeqCst);
            }
            Ok::<_, Interrupt>(())
        });
        futures_util::future::try_join_all(spawners).await?;
        Ok(())
    });
    result.await.unwrap();
    assert_eq!(peak.load(Ordering::SeqCst), 4);
    assert_eq!(start.elapsed(), secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_obeys_the_deadline() {
    let result = TaskGroup::new("g").limit(1).run(async |group| {
        group.spawn("first", one_second());
        let context = context::Context::current().with_deadline(Instant::now() + ms(500));
        let waiting = context.scope(group.spawn_bounded("second", one_second()));
        assert!(waiting.await.unwrap_err().is_deadline());
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_from_outside_ends_with_the_group() {
    let start = Instant::now();
    let result = TaskGroup::new("g").limit(1).grace(secs(9)).run(async |group| {
        group.spawn("deaf", one_second());
        let outside = group.clone();
        let waiting = tokio::spawn(async move { outside.spawn_bounded("second", one_second()).await });
        tokio::task::yield_now().await;
        group.cancel("enough");
        let interrupt = waiting.await?.unwrap_err();
        assert_eq!(interrupt.cause().unwrap().message(), "enough");
        assert_eq!(start.elapsed(), secs(0));
        Ok(())
    });
    result.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_of_a_million_children_that_ended() {
    // In the values that children return, so that one kept anywhere would be seen.
    let (alive, peak) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    struct Value(Arc<AtomicUsize>);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
    const CHILDREN: u64 = 1_000_000;
    let settled = TaskGroup::new("g").limit(64).policy(patterns_core::task_group::CollectAll).run(async |group| {
        for _ in 0..CHILDREN {
            alive.fetch_add(1, Ordering::Relaxed);
            let value = Value(Arc::clone(&alive));
            group.spawn_bounded("child", async move { Ok::<_, BoxError>(value) }).await?;
            peak.fetch_max(alive.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        Ok(())
    });
    let settled = settled.await;
    assert_eq!((settled.counts.ok, settled.counts.total()), (CHILDREN, CHILDREN));
    assert_eq!(alive.load(Ordering::Relaxed), 0);
    assert!(peak.load(Ordering::Relaxed) <= 65, "{peak:?}");
}
