//! Every interruption at every poll of what has no file of its own for that: rate limiters, retries, the reaper,
//! timeouts and bounded spawns.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use patterns_core::cancel::timeout;
use patterns_core::context::{self, Context};
use patterns_core::rate_limit::{KeyedRateLimiter, Quota, RateLimiter};
use patterns_core::reaper::Reaper;
use patterns_core::retry::{Retry, RetryBudget};
use patterns_core::task_group::{BoxError, TaskGroup};
use patterns_core::testing::{Explorer, explore_cancellation};
use tokio::time::{Instant, sleep};

use crate::support::{Log, ms, secs};

/// A limiter, and what it admitted since when.
#[derive(Clone)]
struct Meter {
    limiter: RateLimiter,
    admitted: Arc<AtomicU32>,
    start: Instant,
}

impl Meter {
    async fn take(&self, units: u32) {
        for _ in 0..units {
            if self.limiter.acquire().await.is_err() {
                return;
            }
            self.admitted.fetch_add(1, SeqCst);
        }
    }

    /// What a bucket of three with a unit each minute holds now.
    fn expected(&self) -> u32 {
        let owed = u64::from(self.admitted.load(SeqCst)) * 60;
        u32::try_from((3 * 60 + self.start.elapsed().as_secs() - owed).min(3 * 60) / 60).unwrap()
    }
}

#[test]
fn an_acquire_that_is_interrupted_costs_no_unit_and_leaves_its_place() {
    let explored = explore_cancellation(
        async || Meter {
            limiter: RateLimiter::new(Quota::one_per(secs(60)).burst(3)),
            admitted: Arc::default(),
            start: Instant::now(),
        },
        async |meter: Meter| {
            tokio::join!(meter.take(3), meter.take(3));
        },
        async |meter| {
            let status = meter.limiter.status();
            assert_eq!((status.waiting, status.available), (0, meter.expected()));
            meter.limiter.acquire().await.unwrap();
        },
    );
    assert!(explored.polls >= 4 && explored.unreached == 0, "{explored:?}");
}

#[test]
fn a_key_whose_waiter_is_interrupted_is_forgotten_like_any_other() {
    explore_cancellation(
        async || KeyedRateLimiter::<u32>::new(Quota::one_per(secs(60))).max_keys(2).idle_time(secs(1)),
        async |keys: KeyedRateLimiter<u32>| {
            for key in [1, 2, 1, 2] {
                if keys.acquire(&key).await.is_err() {
                    return;
                }
            }
        },
        async |keys| {
            assert!([1, 2].iter().all(|key| keys.status(key).is_none_or(|status| status.waiting == 0)));
            sleep(secs(600)).await;
            // There is room for two others, so both are gone.
            keys.try_acquire(&3).unwrap();
            keys.try_acquire(&4).unwrap();
        },
    );
}

#[test]
fn a_retry_that_is_interrupted_spends_a_token_for_each_further_attempt_that_began_and_no_other() {
    let explored = explore_cancellation(
        async || (RetryBudget::new(10), Arc::new(AtomicU32::new(0))),
        async |(budget, calls): (RetryBudget, Arc<AtomicU32>)| {
            let retry = Retry::fixed(secs(1)).max_attempts(4).budget(budget);
            let run = retry.run(|| {
                calls.fetch_add(1, SeqCst);
                async {
                    context::sleep(secs(1)).await?;
                    Err::<(), BoxError>("down".into())
                }
            });
            run.await.unwrap_err();
        },
        async |(budget, calls)| {
            let retries = calls.load(SeqCst).saturating_sub(1);
            assert_eq!(budget.available(), f64::from(10 - retries));
        },
    );
    assert!(explored.polls >= 7, "{explored:?}");
}

#[test]
fn what_was_handed_over_to_a_reaper_is_finished_whoever_waits_for_it_is_interrupted() {
    explore_cancellation(
        async || (Reaper::new(), Log::default()),
        async |(reaper, log): (Reaper, Log)| {
            let main = async {
                let flushed = log.clone();
                log.add("begun");
                Context::current().reaper().spawn("flush", async move {
                    sleep(secs(1)).await;
                    flushed.add("flushed");
                });
                context::sleep(ms(500)).await.ok();
            };
            reaper.run(main).await;
            assert!(log.has("flushed"), "whoever comes this far has waited for it");
        },
        async |(reaper, log)| {
            reaper.drained().await;
            assert!(reaper.live().is_empty());
            assert_eq!(log.has("begun"), log.has("flushed"));
        },
    );
}

#[test]
fn work_under_a_limit_is_dropped_once_and_its_deadline_with_it_whatever_happens() {
    explore_cancellation(
        async || Log::default(),
        async |log: Log| {
            let guard = log.on_drop("dropped");
            let work = async {
                let _guard = guard;
                assert_eq!(context::remaining(), Some(secs(1)));
                sleep(secs(9)).await;
            };
            assert!(timeout(secs(1), work).await.is_err());
            assert!(context::remaining().is_none());
        },
        async |log| assert!(log.all().len() <= 1, "{:?}", log.all()),
    );
}

#[test]
fn a_place_in_a_group_is_free_again_whatever_happens_to_who_waits_for_it() {
    let explored = Explorer::new().no_task_left().run(
        async || Arc::new(AtomicU32::new(0)),
        async |alive: Arc<AtomicU32>| {
            let result = TaskGroup::new("g").limit(1).run(async |group| {
                for _ in 0..3 {
                    let alive = Arc::clone(&alive);
                    let child = async move {
                        assert_eq!(alive.fetch_add(1, SeqCst), 0, "one at a time");
                        let slept = context::sleep(ms(10)).await;
                        alive.fetch_sub(1, SeqCst);
                        slept
                    };
                    group.spawn_bounded("child", child).await?;
                }
                Ok(())
            });
            assert!(result.await.is_ok() || context::is_cancelled());
        },
        async |alive| assert_eq!(alive.load(SeqCst), 0),
    );
    assert!(explored.polls >= 3, "{explored:?}");
}
