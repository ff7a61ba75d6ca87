//! Many files at once, a report that is never half there, and a large log in chunks.
mod draft;
mod lines;
mod listing;
mod log;
mod pages;
mod report;

use std::path::Path;

use patterns_core::cancel::timeout;
use patterns_core::context;
use patterns_core::outcome::BoxError;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

pub(super) use self::draft::Draft;
use self::lines::lines_of;
pub(super) use self::listing::Listing;
use self::log::{CHUNK, large, write_log};
use self::pages::many;
use self::report::{LINES, reports};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "files",
    "A thousand files, sixteen at a time; a report that is there as a whole or not at all; a large log, chunk by chunk.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    many(&stage, &folder.path().join("pages")).await?;
    reports(&stage, &folder.path().join("reports")).await?;
    large(&stage, &folder.path().join("logs")).await?;
    Ok(())
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    in_place(&stage, &folder.path().join("report.txt")).await?;
    at_once(&stage, &folder.path().join("log.txt")).await?;
    Ok(())
}

// ANCHOR: careless
/// Writes the report of a day.
async fn careless(report: &Path, day: &str) -> Result<(), BoxError> {
    let mut file = File::create(report).await?;
    for page in 1..=LINES {
        context::sleep(ms(10)).await?; // checks the page
        let line = format!("{day}: page {page} is fine\n");
        file.write_all(line.as_bytes()).await?;
    }
    file.flush().await?;
    Ok(())
}
// ANCHOR_END: careless

async fn in_place(stage: &Stage, report: &Path) -> Result<(), BoxError> {
    stage.scene("a report is written straight to its place");
    let work = stage.busy("report", "monday's");
    work.ended(careless(report, "monday").await)?;
    say!(stage, "monday: {} lines", lines_of(report).await?.len());
    // ANCHOR: cut
    let work = stage.busy("report", "tuesday's");
    if let Err(elapsed) = timeout(ms(95), careless(report, "tuesday")).await {
        work.stopped(elapsed);
        say!(stage, "tuesday: {elapsed}");
    }
    let lines = lines_of(report).await?;
    say!(stage, "what a reader finds: {} lines", lines.len());
    // ANCHOR_END: cut
    say!(stage, "the last of them is {:?}", lines.last());
    assert!(
        lines.len() < 20 && lines.iter().all(|line| line.ends_with("fine"))
    );
    Ok(())
}

async fn at_once(stage: &Stage, log: &Path) -> Result<(), BoxError> {
    stage.scene("a large log is read at once, and decoded chunk by chunk");
    write_log(log, 64).await?;
    stage.level("MiB in memory", 0);
    sleep(ms(20)).await;
    // ANCHOR: at_once
    let log = fs::read(log).await?;
    stage.level("MiB in memory", log.len() >> 20);
    say!(stage, "{} MiB are in memory", log.len() >> 20);
    // ANCHOR_END: at_once
    sleep(ms(20)).await;
    // ANCHOR: lossy
    let text: String = log.chunks(CHUNK).map(String::from_utf8_lossy).collect();
    let cut = text.matches(char::REPLACEMENT_CHARACTER).count();
    // ANCHOR_END: lossy
    let size = (log.len() + text.len()) >> 20;
    stage.level("MiB in memory", size);
    say!(
        stage,
        "with the text {size} MiB, in which {cut} characters were never written"
    );
    sleep(ms(40)).await;
    drop((log, text));
    stage.level("MiB in memory", 0);
    assert!(cut > 0);
    Ok(())
}
