//! Testing async code: time that moves when nothing else does, mocks, faults, and an interruption at every await.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

use parking_lot::Mutex;
use patterns_core::cancel::timeout;
use patterns_core::outcome::{BoxError, catch_panic};
use patterns_core::retry::Retry;
use patterns_core::testing::{
    AsyncMock, Fault, Faults, Reply, When, elapse, explore_cancellation,
    wait_idle,
};
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "testing",
    "An hour in no time, async functions that do as they are told, faults on purpose, and a cut at every await.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)))
.always_virtual();

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a mock: an error, then a page; then it hangs");
    // ANCHOR: mock
    let fetch = AsyncMock::new("fetch")
        .returns(Err("connection reset"))
        .returns(Ok("<html>"))
        .then(Reply::pending())
        .latency(ms(50));
    let retry = Retry::fixed(ms(100)).max_attempts(3);
    let page = retry
        .run(|| asks(&stage, &fetch, "/home"))
        .await
        .map_err(|error| error.to_string())?;
    say!(
        stage,
        "the code under test got {page:?}, by attempt {}",
        fetch.call_count()
    );
    fetch.assert_called_times(2);
    fetch.assert_called_with(&"/home");
    // ANCHOR_END: mock
    // ANCHOR: hangs
    let hung = tokio::spawn({
        let (stage, fetch) = (stage.clone(), fetch.clone());
        async move { timeout(ms(500), asks(&stage, &fetch, "/slow")).await }
    });
    wait_idle().await;
    say!(
        stage,
        "without a millisecond passing, it is in the middle of its third call: {}",
        fetch.in_flight()
    );
    assert_eq!(fetch.in_flight(), 1);
    assert!(hung.await?.is_err());
    say!(
        stage,
        "half a second later it has been dropped: {}",
        fetch.cancelled()
    );
    assert_eq!((fetch.call_count(), fetch.cancelled()), (3, 1));
    // ANCHOR_END: hangs

    stage.scene("faults: the store fails every third time, and is slow for a while; the same on every run");
    // ANCHOR: faults
    let faults = Faults::builder()
        .seed(stage.seed())
        .inject(Fault::Error, When::Every(3))
        .inject(Fault::Delay(ms(300)), When::Between(ms(0), ms(100)))
        .build()?;
    for page in 1..=4 {
        let start = Instant::now();
        let save = stage.busy("store", format!("page {page}"));
        let saved =
            save.ended(faults.run(async { Ok::<_, io::Error>(()) }).await);
        let took = start.elapsed().as_millis();
        match saved {
            Ok(()) => say!(stage, "page {page} is saved, after {took} ms"),
            Err(error) => say!(stage, "page {page}: {error}"),
        }
    }
    assert_eq!((faults.report().errors, faults.report().delays), (1, 1));
    // ANCHOR_END: faults

    stage.scene("cut at every await: a page moves from one list to the other");
    // ANCHOR: transfer
    let exploration = explore(|pages: Pages| async move {
        // Nothing is changed before the last await.
        sleep(ms(10)).await;
        let mut pages = pages.lock();
        pages.waiting -= 1;
        pages.checked += 1;
    });
    let runs = exploration.expect("it is never half done");
    // ANCHOR_END: transfer
    say!(
        stage,
        "{runs} runs, each cut elsewhere, and the sum was always right"
    );

    stage.scene("a monitor that looks every ten minutes, for an hour");
    // ANCHOR: hour
    let looks = Arc::new(AtomicU32::new(0));
    let monitor = tokio::spawn({
        let (stage, looks) = (stage.clone(), Arc::clone(&looks));
        async move {
            loop {
                say!(stage, "look {}", looks.fetch_add(1, SeqCst) + 1);
                sleep(ms(600_000)).await;
            }
        }
    });
    let start = Instant::now();
    elapse(ms(3_600_000)).await;
    monitor.abort();
    say!(stage, "an hour has passed, in milliseconds of yours");
    stage.assert_took(start, ms(3_600_000));
    assert_eq!(looks.load(SeqCst), 7);
    // ANCHOR_END: hour
    Ok(())
}

/// What is tested: it asks for a page.
async fn asks(
    stage: &Stage,
    fetch: &AsyncMock<&'static str, Result<&'static str, &'static str>>,
    page: &'static str,
) -> Result<&'static str, &'static str> {
    let work = stage.busy("client", page);
    work.ended(fetch.call(page).await)
}

// ANCHOR: explore
/// How many pages are in which list.
struct Lists {
    waiting: u32,
    checked: u32,
}

type Pages = Arc<Mutex<Lists>>;

/// Runs a scenario once for every way to cut it at every one of its awaits.
/// However that ends, each page must be in one of the lists.
fn explore<Fut>(scenario: impl Fn(Pages) -> Fut + Send) -> Result<usize, String>
where
    Fut: Future + 'static,
{
    let explore = || {
        let setup =
            async || Arc::new(Mutex::new(Lists { waiting: 20, checked: 0 }));
        let check = async |pages: &Pages| {
            let pages = pages.lock();
            assert_eq!(pages.waiting + pages.checked, 20, "a page is lost");
        };
        explore_cancellation(setup, scenario, check).runs
    };
    // It makes runtimes of its own, so it needs a thread without one.
    let explored =
        thread::scope(|threads| threads.spawn(|| catch_panic(explore)).join());
    let explored = explored.map_err(|_| "the thread panicked".to_owned())?;
    explored.map_err(|panic| panic.message().to_owned())
}
// ANCHOR_END: explore

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("an await between the two halves");
    // ANCHOR: broken
    let found = explore(|pages: Pages| async move {
        pages.lock().waiting -= 1;
        sleep(ms(10)).await; // checks it
        pages.lock().checked += 1;
    });
    let found = found.expect_err("a cut in the middle is found");
    say!(stage, "found: {found}");
    // ANCHOR_END: broken
    say!(stage, "and a test that lets it run to its end finds nothing");
    assert!(found.contains("a page is lost"));
    Ok(())
}
