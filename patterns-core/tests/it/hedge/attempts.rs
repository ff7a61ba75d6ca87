//! When another attempt starts, and what keeps it from that.
use std::cell::Cell;
use std::io;

use patterns_core::cancel::timeout;
use patterns_core::context::{self, Context};
use patterns_core::hedge::Hedge;
use patterns_core::retry::RetryBudget;
use tokio::time::{Instant, sleep};

use crate::support::{Log, is_busy_for, ms, secs};

#[tokio::test(start_paused = true)]
async fn a_call_that_answers_in_time_is_not_hedged() {
    let (hedge, calls, start) = (Hedge::after(ms(50)), Cell::new(0), Instant::now());
    let answer = hedge.run(|number| {
        calls.set(calls.get() + 1);
        async move {
            sleep(ms(10)).await;
            Ok::<_, io::Error>(number)
        }
    });
    assert_eq!(answer.await.unwrap(), 1);
    assert_eq!((calls.get(), start.elapsed()), (1, ms(10)));
    assert_eq!((hedge.status().calls, hedge.status().hedges), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn each_further_attempt_starts_a_delay_after_the_last_up_to_the_limit() {
    let hedge = Hedge::after(ms(50)).max_attempts(3);
    let start = Instant::now();
    let started = Log::default();
    let answer = hedge.run(|number| {
        started.add(format!("{number} at {:?}", start.elapsed()));
        async move {
            sleep(if number == 3 { ms(300) } else { secs(60) }).await;
            Ok::<_, io::Error>(number)
        }
    });
    assert_eq!(answer.await.unwrap(), 3);
    assert_eq!(started.all(), ["1 at 0ns", "2 at 50ms", "3 at 100ms"]);
    assert_eq!(start.elapsed(), ms(400));
    let status = hedge.status();
    assert_eq!((status.calls, status.hedges, status.hedge_wins), (1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_may_still_win() {
    let hedge = Hedge::after(ms(50));
    let answer = hedge.run(|number| async move {
        sleep(ms(if number == 1 { 70 } else { 500 })).await;
        Ok::<_, io::Error>(number)
    });
    assert_eq!(answer.await.unwrap(), 1);
    assert_eq!((hedge.status().hedges, hedge.status().hedge_wins), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_runs_under_a_name_of_its_own() {
    let (hedge, log) = (Hedge::after(ms(50)), Log::default());
    let call = hedge.run(|number| {
        let log = log.clone();
        async move {
            log.add(Context::current().path().to_string());
            sleep(ms(100)).await;
            Ok::<_, io::Error>(number)
        }
    });
    assert_eq!(Context::current().named("app").scope(call).await.unwrap(), 1);
    assert_eq!(log.all(), ["app/hedge/attempt-1", "app/hedge/attempt-2"]);
}

#[tokio::test(start_paused = true)]
async fn hedges_take_tokens_of_the_budget_and_successes_give_some_back() {
    let budget = RetryBudget::new(1);
    let hedge = Hedge::after(ms(50)).budget(budget.clone());
    let call = || {
        hedge.run(|number| async move {
            sleep(ms(if number == 1 { 200 } else { 10 })).await;
            Ok::<_, io::Error>(number)
        })
    };
    assert_eq!(call().await.unwrap(), 2);
    assert_eq!(budget.available(), 0.1);
    let start = Instant::now();
    assert_eq!(call().await.unwrap(), 1, "no token, no hedge");
    assert_eq!(start.elapsed(), ms(200));
    assert_eq!((hedge.status().hedges, hedge.status().refused, budget.available()), (1, 1, 0.2));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_at_the_deadline() {
    let hedge = Hedge::after(ms(50));
    let call = hedge.run(|number| async move { context::sleep(secs(60)).await.map(|()| number) });
    assert!(timeout(ms(50), call).await.is_err());
    assert_eq!((hedge.status().calls, hedge.status().hedges), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_that_would_typically_come_too_late() {
    let hedge = Hedge::percentile(0.95, secs(1));
    for _ in 0..20 {
        let quick = hedge.run_borrowing(async |_| {
            sleep(ms(100)).await;
            Ok::<_, io::Error>(())
        });
        quick.await.unwrap();
    }
    assert_eq!((hedge.status().delay, hedge.status().hedges), (ms(100), 0));
    let slow = || hedge.run(|_| context::sleep(secs(60)));
    assert!(timeout(ms(200), slow()).await.is_err(), "as much is left as it typically takes");
    assert_eq!(hedge.status().hedges, 0);
    assert!(timeout(ms(201), slow()).await.is_err());
    assert_eq!(hedge.status().hedges, 1);
}

#[test]
#[should_panic(expected = "at least 1 attempt")]
fn no_attempts_at_all_are_refused() {
    let _ = Hedge::after(ms(50)).max_attempts(0);
}

#[test]
#[should_panic(expected = "between 0.001 and 0.999")]
fn a_percentile_given_in_percent_is_refused() {
    let _ = Hedge::percentile(95.0, ms(50));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_never_out_of_work_is_hedged_too() {
    let hedge = Hedge::after(secs(1));
    let won = tokio::spawn(async move {
        hedge
            .run_borrowing(async |number| {
                if number == 1 {
                    is_busy_for(secs(9)).await;
                }
                Ok::<_, io::Error>(number)
            })
            .await
    });
    assert_eq!(won.await.unwrap().unwrap(), 2);
}
