//! What becomes of the attempts that nobody waits for any more.
use std::io;

use patterns_core::hedge::Hedge;
use patterns_core::reaper::Reaper;
use patterns_core::task_group::TaskGroup;
use tokio::time::{Instant, sleep};

use super::{slow_first, works};
use crate::support::{Log, ms, secs};

#[tokio::test(start_paused = true)]
async fn the_loser_is_asked_to_stop_and_the_root_waits_for_its_cleanup() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let answer = Hedge::after(ms(50)).run(|number| works(log.clone(), number, slow_first(number))).await;
        assert_eq!(answer.unwrap(), 2);
        assert_eq!(start.elapsed(), ms(60), "the answer does not wait for that");
        assert_eq!(root.live()[0].path.to_string(), "hedge");
    })
    .await;
    assert_eq!(log.all(), ["1 begun", "2 begun", "2 done", "1 cleaned up: the call has its answer"]);
    assert_eq!(start.elapsed(), ms(1_060));
}

#[tokio::test(start_paused = true)]
async fn an_enclosing_group_waits_for_the_losers_too() {
    let log = Log::default();
    let result = TaskGroup::new("app").run(async |_| {
        let answer = Hedge::after(ms(50)).run(|number| works(log.clone(), number, slow_first(number))).await;
        Ok(answer?)
    });
    assert_eq!(result.await.unwrap(), 2);
    assert!(log.has("1 cleaned up: the call has its answer"));
}

#[tokio::test(start_paused = true)]
async fn a_loser_that_does_not_stop_is_aborted_after_the_grace() {
    let (root, log, start) = (Reaper::new(), Log::default(), Instant::now());
    root.run(async {
        let hedge = Hedge::after(ms(50)).grace(secs(2));
        let answer = hedge.run(|number| {
            let guard = log.on_drop(format!("{number} dropped"));
            async move {
                let _guard = guard;
                sleep(slow_first(number)).await;
                Ok::<_, io::Error>(number)
            }
        });
        assert_eq!(answer.await.unwrap(), 2);
    })
    .await;
    assert!(log.has("1 dropped"));
    assert_eq!(start.elapsed(), ms(2_060));
}

#[tokio::test(start_paused = true)]
async fn attempts_of_a_dropped_call_are_asked_to_stop_and_awaited() {
    let (root, log) = (Reaper::new(), Log::default());
    let hedge = Hedge::after(ms(50));
    root.run(async {
        let call = hedge.run(|number| works(log.clone(), number, secs(60)));
        assert!(tokio::time::timeout(ms(100), call).await.is_err());
    })
    .await;
    assert_eq!(hedge.status().hedges, 1);
    assert!(log.has("1 cleaned up: its group was dropped unfinished"), "{:?}", log.all());
    assert!(log.has("2 cleaned up: its group was dropped unfinished"), "{:?}", log.all());
}

#[tokio::test(start_paused = true)]
async fn borrowing_attempts_need_no_task_and_losers_are_dropped() {
    let (hedge, log, start) = (Hedge::after(ms(50)), Log::default(), Instant::now());
    let names = ["a".to_owned(), "b".to_owned()];
    let call = hedge.run_borrowing(async |number| {
        let name = &names[number as usize - 1];
        let _guard = log.on_drop(format!("{name} dropped"));
        sleep(slow_first(number)).await;
        Ok::<_, io::Error>(name)
    });
    assert_eq!(call.await.unwrap(), "b");
    assert_eq!(start.elapsed(), ms(60));
    assert_eq!(log.all(), ["b dropped", "a dropped"]);
}
