mod explored;
mod laws;
mod rounds;
mod stop;

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use patterns_core::background::{Background, BuildError, SpawnError, Status};
use patterns_core::cancel::CancelToken;
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::outcome::{FailureKind, Panic, TaskFailed};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Log, ms, polled, secs};

/// Works for a while, and says when it is done.
async fn works(log: Log, name: &'static str, delay: Duration) -> Result<(), io::Error> {
    sleep(delay).await;
    log.add(name);
    Ok(())
}

async fn nothing() -> Result<(), io::Error> {
    Ok(())
}

/// Works until it is asked to stop, then cleans up for a while.
async fn works_until_asked(log: Log, name: &'static str, cleanup: Duration) -> Result<(), Interrupt> {
    let interrupt = context::sleep(secs(3600)).await.unwrap_err();
    log.add(format!("{name} asked"));
    sleep(cleanup).await;
    log.add(format!("{name} cleaned"));
    Err(interrupt)
}

/// What a background told its sink.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<TaskFailed>>>);

impl Failures {
    fn sink(&self) -> impl Fn(&TaskFailed) + Send + Sync + use<> {
        let failures = Arc::clone(&self.0);
        move |failed: &TaskFailed| failures.lock().unwrap().push(failed.clone())
    }

    fn all(&self) -> Vec<TaskFailed> {
        self.0.lock().unwrap().clone()
    }
}

fn limited(limit: usize) -> Background {
    Background::builder("b").limit(limit).on_error(|_| {}).build().unwrap()
}

/// Ok, failed, panicked, cancelled and live; asserts that it is all that was spawned.
fn numbers(status: Status) -> [u64; 5] {
    assert_eq!(status.accounted_for(), status.spawned, "{status:?}");
    [status.ok, status.failed, status.panicked, status.cancelled, status.live as u64]
}

