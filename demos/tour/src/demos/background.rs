//! Fire and forget, but not lost.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use parking_lot::Mutex;
use patterns_core::background::{Background, SpawnError};
use patterns_core::context;
use patterns_core::outcome::BoxError;
use tokio::time::sleep;

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "background",
    "Fire and forget that is bounded, tells its errors, runs in rounds if you like, and is finished at shutdown.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    notes(&stage).await?;
    rounds(&stage).await?;
    last(&stage).await
}

async fn notes(stage: &Stage) -> Result<(), BoxError> {
    let (sink, failures) = (stage.clone(), Arc::new(Mutex::new(Vec::new())));
    let failed = Arc::clone(&failures);
    // ANCHOR: background
    let background = Background::builder("notes")
        .limit(4)
        .on_error(move |failure| {
            say!(sink, "the sink hears of {failure}");
            failed.lock().push(failure.to_string());
        })
        .build()?;
    // ANCHOR_END: background

    stage.scene("a page is checked, and the note about it is written later");
    for page in 1..=6 {
        stage.works("crawl", format!("checks page {page}"));
        sleep(ms(20)).await;
        stage.waits("crawl", "for a free place");
        // ANCHOR: spawn
        // Waits only where four notes are still being written.
        let note =
            background.spawn(format!("note {page}"), note(stage.clone(), page));
        note.await.map_err(SpawnError::without_inner)?;
        // ANCHOR_END: spawn
        stage.rests("crawl");
        say!(
            stage,
            "page {page} is checked; notes in work: {}",
            background.status().live
        );
        assert!(background.status().live <= 4);
    }
    // ANCHOR: drain
    background.drain().await?;
    let status = background.status();
    say!(
        stage,
        "all notes have come to their end: {} written, {} failed",
        status.ok,
        status.failed
    );
    // ANCHOR_END: drain
    assert_eq!((status.ok, status.failed), (5, 1));
    assert_eq!(*failures.lock(), ["note 3: the disk is full"]);
    Ok(())
}

async fn rounds(stage: &Stage) -> Result<(), BoxError> {
    let background = Background::new("robots");
    stage.scene("every 100 ms, and a round that fails does not end the loop");
    let rounds = Arc::new(AtomicU32::new(0));
    let (counter, on) = (Arc::clone(&rounds), stage.clone());
    // ANCHOR: every
    let refresh = background.every(ms(100), "robots.txt", move || {
        let (round, on) = (counter.fetch_add(1, SeqCst) + 1, on.clone());
        async move {
            let work = on.busy("refresh", format!("round {round}"));
            sleep(ms(30)).await;
            say!(on, "round {round}");
            work.ended(if round == 2 { Err("no answer") } else { Ok(()) })
        }
    });
    let refresh = refresh.map_err(SpawnError::without_inner)?;
    sleep(ms(350)).await;
    refresh.cancel("the crawl is over");
    background.drain().await?;
    // ANCHOR_END: every
    say!(
        stage,
        "{} rounds, of which {} failed",
        rounds.load(SeqCst),
        background.status().failed_rounds
    );
    assert_eq!(
        (rounds.load(SeqCst), background.status().failed_rounds),
        (4, 1)
    );
    Ok(())
}

async fn last(stage: &Stage) -> Result<(), BoxError> {
    let background = Background::new("last");
    stage.scene(
        "shutdown: what can be finished in time is, the rest is asked to stop",
    );
    for page in [7, 8] {
        let note =
            background.spawn(format!("note {page}"), note(stage.clone(), page));
        note.await.map_err(SpawnError::without_inner)?;
    }
    let on = stage.clone();
    // ANCHOR: upload
    let upload = async move {
        let work = on.busy("upload", "sends the report");
        if let Err(interrupt) = context::sleep(ms(60_000)).await {
            work.stopped(&interrupt);
            on.cleans_up("upload", "removes half a report");
            sleep(ms(20)).await;
            on.rests("upload");
            say!(on, "upload: {interrupt}");
            return Err(interrupt);
        }
        Ok(())
    };
    background
        .spawn("upload", upload)
        .await
        .map_err(SpawnError::without_inner)?;
    let receipt = background.finish(ms(150), ms(100)).await;
    // ANCHOR_END: upload
    let status = &receipt.status;
    say!(
        stage,
        "of {} tasks ever, {} are accounted for",
        status.spawned,
        status.accounted_for()
    );
    say!(
        stage,
        "{} ok, {} failed, {} cancelled, {} left",
        status.ok,
        status.failed,
        status.cancelled,
        status.live
    );
    assert_eq!(
        (status.spawned, status.live, status.cancelled),
        (status.accounted_for(), 0, 1)
    );
    Ok(())
}

async fn note(stage: Stage, page: u32) -> Result<(), BoxError> {
    let work = stage.busy(format!("note {page}"), "is written");
    sleep(ms(100)).await;
    if page == 3 {
        work.failed("the disk is full");
        return Err("the disk is full".into());
    }
    work.done();
    say!(stage, "note {page} is written");
    Ok(())
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("tasks of nobody's");
    let written = Arc::new(AtomicU32::new(0));
    // ANCHOR: broken
    for page in 1..=5 {
        let (on, written) = (stage.clone(), Arc::clone(&written));
        // The handle is dropped, and with it the error of note 3. Nobody
        // waits for the others.
        tokio::spawn(async move {
            note(on, page).await?;
            written.fetch_add(1, SeqCst);
            Ok::<_, BoxError>(())
        });
        sleep(ms(25)).await;
        say!(stage, "page {page} is checked");
    }
    // ANCHOR_END: broken
    stage.scene("main returns");
    say!(
        stage,
        "notes written: {} of five; one failed, or will, and nobody hears of it",
        written.load(SeqCst)
    );
    assert!(written.load(SeqCst) < 4);
    Ok(())
}
