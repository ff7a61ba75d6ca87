//! Permits: the bound, the order, priorities, resizing, and who holds them.
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::Context;
use patterns_core::semaphore::{AcquireError, Semaphore};
use patterns_core::task_group::TaskGroup;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::{Log, ms, polled, secs};

mod adaptive;
mod explored;
mod futurelock;
mod laws;

#[tokio::test(start_paused = true)]
async fn no_more_are_inside_than_the_limit() {
    let semaphore = Semaphore::new(3);
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    TaskGroup::new("g")
        .run(async |group| {
            for n in 0..30 {
                let (semaphore, inside, most) = (semaphore.clone(), Arc::clone(&inside), Arc::clone(&most));
                group.spawn(format!("t{n}"), async move {
                    let _permit = semaphore.acquire().await?;
                    most.fetch_max(inside.fetch_add(1, SeqCst) + 1, SeqCst);
                    sleep(secs(1)).await;
                    inside.fetch_sub(1, SeqCst);
                    Ok::<_, AcquireError>(())
                });
            }
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!((most.load(SeqCst), start.elapsed()), (3, secs(10)));
    assert_eq!(semaphore.free(), 3);
}

#[tokio::test(start_paused = true)]
async fn first_come_first_served_also_where_a_later_one_would_fit() {
    let (semaphore, log) = (Semaphore::new(3), Log::default());
    let held = semaphore.acquire_many(2).await.unwrap();
    let large = {
        let (semaphore, log) = (semaphore.clone(), log.clone());
        tokio::spawn(async move {
            let _permit = semaphore.acquire_many(3).await.unwrap();
            log.add("large");
            sleep(secs(1)).await;
        })
    };
    yield_now().await;
    // One permit is free, yet the large one is first.
    assert!(semaphore.try_acquire().unwrap_err().is_no_permits());
    let small = {
        let (semaphore, log) = (semaphore.clone(), log.clone());
        tokio::spawn(async move {
            let _permit = semaphore.acquire().await.unwrap();
            log.add("small");
        })
    };
    yield_now().await;
    drop(held);
    large.await.unwrap();
    small.await.unwrap();
    assert_eq!(log.all(), ["large", "small"]);
}

#[tokio::test(start_paused = true)]
async fn a_higher_priority_goes_first_and_equals_in_turn() {
    let (semaphore, log) = (Semaphore::new(1), Log::default());
    let held = semaphore.acquire().await.unwrap();
    let mut tasks = Vec::new();
    for (name, priority) in [("low", -1), ("a", 0), ("high", 5), ("b", 0)] {
        let (semaphore, log) = (semaphore.clone(), log.clone());
        tasks.push(tokio::spawn(async move {
            let _permit = semaphore.request(1).priority(priority).acquire().await.unwrap();
            log.add(name);
        }));
        yield_now().await;
    }
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(log.all(), ["high", "a", "b", "low"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_ranks_above_the_first_in_line_takes_what_is_too_little_for_that() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.acquire_many(2).await.unwrap();
    let mut large = pin!(semaphore.acquire_many(3));
    assert!(polled(1, large.as_mut()).await.is_none());
    assert!(semaphore.try_acquire().is_err());
    let above = semaphore.request(1).priority(1).try_acquire().unwrap();
    drop(above);
    drop(held);
    assert_eq!(large.await.unwrap().n(), 3);
}

#[tokio::test(start_paused = true)]
async fn more_than_the_limit_is_an_error_at_once_and_for_those_who_wait_when_it_is_lowered() {
    let semaphore = Semaphore::new(2);
    assert!(matches!(semaphore.acquire_many(3).await.unwrap_err(), AcquireError::ExceedsLimit { asked: 3, limit: 2 }));
    let _held = semaphore.acquire().await.unwrap();
    let both = {
        let semaphore = semaphore.clone();
        tokio::spawn(async move { semaphore.acquire_many(2).await.map(drop) })
    };
    yield_now().await;
    semaphore.resize(1);
    assert!(both.await.unwrap().unwrap_err().is_exceeds_limit());
}

#[tokio::test(start_paused = true)]
async fn raising_the_limit_admits_at_once_and_lowering_takes_nothing_from_holders() {
    let semaphore = Semaphore::new(0);
    let waiting = {
        let semaphore = semaphore.clone();
        tokio::spawn(async move {
            // With a limit of zero one permit is more than there is.
            assert!(semaphore.acquire().await.unwrap_err().is_exceeds_limit());
            semaphore.resize(1);
            let _first = semaphore.acquire().await.unwrap();
            let _second = semaphore.acquire().await.unwrap();
        })
    };
    sleep(secs(1)).await;
    assert!(!waiting.is_finished());
    semaphore.resize(2);
    waiting.await.unwrap();

    let held = semaphore.acquire_many(2).await.unwrap();
    semaphore.resize(1);
    let status = semaphore.status();
    assert_eq!((status.limit, status.taken, status.free), (1, 2, 0));
    drop(held);
    assert_eq!(semaphore.free(), 1);
}

#[tokio::test(start_paused = true)]
async fn lowering_the_limit_takes_back_an_offer_and_keeps_the_waiters_place() {
    let semaphore = Semaphore::new(2);
    let (one, two) = (semaphore.acquire().await.unwrap(), semaphore.acquire().await.unwrap());
    let mut first = pin!(semaphore.acquire());
    let mut second = pin!(semaphore.acquire());
    assert!(polled(1, first.as_mut()).await.is_none());
    assert!(polled(1, second.as_mut()).await.is_none());
    drop((one, two));
    assert_eq!(semaphore.status().offered, 2);
    semaphore.resize(1);
    assert_eq!(semaphore.status().offered, 1);
    assert!(polled(1, second.as_mut()).await.is_none());
    let permit = first.await.unwrap();
    assert!(polled(1, second.as_mut()).await.is_none());
    drop(permit);
    assert_eq!(second.await.unwrap().n(), 1);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_waits_and_leaves_holders_alone() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire().await.unwrap();
    let waiting = {
        let semaphore = semaphore.clone();
        tokio::spawn(async move { semaphore.acquire().await.map(drop) })
    };
    yield_now().await;
    semaphore.close();
    assert!(waiting.await.unwrap().unwrap_err().is_closed());
    assert!(semaphore.try_acquire().unwrap_err().is_closed());
    assert!(semaphore.is_closed());
    drop(held);
    assert_eq!(semaphore.status().taken, 0);
}

#[tokio::test(start_paused = true)]
async fn closing_with_an_offer_outstanding_loses_no_permit() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire().await.unwrap();
    let mut waiting = pin!(semaphore.acquire());
    assert!(polled(1, waiting.as_mut()).await.is_none());
    drop(held);
    semaphore.close();
    assert!(waiting.await.unwrap_err().is_closed());
    let status = semaphore.status();
    assert_eq!((status.free, status.taken, status.offered), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn waiting_obeys_the_ambient_deadline_and_token() {
    let semaphore = Semaphore::new(1);
    let _held = semaphore.acquire().await.unwrap();
    let elapsed = timeout(secs(2), semaphore.acquire()).await.map(|_| ());
    assert_eq!(elapsed.unwrap_err().limit(), secs(2));

    let token = CancelToken::new();
    let waiting = Context::current().with_token(token.clone()).scope(semaphore.acquire());
    let cancelling = async {
        sleep(ms(5)).await;
        token.cancel("enough");
    };
    let (waited, ()) = tokio::join!(waiting, cancelling);
    assert!(waited.unwrap_err().is_interrupted());
    assert!(semaphore.status().waiters.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_holding_gives_the_permit_back() {
    let semaphore = Semaphore::new(1);
    let holder = {
        let semaphore = semaphore.clone();
        tokio::spawn(async move {
            let _permit = semaphore.acquire_owned().await.unwrap();
            panic!("while holding");
        })
    };
    assert!(holder.await.unwrap_err().is_panic());
    assert_eq!(semaphore.free(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_status_names_who_holds_and_who_waits() {
    let semaphore = Semaphore::builder(3).name("db").build().unwrap();
    let anonymous = semaphore.try_acquire().unwrap();
    TaskGroup::new("import")
        .run(async |group| {
            let holds = semaphore.clone();
            group.spawn("holds", async move {
                let _permit = holds.acquire_many(2).await?;
                sleep(secs(5)).await;
                Ok::<_, AcquireError>(())
            });
            sleep(secs(1)).await;
            let waits = semaphore.clone();
            group.spawn("waits", async move {
                let _permit = waits.acquire().await?;
                Ok::<_, AcquireError>(())
            });
            sleep(secs(1)).await;
            let status = semaphore.status();
            assert_eq!((status.name.as_str(), status.taken, status.free), ("db", 3, 0));
            let holders: Vec<_> = status.holders.iter().map(|h| (h.path.to_string(), h.n)).collect();
            assert_eq!(holders, [("import/holds".to_owned(), 2), (String::new(), 1)]);
            let waiters: Vec<_> = status.waiters.iter().map(|w| (w.path.to_string(), w.n, w.offered)).collect();
            assert_eq!(waiters, [("import/waits".to_owned(), 1, false)]);
            Ok(())
        })
        .await
        .unwrap();
    drop(anonymous);
    assert!(semaphore.status().holders.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_always_finds_a_permit_lets_others_run() {
    let semaphore = Semaphore::new(1);
    let ran = Arc::new(AtomicUsize::new(0));
    let other = {
        let ran = Arc::clone(&ran);
        tokio::spawn(async move {
            ran.fetch_add(1, SeqCst);
        })
    };
    let greedy = tokio::spawn(async move {
        for _ in 0..1_000 {
            drop(semaphore.acquire().await.unwrap());
            if ran.load(SeqCst) > 0 {
                return true;
            }
        }
        false
    });
    assert!(greedy.await.unwrap());
    other.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_waiter_whose_task_has_used_up_its_budget_is_woken_all_the_same() {
    // Whatever is left of the budget when it enters the line.
    for used in 100..=140 {
        let semaphore = Semaphore::new(1);
        let held = semaphore.acquire_owned().await.unwrap();
        let waits = semaphore.clone();
        let group = TaskGroup::new("g").run(async |group| {
            group.spawn("waits", async move {
                for _ in 0..used {
                    tokio::task::coop::consume_budget().await;
                }
                waits.acquire().await.map(drop)
            });
            yield_now().await;
            drop(held);
            Ok(())
        });
        tokio::time::timeout(secs(60), group).await.expect("it is woken").unwrap();
        assert_eq!(semaphore.free(), 1);
    }
}

#[test]
fn outside_of_any_runtime_it_waits_too() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut waiting = Box::pin(semaphore.acquire());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    drop(held);
    assert!(waiting.as_mut().poll(&mut cx).is_ready());
    drop(waiting);
    assert!(semaphore.try_acquire().is_ok());
}
