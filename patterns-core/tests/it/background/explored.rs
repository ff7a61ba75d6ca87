//! The background under every interruption of whoever uses it.
use std::io;

use patterns_core::background::Background;
use patterns_core::testing::explore_cancellation;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::{limited, nothing};
use crate::support::{Log, ms};

async fn task(log: Log) -> Result<(), io::Error> {
    sleep(ms(5)).await;
    log.add("ran");
    Ok(())
}

#[test]
fn whoever_spawns_and_is_interrupted_loses_no_place() {
    let explored = explore_cancellation(
        async || (limited(1), Log::default()),
        async |(background, log): (Background, Log)| {
            for _ in 0..3 {
                if background.spawn("t", task(log.clone())).await.is_err() {
                    return;
                }
                yield_now().await;
            }
        },
        async |(background, log)| {
            while background.status().live > 0 {
                sleep(ms(1)).await;
            }
            let status = background.status();
            assert_eq!((status.ok, status.accounted_for()), (status.spawned, status.spawned), "{status:?}");
            assert_eq!(log.all().len() as u64, status.ok);
            background.try_spawn("t", task(log.clone())).expect("the place is free");
            assert!(background.try_spawn("t", nothing()).unwrap_err().is_full(), "there is only one");
        },
    );
    assert!(explored.polls > 3, "{explored:?}");
}

#[test]
fn whoever_stops_it_and_is_interrupted_loses_no_task() {
    explore_cancellation(
        async || (limited(2), Log::default()),
        async |(background, log): (Background, Log)| {
            for _ in 0..3 {
                if background.spawn("t", task(log.clone())).await.is_err() {
                    return;
                }
            }
            let _ = background.drain().await;
            yield_now().await;
            let _ = background.shutdown(ms(10)).await;
        },
        async |(background, log)| {
            background.drain().await.expect("nobody cancels the check");
            let status = background.status();
            assert_eq!((status.live, status.accounted_for()), (0, status.spawned), "{status:?}");
            assert_eq!(status.ok + status.cancelled, status.spawned, "{status:?}");
            assert_eq!(log.all().len() as u64, status.ok);
        },
    );
}

#[test]
fn a_handle_that_is_dropped_on_the_way_leaves_nothing_running() {
    explore_cancellation(
        async || Log::default(),
        async |log: Log| {
            // Made within the scenario, so that its reaper is the one that is drained before the check.
            let background = limited(1);
            for _ in 0..2 {
                let guard = log.on_drop("end");
                let begun = log.clone();
                let work = async move {
                    let _guard = guard;
                    begun.add("begin");
                    sleep(ms(5)).await;
                    Ok::<_, io::Error>(())
                };
                if background.spawn("t", work).await.is_err() {
                    return;
                }
                yield_now().await;
            }
        },
        async |log| {
            let count = |what: &str| log.all().iter().filter(|have| *have == what).count();
            assert!(count("end") >= count("begin"), "{:?}", log.all());
        },
    );
}
