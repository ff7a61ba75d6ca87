//! A thousand files, sixteen at a time.
use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};

use patterns_core::gather::try_map_concurrent;
use patterns_core::outcome::BoxError;
use tokio::fs;
use tokio::time::{Instant, sleep};

use crate::{Stage, ms};

const PAGES: usize = 1000;
const AT_ONCE: usize = 16;
const AT_WORK: &str = "files at work";

// ANCHOR: many
/// Writes a thousand pages, and looks for links in all of them.
pub(super) async fn many(stage: &Stage, folder: &Path) -> Result<(), BoxError> {
    stage.scene("a thousand pages, never more than sixteen at a time");
    stage.bound(AT_WORK, AT_ONCE);
    fs::create_dir(folder).await?;
    try_map_concurrent(0..PAGES, AT_ONCE, |n| write(folder, n)).await?;
    let (work, start) = (AtWork::default(), Instant::now());
    let counts = try_map_concurrent(0..PAGES, AT_ONCE, |n| {
        work.begins();
        count(stage, &work, folder, n)
    });
    let counts = counts.await?;
    say!(
        stage,
        "{} links in {} pages, in the order of the pages: {:?}, ...",
        counts.iter().sum::<usize>(),
        counts.len(),
        &counts[..4]
    );
    say!(stage, "never more than {} at a time", work.most.get());
    // ANCHOR_END: many
    stage.level(AT_WORK, 0);
    assert!(counts.iter().copied().eq((0..PAGES).map(links)));
    assert_eq!(work.most.get(), AT_ONCE);
    // Sixty-three times sixteen, with 5 ms for each.
    stage.assert_took(start, ms(63 * 5));
    Ok(())
}

/// So many are being worked on, and so many were at the most.
#[derive(Default)]
struct AtWork {
    now: Cell<usize>,
    most: Cell<usize>,
}

impl AtWork {
    fn begins(&self) {
        self.now.set(self.now.get() + 1);
        self.most.set(self.most.get().max(self.now.get()));
    }

    fn ends(&self, stage: &Stage) {
        stage.level(AT_WORK, self.now.get());
        self.now.set(self.now.get() - 1);
    }
}

// ANCHOR: count
/// Counts the links of a page.
async fn count(
    stage: &Stage,
    work: &AtWork,
    folder: &Path,
    n: usize,
) -> io::Result<usize> {
    let html = fs::read_to_string(page(folder, n)).await?;
    sleep(ms(5)).await; // looks at the links
    work.ends(stage);
    Ok(html.matches("href").count())
}
// ANCHOR_END: count

async fn write(folder: &Path, n: usize) -> io::Result<()> {
    let html = "<a href=\"/\">to the start page</a>\n".repeat(links(n));
    fs::write(page(folder, n), html).await
}

fn page(folder: &Path, n: usize) -> PathBuf {
    folder.join(format!("{n}.html"))
}

/// How many links are on page `n`.
fn links(n: usize) -> usize {
    n % 7 + 1
}
