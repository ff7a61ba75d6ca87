//! `shutdown`: signals from a test, on a paused clock. Those of the system are in the integration tests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::io;

use patterns_core::cancel::{CancelCause, CancelKind, CancelToken, shield};
use patterns_core::context::{self, Context};
use patterns_core::outcome::catch_panics;
use patterns_core::queue::{self, WorkQueue};
use patterns_core::reaper::Reaper;
use patterns_core::shutdown::{Shutdown, Signal};
use patterns_core::task_group::TaskGroup;
use patterns_core::testing::explore_cancellation;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::support::{Log, is_busy_for, ms, polled, secs};

/// A shutdown, and the signals to ask for it.
fn signals() -> (mpsc::Sender<Signal>, Shutdown) {
    let (sender, mut signals) = mpsc::channel(8);
    (sender, Shutdown::from_signals(futures_util::stream::poll_fn(move |cx| signals.poll_recv(cx))))
}

/// One that gets these signals at these seconds.
fn at<const N: usize>(signals: [(u64, Signal); N]) -> Shutdown {
    let start = Instant::now();
    Shutdown::from_signals(futures_util::stream::unfold(signals.into_iter(), move |mut left| async move {
        let (second, signal) = left.next()?;
        tokio::time::sleep_until(start + secs(second)).await;
        Some((signal, left))
    }))
}

fn by_hand(why: &'static str) -> CancelCause {
    CancelCause::new(CancelKind::Shutdown, why)
}

