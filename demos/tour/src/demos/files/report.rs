//! A report that is written as a draft, and may not get to its end.
use std::io;
use std::path::Path;

use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::exit_stack::transaction;
use patterns_core::outcome::BoxError;
use patterns_core::reaper::Reaper;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

use super::draft::Draft;
use super::lines::{lines, lines_of};
use super::listing::Listing;
use crate::{Stage, ms};

/// How many lines a report has, one every 10 ms.
pub(super) const LINES: u32 = 20;

// ANCHOR: save
/// Writes the report of a day; on a bad day the disk is full half-way.
async fn save(report: &Path, day: &str, is_bad: bool) -> Result<(), BoxError> {
    let draft = Draft::create(report).await?;
    let saved = transaction(draft, async |draft| {
        for page in 1..=LINES {
            context::sleep(ms(10)).await?; // checks the page
            if is_bad && page == 10 {
                let full = io::Error::from(io::ErrorKind::StorageFull);
                return Err(BoxError::from(full));
            }
            let line = format!("{day}: page {page} is fine\n");
            draft.file.write_all(line.as_bytes()).await?;
        }
        Ok(())
    });
    Ok(saved.await?)
}
// ANCHOR_END: save

pub(super) async fn reports(
    stage: &Stage,
    folder: &Path,
) -> Result<(), BoxError> {
    stage.scene("a report is written beside its place, and then takes it");
    fs::create_dir(folder).await?;
    let report = folder.join("report.txt");
    let work = stage.busy("report", "monday's");
    let look = async {
        sleep(ms(95)).await;
        let listing = Listing::of(folder).await?;
        say!(stage, "meanwhile there is {listing}");
        Ok::<_, io::Error>(())
    };
    let (saved, looked) = tokio::join!(save(&report, "monday", false), look);
    work.ended(saved)?;
    looked?;
    say!(stage, "and then {}", Listing::of(folder).await?);
    // ANCHOR: lines
    let mut lines = lines(&report).await?;
    let (mut count, mut last) = (0, String::new());
    while let Some(line) = lines.next_line().await? {
        (count, last) = (count + 1, line);
    }
    say!(stage, "{count} lines, the last is {last:?}");
    // ANCHOR_END: lines
    assert_eq!((count, &*last), (LINES, "monday: page 20 is fine"));

    stage.scene("three ways in which the next one does not get to its end");
    for way in Way::ALL {
        let end = tuesday(stage, &report, way).await;
        let first = lines_of(&report).await?.swap_remove(0);
        let listing = Listing::of(folder).await?;
        say!(stage, "{}: {end}", way.name());
        say!(stage, "there is {listing}; it begins with {first:?}");
        assert_eq!(first, "monday: page 1 is fine");
        assert_eq!((listing.files.len(), listing.drafts), (1, 0));
    }
    Ok(())
}

/// How the next one does not get to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Failed,
    Cancelled,
    Dropped,
}

impl Way {
    const ALL: [Self; 3] = [Self::Failed, Self::Cancelled, Self::Dropped];

    fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Dropped => "dropped",
        }
    }
}

// ANCHOR: tuesday
/// Begins the report of the next day, and says why it has not become one.
async fn tuesday(stage: &Stage, report: &Path, way: Way) -> String {
    let (token, root) = (CancelToken::new(), Reaper::new());
    let limit = ms(if way == Way::Dropped { 95 } else { 10_000 });
    let work = stage.busy("report", way.name());
    let run = async {
        let context = Context::current().with_token(token.clone());
        let save = context.scope(save(report, "tuesday", way == Way::Failed));
        let stop = async {
            if way == Way::Cancelled {
                sleep(ms(95)).await;
                token.cancel("the user has seen enough");
            }
        };
        tokio::join!(timeout(limit, save), stop).0
    };
    // Whoever drops the work waits here until its draft is gone.
    match root.run(run).await {
        Ok(Ok(())) => {
            work.done();
            "it is saved".to_owned()
        }
        Ok(Err(error)) if way == Way::Failed => {
            work.failed(&error);
            error.to_string()
        }
        Ok(Err(error)) => {
            work.stopped(&error);
            error.to_string()
        }
        Err(elapsed) => {
            work.stopped(elapsed);
            elapsed.to_string()
        }
    }
}
// ANCHOR_END: tuesday
