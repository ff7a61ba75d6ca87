//! A large log, chunk by chunk.
use std::convert::Infallible;
use std::io;
use std::path::Path;

use futures_util::{Stream, stream};
use patterns_core::cancel::timeout;
use patterns_core::outcome::BoxError;
use patterns_core::pipeline::{Monitor, Pipeline, PipelineReport, utf8};
use patterns_core::reaper::Reaper;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::sleep;

use super::draft::Draft;
use super::lines::lines;
use super::listing::Listing;
use crate::{Stage, ms};

// ANCHOR: chunk
pub(super) const CHUNK: usize = 256 * 1024;

/// The stages work on four chunks, the sink writes one, and one lies on each of
/// the three belts between them.
const BOUND: u64 = 4 + 1 + 3;
// ANCHOR_END: chunk
const INSIDE: &str = "chunks inside";

/// A line of the log is many of these.
const WORDS: &str = "ein müder Käfer, 3 €, 🦀 und ein Link; ";

// ANCHOR: chunks
/// A file in chunks, each of which is read when somebody wants it.
fn chunks(
    file: File,
) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
    stream::try_unfold(file, |mut file| async {
        let mut chunk = Vec::with_capacity(CHUNK);
        (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await?;
        Ok::<_, io::Error>((!chunk.is_empty()).then_some((chunk, file)))
    })
}
// ANCHOR_END: chunks

// ANCHOR: shout
/// Writes a log in capitals: all of it, or nothing. Says how many chunks were
/// inside at the most.
async fn shout(
    stage: &Stage,
    log: &Path,
    place: &Path,
) -> Result<(PipelineReport, u64), BoxError> {
    let log = File::open(log).await?;
    let draft = Draft::create(place).await?;
    let pipeline = Pipeline::from_try_stream("shout", chunks(log))
        .through("utf8", utf8)
        .stage("upper", 4, async |text: String| {
            Ok::<_, Infallible>(text.to_uppercase())
        });
    let (monitor, mut most) = (pipeline.monitor(), 0);
    let written =
        pipeline.commit_to(draft, async |draft: &mut Draft, text: String| {
            sleep(ms(1)).await; // it is a slow disk
            most = look(stage, &monitor).max(most);
            draft.file.write_all(text.as_bytes()).await
        });
    let report = written.await?;
    Ok((report, most))
}
// ANCHOR_END: shout

/// How many are inside now.
fn look(stage: &Stage, monitor: &Monitor) -> u64 {
    let inside = monitor.report().inside();
    // On several threads it is looked at stage by stage, while things move on.
    assert!(inside <= BOUND || !stage.is_virtual(), "{inside} are inside");
    stage.level(INSIDE, usize::try_from(inside).unwrap_or(usize::MAX));
    inside
}

pub(super) async fn large(
    stage: &Stage,
    folder: &Path,
) -> Result<(), BoxError> {
    fs::create_dir(folder).await?;
    let (log, place) = (folder.join("log.txt"), folder.join("loud.txt"));
    // On real time a whole gigabyte: the pipeline takes no more memory for it.
    let mib = if stage.is_virtual() { 64 } else { 1024 };
    let (line, size) = write_log(&log, mib).await?;
    stage.scene(format_args!(
        "a log of {} MiB, in chunks of 256 KiB",
        size >> 20
    ));
    stage.bound(INSIDE, usize::try_from(BOUND)?);
    let (report, most) = shout(stage, &log, &place).await?;
    stage.level(INSIDE, 0);
    say!(
        stage,
        "{} chunks, never more than {most} of them, or {} MiB, at a time",
        report.delivered(),
        (most as usize * CHUNK) >> 20
    );
    let (expected, mut count) = (line.trim_end_matches('\n').to_uppercase(), 0);
    let mut lines = lines(&place).await?;
    while let Some(line) = lines.next_line().await? {
        assert!(line == expected, "line {count} is {line:?}");
        count += 1;
    }
    say!(stage, "{count} lines, and no character is broken: {:.23}", expected);
    assert_eq!(count * line.len(), size);
    say!(stage, "there is {}", Listing::of(folder).await?);

    stage.scene("again, but after 100 ms nobody wants it any more");
    let before = fs::metadata(&place).await?.len();
    let root = Reaper::new();
    let again = root.run(timeout(ms(100), shout(stage, &log, &place)));
    let elapsed = again.await.expect_err("it takes a quarter of a second");
    stage.level(INSIDE, 0);
    let listing = Listing::of(folder).await?;
    say!(stage, "{elapsed}: there is {listing}, and the old one is whole");
    assert_eq!((listing.files.len(), listing.drafts), (2, 0));
    assert_eq!(fs::metadata(&place).await?.len(), before);
    Ok(())
}

/// Writes a log of so many MiB. Gives one of its lines, and its size.
pub(super) async fn write_log(
    log: &Path,
    mib: u32,
) -> io::Result<(String, usize)> {
    let line = format!("{}\n", WORDS.repeat(23));
    let block = line.repeat(1024);
    let (mut file, mut size) = (File::create(log).await?, 0);
    for _ in 0..mib {
        file.write_all(block.as_bytes()).await?;
        size += block.len();
    }
    file.flush().await?;
    Ok((line, size))
}