fn paths(stragglers: &[patterns_core::reaper::Straggler]) -> Vec<String> {
    stragglers.iter().map(|straggler| straggler.path.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_signal_cancels_the_token_and_says_which_it_was() {
    for (signal, message) in [(Signal::Interrupt, "got SIGINT"), (Signal::Terminate, "got SIGTERM")] {
        let (sender, shutdown) = signals();
        let child = shutdown.token().child();
        yield_now().await;
        assert!(!shutdown.is_requested() && shutdown.signal().is_none());
        sender.send(signal).await.unwrap();
        let cause = shutdown.requested().await;
        assert_eq!((cause.kind(), cause.message()), (CancelKind::Shutdown, message));
        assert!(shutdown.is_requested() && child.is_cancelled() && !shutdown.is_forced());
        assert_eq!(shutdown.signal(), Some(signal));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_forces() {
    let (shutdown, start) = (at([(1, Signal::Interrupt), (3, Signal::Terminate)]), Instant::now());
    shutdown.requested().await;
    assert_eq!(start.elapsed(), secs(1));
    let cause = shutdown.forced().await;
    assert_eq!((start.elapsed(), cause.message()), (secs(3), "got SIGTERM after SIGINT"));
    assert_eq!(shutdown.signal(), Some(Signal::Interrupt));
}

#[tokio::test(start_paused = true)]
async fn an_echo_of_the_first_signal_does_not_force() {
    let (sender, shutdown) = signals();
    sender.send(Signal::Interrupt).await.unwrap();
    shutdown.requested().await;
    for _ in 0..2 {
        sleep(ms(100)).await;
        sender.send(Signal::Interrupt).await.unwrap();
        yield_now().await;
        assert!(!shutdown.is_forced());
    }
    sleep(ms(101)).await;
    sender.send(Signal::Interrupt).await.unwrap();
    yield_now().await;
    assert!(shutdown.is_forced());
}

#[tokio::test(start_paused = true)]
async fn a_signal_after_a_trigger_by_hand_is_the_first_one() {
    let (sender, shutdown) = signals();
    assert!(shutdown.trigger(by_hand("replaced")));
    assert!(!shutdown.trigger(by_hand("again")));
    sleep(secs(1)).await;
    sender.send(Signal::Terminate).await.unwrap();
    yield_now().await;
    assert!(!shutdown.is_forced());
    assert_eq!((shutdown.requested().await.message(), shutdown.signal()), ("replaced", Some(Signal::Terminate)));
    sleep(secs(1)).await;
    sender.send(Signal::Terminate).await.unwrap();
    yield_now().await;
    assert!(shutdown.is_forced());
}

#[tokio::test(start_paused = true)]
async fn forcing_by_hand_asks_too() {
    let shutdown = Shutdown::new();
    assert!(shutdown.force(by_hand("no time")) && !shutdown.force(by_hand("again")));
    assert_eq!(shutdown.requested().await.message(), "no time");
    assert_eq!(shutdown.forced().await.message(), "no time");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_signals_means_nothing() {
    let (sender, shutdown) = signals();
    drop(sender);
    sleep(secs(1)).await;
    assert!(!shutdown.is_requested());
    assert!(shutdown.trigger(by_hand("done")));
}

#[tokio::test(start_paused = true)]
async fn the_last_clone_takes_its_listener_along() {
    let before = Handle::current().metrics().num_alive_tasks();
    let (_sender, shutdown) = signals();
    let clone = shutdown.clone();
    drop(shutdown);
    yield_now().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), before + 1);
    drop(clone);
    yield_now().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), before);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_ends_by_itself_is_complete_once_its_leftovers_are() {
    let (log, shutdown, start) = (Log::default(), Shutdown::new(), Instant::now());
    let run = shutdown.run(secs(60), async {
        let log = log.clone();
        Context::current().reaper().spawn("flush", async move {
            sleep(secs(2)).await;
            log.add("flushed");
        });
        7
    });
    let report = run.await;
    assert_eq!((report.value, start.elapsed(), report.took), (Some(7), secs(2), secs(2)));
    assert!(report.cause.is_none() && report.is_complete() && log.has("flushed"));
    assert_eq!(report.exit_code(), 0);
    assert_eq!(report.to_string(), "ended by itself; complete after 2s");
}

#[tokio::test(start_paused = true)]
async fn sigterm_with_work_in_flight_finishes_or_hands_back_every_item() {
    let (shutdown, start) = (at([(4, Signal::Terminate)]), Instant::now());
    let queue = WorkQueue::bounded(100);
    for n in 0..100 {
        queue.put(n).await.unwrap();
    }
    let run = shutdown.run(secs(30), async {
        let worker = async || {
            while let Ok(job) = queue.get().await {
                sleep(ms(1_500)).await;
                job.ack();
            }
        };
        let stop = async {
            context::sleep(secs(3600)).await.unwrap_err();
            let queue = queue.clone();
            shield(secs(10), async move { queue.shutdown(queue::Shutdown::Now).await }).await.unwrap()
        };
        let ((), (), (), receipt) = tokio::join!(worker(), worker(), worker(), stop);
        receipt
    });
    let report = run.await;
    assert_eq!(start.elapsed(), ms(4_500), "what was in flight at 4 s");
    assert!(report.is_complete());
    assert_eq!((report.exit_code(), report.signal), (0, Some(Signal::Terminate)));
    let receipt = report.value.unwrap();
    // Three workers, two rounds each before 4 s, one in flight.
    assert_eq!((receipt.acked, receipt.in_flight, receipt.handed_back.len()), (6, 3, 91));
    assert_eq!(receipt.handed_back, (9..100).collect::<Vec<_>>());
    let stats = queue.stats();
    assert_eq!((stats.acked, stats.accounted_for()), (9, stats.put));
}

/// Runs a group whose child and body look away when they are asked to stop.
async fn deaf() -> Result<(), io::Error> {
    let group = TaskGroup::new("import").grace(secs(600)).run(async |group| {
        group.spawn("page", std::future::pending::<Result<(), io::Error>>());
        std::future::pending().await
    });
    group.await.map_err(io::Error::other)
}

#[tokio::test(start_paused = true)]
async fn what_is_left_when_the_grace_is_over_is_named() {
    let start = Instant::now();
    let report = at([(1, Signal::Terminate)]).run(secs(5), deaf()).await;
    assert_eq!((start.elapsed(), report.took), (secs(6), secs(5)));
    assert!(report.value.is_none() && !report.forced && !report.is_complete());
    assert_eq!(paths(&report.stragglers), ["main", "import"]);
    assert_eq!(report.stragglers[0].age, secs(6));
    assert_eq!(report.exit_code(), 143);
    let text = report.to_string();
    let expected = "cancelled: shutting down: got SIGTERM; out of time after 5s; left behind: main (for 6s), import (";
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_ends_the_wait_at_once() {
    let start = Instant::now();
    let report = at([(1, Signal::Interrupt), (3, Signal::Interrupt)]).run(secs(600), deaf()).await;
    assert_eq!((start.elapsed(), report.took), (secs(3), secs(2)));
    assert!(report.forced && report.value.is_none());
    assert_eq!(report.exit_code(), 130);
    assert!(report.to_string().contains("; forced after 2s; left behind: main (for 3s), import ("), "{report}");
}

#[tokio::test(start_paused = true)]
async fn leftovers_of_a_main_that_has_returned_are_limited_and_named_too() {
    let (shutdown, start) = (Shutdown::new(), Instant::now());
    let run = shutdown.run(secs(5), async {
        Context::current().reaper().spawn("stuck", std::future::pending::<()>());
        "returned"
    });
    let report = run.await;
    assert_eq!((start.elapsed(), report.value), (secs(5), Some("returned")));
    assert_eq!(paths(&report.stragglers), ["stuck"]);
    assert_eq!(report.exit_code(), 1, "there was no signal");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_goes_on_under_the_reaper_of_whoever_called() {
    let (log, outer, shutdown) = (Log::default(), Reaper::new(), Shutdown::new());
    let run = shutdown.run(secs(1), async {
        let log = log.clone();
        Context::current().reaper().spawn("flush", async move {
            sleep(secs(10)).await;
            log.add("flushed");
        });
    });
    let report = Context::root(outer.clone()).named("app").scope(run).await;
    assert_eq!(paths(&report.stragglers), ["app/flush"]);
    assert_eq!(paths(&outer.live()), ["app/shutdown"]);
    assert!(!log.has("flushed"));
    outer.drained().await;
    assert!(log.has("flushed"));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_hands_its_leftovers_over() {
    let (log, outer, shutdown) = (Log::default(), Reaper::new(), Shutdown::new());
    let run = shutdown.run(secs(60), async {
        let log = log.clone();
        Context::current().reaper().spawn("flush", async move {
            sleep(secs(10)).await;
            log.add("flushed");
        });
        std::future::pending::<()>().await;
    });
    assert!(polled(1, Context::root(outer.clone()).scope(run)).await.is_none());
    outer.drained().await;
    assert!(log.has("flushed"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_main_goes_on_once_the_rest_has_ended() {
    let (log, shutdown, start) = (Log::default(), Shutdown::new(), Instant::now());
    let run = shutdown.run(secs(60), async {
        let inside = log.clone();
        Context::current().reaper().spawn("flush", async move {
            sleep(secs(2)).await;
            inside.add("flushed");
        });
        assert!(log.has("begun"), "main is broken");
    });
    let panic = catch_panics(run).await.unwrap_err();
    assert_eq!((panic.message(), start.elapsed()), ("main is broken", secs(2)));
    assert!(panic.place().unwrap().contains("shutdown.rs"));
    assert!(log.has("flushed"));
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_from_around_asks_too() {
    let (token, shutdown) = (CancelToken::new(), Shutdown::new());
    let around = Context::current().with_token(token.clone());
    let run = shutdown.run(secs(5), async { context::sleep(secs(60)).await.unwrap_err().cause().cloned() });
    let (report, ()) = tokio::join!(around.scope(run), async {
        sleep(secs(1)).await;
        token.cancel("the whole is over");
    });
    assert_eq!(report.value.unwrap().unwrap().message(), "the whole is over");
    assert_eq!((report.cause.unwrap().message(), report.took), ("the whole is over", secs(0)));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_came_before_the_run_counts() {
    let shutdown = Shutdown::new();
    shutdown.trigger(by_hand("already"));
    let report = shutdown.run(secs(5), async { context::sleep(secs(60)).await.is_err() }).await;
    assert_eq!((report.value, report.took), (Some(true), secs(0)));
}

#[test]
fn cleanup_finishes_however_the_run_is_interrupted() {
    explore_cancellation(
        async || (Log::default(), Shutdown::new()),
        async |(log, shutdown): (Log, Shutdown)| {
            let group = async {
                TaskGroup::new("work")
                    .run(async |group| {
                        group.spawn("child", async move {
                            log.add("began");
                            let worked = context::sleep(secs(60)).await;
                            sleep(secs(1)).await;
                            log.add("cleaned");
                            worked
                        });
                        Ok(())
                    })
                    .await
            };
            let ask = async {
                yield_now().await;
                yield_now().await;
                shutdown.trigger(by_hand("enough"));
            };
            let (report, ()) = tokio::join!(shutdown.run(secs(10), group), ask);
            assert!(report.is_complete(), "{report}");
        },
        async |(log, _): &(Log, Shutdown)| {
            assert_eq!(log.has("began"), log.has("cleaned"), "{:?}", log.all());
        },
    );
}

#[tokio::test(start_paused = true)]
async fn a_main_that_never_runs_out_of_work_is_dropped_when_the_grace_is_over() {
    let shutdown = Shutdown::new();
    shutdown.trigger(by_hand("enough"));
    let report = tokio::spawn(async move { shutdown.run(secs(1), is_busy_for(secs(9))).await }).await.unwrap();
    assert!(report.value.is_none());
    assert_eq!(paths(&report.stragglers), ["main"]);
}

#[tokio::test(start_paused = true)]
async fn an_echo_is_one_also_where_the_thread_was_held_up_meanwhile() {
    let (sender, shutdown) = signals();
    sender.send(Signal::Terminate).await.unwrap();
    yield_now().await;
    assert!(shutdown.signal().is_some());
    // Both are there when the listener looks again: the echo, and the end of the time for one.
    sender.send(Signal::Terminate).await.unwrap();
    tokio::time::advance(ms(400)).await;
    yield_now().await;
    assert!(polled(1, shutdown.forced()).await.is_none());
    sender.send(Signal::Terminate).await.unwrap();
    sleep(ms(1)).await;
    assert!(polled(1, shutdown.forced()).await.is_some(), "that one is meant");
}
