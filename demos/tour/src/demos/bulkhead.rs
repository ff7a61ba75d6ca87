//! So many calls at once, and no more in line than make sense.
use patterns_core::bulkhead::{Bulkhead, BulkheadError};
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use patterns_core::semaphore::Semaphore;
use tokio::time::Instant;

use crate::site::{FetchError, Host};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "bulkhead",
    "So many calls to a host at once, so many in line, and the rest is turned away at once; other hosts don't notice.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    // ANCHOR: bulkheads
    let slow = Host::new("slow.example", ms(300));
    let docs = &Host::new("docs.example", ms(40));
    let to_slow = Bulkhead::builder(2)
        .name("slow.example")
        .max_waiting(2)
        .max_wait(ms(350))
        .build()?;
    let to_docs = Bulkhead::builder(2).name("docs.example").build()?;
    // ANCHOR_END: bulkheads
    stage.bound("waiting for slow.example", 2);

    stage.scene(
        "six calls to a slow host: two get in, two wait, two are turned away",
    );
    // ANCHOR: six
    let start = Instant::now();
    let calls = gather((1..=6).map(|page| call(&stage, &to_slow, &slow, page)));
    // Its line is its own: calls to another host go through as ever.
    let others =
        gather((11..=12).map(|page| to_docs.run(move || docs.get(page))));
    let (calls, others) = tokio::join!(calls, others);
    // ANCHOR_END: six
    say!(
        stage,
        "docs.example has answered all: {}",
        others.iter().all(Result::is_ok)
    );
    assert!(others.iter().all(Result::is_ok));
    let turned_away = calls
        .iter()
        .filter_map(|call| call.as_ref().err()?.rejected())
        .filter(|error| error.is_full());
    assert_eq!(
        (calls.iter().filter(|call| call.is_ok()).count(), turned_away.count()),
        (4, 2)
    );
    assert_eq!(slow.most_open(), 2);
    stage.assert_took(start, ms(600));

    stage.scene("and nobody waits for longer than makes sense");
    let glacial = Host::new("glacial.example", ms(1000));
    let start = Instant::now();
    let calls =
        gather((21..=24).map(|page| call(&stage, &to_slow, &glacial, page)))
            .await;
    assert_eq!(
        calls.iter().filter(|call| call.is_ok()).count(),
        2,
        "the other two gave up after 350 ms"
    );
    stage.assert_took(start, ms(1000));
    say!(stage, "turned away so far: {}", to_slow.status().rejected);
    assert_eq!(to_slow.status().rejected, 4);
    Ok(())
}

// ANCHOR: call
async fn call(
    stage: &Stage,
    to: &Bulkhead,
    host: &Host,
    page: u32,
) -> Result<u32, BulkheadError<FetchError>> {
    let me = format!("page {page}");
    let curve = format!("waiting for {}", to.status().name);
    stage.waits(me.clone(), "for a place");
    let called = to.run(async || {
        stage.level(curve.clone(), to.status().waiting);
        let work = stage.busy(me.clone(), "is fetched");
        work.ended(host.get(page).await)
    });
    // Polled after the call, which stands in line by then.
    let seen = async { stage.level(curve.clone(), to.status().waiting) };
    let (called, ()) = tokio::join!(called, seen);
    stage.level(curve.clone(), to.status().waiting);
    match &called {
        Ok(_) => say!(stage, "{me} of {}", host.name()),
        Err(error) => {
            stage.fails(me.clone(), error);
            say!(stage, "{me}: {error}");
        }
    }
    called
}
// ANCHOR_END: call

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("only a limit inside, and a line without end");
    // ANCHOR: line
    let slow = Host::new("slow.example", ms(300));
    let places = Semaphore::new(2);
    let start = Instant::now();
    let calls = gather((1..=8).map(|page| {
        let (stage, slow, places) = (&stage, &slow, &places);
        async move {
            let me = format!("page {page}");
            stage.waits(me.clone(), "for a place");
            let _place = places.acquire().await?;
            let work = stage.busy(me, "is fetched");
            work.ended(slow.get(page).await)?;
            say!(
                stage,
                "page {page}, after {} ms",
                start.elapsed().as_millis()
            );
            Ok::<_, BoxError>(())
        }
    }));
    for ended in calls.await {
        ended?;
    }
    // ANCHOR_END: line
    say!(
        stage,
        "whoever came last has waited for most of the time, and its reader has long closed the tab"
    );
    stage.assert_took(start, ms(1200));
    Ok(())
}