#[tokio::test(start_paused = true)]
async fn errors_and_panics_reach_the_sink_with_path_place_duration_and_text() {
    let failures = Failures::default();
    let background = Background::builder("audit").on_error(failures.sink()).build().unwrap();
    let mut line = 0;
    let request = Context::current().named("request-7").scope(async {
        line = line!() + 1;
        let write = background.spawn("write", async {
            sleep(secs(1)).await;
            Err::<(), _>(io::Error::other("disk is full"))
        });
        write.await.unwrap();
        let mail = background.try_spawn("mail", async {
            sleep(secs(2)).await;
            if true {
                panic!("no address {}", 7);
            }
            Ok::<_, io::Error>(())
        });
        mail.unwrap();
    });
    request.await;
    background.spawn("fine", nothing()).await.unwrap();
    background.drain().await.unwrap();

    let failures = failures.all();
    assert_eq!(failures.len(), 2);
    assert_eq!(failures[0].to_string(), "request-7/write: disk is full");
    assert_eq!((failures[0].kind(), failures[0].ran_for()), (FailureKind::Error, secs(1)));
    assert_eq!((failures[0].place().file(), failures[0].place().line()), (file!(), line));
    assert!(failures[0].is::<io::Error>());
    assert_eq!((failures[1].kind(), failures[1].ran_for()), (FailureKind::Panicked, secs(2)));
    let panic = failures[1].downcast_ref::<Panic>().unwrap();
    assert_eq!(panic.message(), "no address 7");
    assert!(panic.place().unwrap().contains("background.rs"));
    assert_eq!(numbers(background.status()), [1, 1, 1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_peer_loses_the_panic_of_a_task_that_nobody_awaits() {
    // What the same two lines do with tokio 1.54: nobody hears of it.
    drop(tokio::spawn(async { panic!("lost") }));
    yield_now().await;

    let failures = Failures::default();
    let background = Background::builder("b").on_error(failures.sink()).build().unwrap();
    drop(background.try_spawn("t", async { if true { panic!("heard") } else { Ok::<_, io::Error>(()) } }));
    background.drain().await.unwrap();
    assert_eq!(failures.all()[0].panic().unwrap().message(), "heard");
}

#[tokio::test(start_paused = true)]
async fn never_more_than_the_limit_are_live_and_a_spawn_waits_for_a_place() {
    let (background, start) = (limited(2), Instant::now());
    let mut spawned_at = Vec::new();
    for _ in 0..5 {
        background.spawn("t", works(Log::default(), "t", secs(1))).await.unwrap();
        spawned_at.push(start.elapsed());
        assert!(background.status().live <= 2);
    }
    assert_eq!(spawned_at, [0, 0, 1, 1, 2].map(secs));
    assert_eq!((background.status().limit, background.status().spawned), (2, 5));
}

#[tokio::test(start_paused = true)]
async fn a_full_background_gives_the_future_back() {
    let (background, log) = (limited(1), Log::default());
    background.try_spawn("first", works(log.clone(), "first", secs(1))).unwrap();
    let error = background.try_spawn("second", works(log.clone(), "second", secs(5))).unwrap_err();
    assert!(error.is_full() && !error.is_closed() && !error.is_interrupted());
    assert_eq!(format!("{error} {error:?}"), "the background is full Full(..)");
    error.into_inner().await.unwrap();
    assert_eq!(log.all(), ["first", "second"]);
    background.try_spawn("third", nothing()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_a_place_in_turn() {
    let (background, log) = (limited(1), Log::default());
    background.spawn("holder", works(log.clone(), "holder", secs(1))).await.unwrap();
    for name in ["a", "b", "c"] {
        let (background, log) = (background.clone(), log.clone());
        tokio::spawn(async move { background.spawn(name, works(log, name, secs(1))).await.unwrap() });
        yield_now().await;
    }
    assert!(background.try_spawn("late", nothing()).unwrap_err().is_full());
    sleep(secs(10)).await;
    assert_eq!(log.all(), ["holder", "a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_that_is_cancelled_gives_the_future_back() {
    let (background, token, log) = (limited(1), CancelToken::new(), Log::default());
    background.spawn("holder", works(log.clone(), "holder", secs(9))).await.unwrap();
    let context = Context::current().with_token(token.child());
    let waiting = context.scope(background.spawn("waits", works(log.clone(), "waits", secs(1))));
    let cancel = async {
        sleep(secs(1)).await;
        token.cancel("the client is gone");
    };
    let (error, ()) = tokio::join!(waiting, cancel);
    let error = error.unwrap_err();
    assert!(error.is_interrupted());
    let source = std::error::Error::source(&error).unwrap().downcast_ref::<Interrupt>().unwrap();
    assert_eq!(source.cause().unwrap().message(), "the client is gone");
    error.into_inner().await.unwrap();
    assert_eq!(log.all(), ["waits"], "run by the caller, at last");

    // A place that is there is taken all the same: what has to be written about a request outlives it.
    let background = limited(1);
    context.scope(background.spawn("audit", works(log.clone(), "audit", secs(1)))).await.unwrap();
    background.drain().await.unwrap();
    assert!(log.has("audit"));

    let context = Context::current().with_deadline(Instant::now() + secs(1));
    let background = limited(1);
    background.spawn("holder", works(log.clone(), "holder", secs(9))).await.unwrap();
    let error = context.scope(background.spawn("waits", nothing())).await.unwrap_err();
    let SpawnError::Interrupted(_, interrupt) = error else { panic!("interrupted") };
    assert!(interrupt.is_deadline());
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_that_is_dropped_leaves_the_line() {
    let (background, log) = (limited(1), Log::default());
    background.spawn("holder", works(log.clone(), "holder", secs(1))).await.unwrap();
    let guard = log.on_drop("dropped unrun");
    let gone = background.spawn("gone", async move {
        let _guard = guard;
        nothing().await
    });
    assert!(polled(1, gone).await.is_none());
    assert!(log.has("dropped unrun"));
    background.spawn("next", works(log.clone(), "next", secs(1))).await.unwrap();
    background.drain().await.unwrap();
    assert_eq!(log.all(), ["dropped unrun", "holder", "next"]);
    assert_eq!(numbers(background.status()), [2, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_not_polled_keeps_no_place_from_others() {
    let (background, log) = (limited(1), Log::default());
    background.spawn("holder", works(log.clone(), "holder", secs(1))).await.unwrap();
    let mut first = pin!(background.spawn("first", works(log.clone(), "first", secs(1))));
    assert!(polled(1, first.as_mut()).await.is_none());
    sleep(secs(2)).await;
    // The place was offered to the first, which nobody polls.
    let second = background.spawn("second", works(log.clone(), "second", secs(1)));
    timeout(secs(1), second).await.expect("no futurelock").unwrap();
    first.await.unwrap();
    background.drain().await.unwrap();
    assert_eq!(log.all(), ["holder", "second", "first"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_inherits_the_path_but_neither_deadline_nor_token() {
    let (background, token, log) = (Background::new("audit"), CancelToken::new(), Log::default());
    let request = Context::current().named("request-7").with_token(token.clone());
    let request = request.with_deadline(Instant::now() + secs(1));
    let seen = log.clone();
    let write = async move {
        seen.add(format!("{} {:?}", Context::current().path(), context::remaining()));
        context::sleep(secs(5)).await?;
        seen.add("written");
        Ok::<_, Interrupt>(())
    };
    request.scope(async { background.spawn("write", write).await.unwrap() }).await;
    token.cancel("the client is gone");
    background.drain().await.unwrap();
    assert_eq!(log.all(), ["request-7/write None", "written"]);
}

#[tokio::test(start_paused = true)]
async fn a_closed_background_gives_futures_back_also_those_that_wait() {
    let (background, log) = (limited(1), Log::default());
    background.spawn("holder", works(log.clone(), "holder", secs(1))).await.unwrap();
    let waiting = background.spawn("waits", works(log.clone(), "waits", secs(2)));
    let close = async {
        yield_now().await;
        background.close();
    };
    let (error, ()) = tokio::join!(waiting, close);
    let error = error.unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "the background is closed");
    error.into_inner().await.unwrap();
    assert!(background.try_spawn("late", nothing()).unwrap_err().is_closed());
    assert!(background.every(secs(1), "late", nothing).unwrap_err().is_closed());
    assert!(background.status().closed);
    // What was in has gone on.
    background.drain().await.unwrap();
    assert_eq!(log.all(), ["holder", "waits"]);
    assert_eq!(numbers(background.status()), [1, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn one_task_can_be_asked_to_stop_alone() {
    let (background, log) = (Background::new("b"), Log::default());
    let one = background.try_spawn("one", works_until_asked(log.clone(), "one", secs(1))).unwrap();
    background.try_spawn("other", works(log.clone(), "other", secs(9))).unwrap();
    sleep(secs(1)).await;
    assert!(one.cancel("not needed"));
    background.drain().await.unwrap();
    assert_eq!(log.all(), ["one asked", "one cleaned", "other"]);
    assert_eq!(numbers(background.status()), [1, 0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_panics_harms_nobody() {
    let background = Background::builder("b").on_error(|_| panic!("bad sink")).build().unwrap();
    background.try_spawn("a", async { Err::<(), _>("no") }).unwrap();
    background.try_spawn("b", works(Log::default(), "b", secs(1))).unwrap();
    background.drain().await.unwrap();
    assert_eq!(numbers(background.status()), [1, 1, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_destructor_is_the_tasks_own() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }
    let failures = Failures::default();
    let background = Background::builder("b").on_error(failures.sink()).build().unwrap();
    background.try_spawn("value", async { Ok::<_, io::Error>(Bad) }).unwrap();
    let held = Bad;
    background
        .try_spawn("aborted", async move {
            let _held = held;
            std::future::pending::<Result<(), io::Error>>().await
        })
        .unwrap();
    yield_now().await;
    let receipt = background.shutdown(secs(1)).await;
    assert_eq!(numbers(receipt.status), [0, 0, 2, 0, 0]);
    let panics: Vec<_> = failures.all().iter().map(|failed| failed.path().name().to_owned()).collect();
    assert_eq!(panics, ["value", "aborted"]);
}

#[tokio::test(start_paused = true)]
async fn misuse_is_refused() {
    assert_eq!(Background::builder("b").limit(0).build().unwrap_err(), BuildError::ZeroLimit);
    assert_eq!(BuildError::ZeroLimit.to_string(), "a background's limit must be at least 1");
    let background = Background::new("b");
    let panic = patterns_core::outcome::catch_panic(|| background.every(ms(0), "loop", nothing)).unwrap_err();
    assert!(panic.message().contains("period of zero"), "{panic}");
    assert_eq!(numbers(background.status()), [0; 5]);
    assert!(format!("{background:?}").starts_with("Background { name: \"b\", status: Status { spawned: 0"));
}
