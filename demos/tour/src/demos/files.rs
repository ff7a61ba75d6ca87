//! Many files at once, a report that is never half there, and a large log in chunks.
use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

use futures_util::{Stream, stream};
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context};
use patterns_core::exit_stack::{Transactional, transaction};
use patterns_core::gather::try_map_concurrent;
use patterns_core::outcome::BoxError;
use patterns_core::pipeline::{Pipeline, PipelineReport, utf8};
use patterns_core::reaper::Reaper;
use tokio::fs::{self, File};
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncSeekExt as _,
    AsyncWriteExt as _, BufReader, BufWriter, Lines,
};
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "files",
    "A thousand files, sixteen at a time; a report that is there as a whole or not at all; a large log, chunk by chunk.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

const PAGES: usize = 1000;
const AT_ONCE: usize = 16;
const AT_WORK: &str = "files at work";

/// How many lines a report has, one every 10 ms.
const LINES: u32 = 20;

// ANCHOR: chunk
const CHUNK: usize = 256 * 1024;

/// The stages work on four chunks, the sink writes one, and one lies on each of
/// the three belts between them.
const BOUND: u64 = 4 + 1 + 3;
// ANCHOR_END: chunk
const INSIDE: &str = "chunks inside";

/// A line of the log is many of these.
const WORDS: &str = "ein müder Käfer, 3 €, 🦀 und ein Link; ";

async fn play(stage: Stage) -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    many(&stage, &folder.path().join("pages")).await?;
    reports(&stage, &folder.path().join("reports")).await?;
    large(&stage, &folder.path().join("logs")).await?;
    Ok(())
}

// ANCHOR: many
/// Writes a thousand pages, and looks for links in all of them.
async fn many(stage: &Stage, folder: &Path) -> Result<(), BoxError> {
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

// ANCHOR: draft
/// A file that is written beside its place, and takes it when it is whole.
pub(super) struct Draft {
    pub(super) file: BufWriter<File>,
    half: PathBuf,
    place: PathBuf,
}

impl Draft {
    /// An empty one. What is at its place stays there for now.
    pub(super) async fn create(place: &Path) -> io::Result<Self> {
        let half = place.with_extension("half");
        let file = BufWriter::new(File::create(&half).await?);
        Ok(Self { file, half, place: place.to_owned() })
    }
}

impl Transactional for Draft {
    type Error = io::Error;

    async fn commit(&mut self) -> io::Result<()> {
        // What is in it must be on the disk before its name says so.
        self.file.flush().await?;
        self.file.get_ref().sync_all().await?;
        fs::rename(&self.half, &self.place).await?;
        sync_folder(&self.place).await
    }

    async fn rollback(&mut self) -> io::Result<()> {
        match fs::remove_file(&self.half).await {
            // The commit got further than that.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}
// ANCHOR_END: draft

impl Draft {
    // ANCHOR: clear
    /// Makes it empty again.
    pub(super) async fn clear(&mut self) -> io::Result<()> {
        self.file.rewind().await?;
        self.file.get_ref().set_len(0).await
    }
    // ANCHOR_END: clear
}

// ANCHOR: sync_folder
/// A new name lasts once the folder that has it is on the disk, too.
async fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|path| !path.as_os_str().is_empty());
    if cfg!(unix) {
        let folder = File::open(folder.unwrap_or(Path::new("."))).await?;
        folder.sync_all().await?;
    }
    Ok(())
}
// ANCHOR_END: sync_folder

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

async fn reports(stage: &Stage, folder: &Path) -> Result<(), BoxError> {
    stage.scene("a report is written beside its place, and then takes it");
    fs::create_dir(folder).await?;
    let report = folder.join("report.txt");
    let work = stage.busy("report", "monday's");
    let look = async {
        sleep(ms(95)).await;
        let names = names(folder).await?;
        say!(stage, "meanwhile there is {names:?}");
        Ok::<_, io::Error>(())
    };
    let (saved, looked) = tokio::join!(save(&report, "monday", false), look);
    work.ended(saved)?;
    looked?;
    say!(stage, "and then {:?}", names(folder).await?);
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
    for way in ["failed", "cancelled", "dropped"] {
        let end = tuesday(stage, &report, way).await;
        let first = lines_of(&report).await?.swap_remove(0);
        let names = names(folder).await?;
        say!(stage, "{way}: {end}");
        say!(stage, "there is {names:?}; it begins with {first:?}");
        assert_eq!((&*first, names.len()), ("monday: page 1 is fine", 1));
    }
    Ok(())
}

// ANCHOR: tuesday
/// Begins the report of the next day, and says why it has not become one.
async fn tuesday(stage: &Stage, report: &Path, way: &'static str) -> String {
    let (token, root) = (CancelToken::new(), Reaper::new());
    let limit = ms(if way == "dropped" { 95 } else { 10_000 });
    let work = stage.busy("report", way);
    let run = async {
        let context = Context::current().with_token(token.clone());
        let save = context.scope(save(report, "tuesday", way == "failed"));
        let stop = async {
            if way == "cancelled" {
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
        Ok(Err(error)) if way == "failed" => {
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

// ANCHOR: read_lines
/// The lines of a file. They are read in chunks, as each chunk is a job for a
/// thread.
async fn lines(file: &Path) -> io::Result<Lines<BufReader<File>>> {
    let file = File::open(file).await?;
    Ok(BufReader::with_capacity(CHUNK, file).lines())
}
// ANCHOR_END: read_lines

async fn lines_of(file: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(file).await?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// What is in a folder, in order.
pub(super) async fn names(folder: &Path) -> io::Result<Vec<String>> {
    let (mut entries, mut names) = (fs::read_dir(folder).await?, Vec::new());
    while let Some(entry) = entries.next_entry().await? {
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

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
/// Writes a log in capitals: all of it, or nothing.
async fn shout(
    stage: &Stage,
    log: &Path,
    place: &Path,
) -> Result<PipelineReport, BoxError> {
    let log = File::open(log).await?;
    let draft = Draft::create(place).await?;
    let pipeline = Pipeline::from_try_stream("shout", chunks(log))
        .through("utf8", utf8)
        .stage("upper", 4, async |text: String| {
            Ok::<_, Infallible>(text.to_uppercase())
        });
    let monitor = pipeline.monitor();
    let written =
        pipeline.commit_to(draft, async |draft: &mut Draft, text: String| {
            sleep(ms(1)).await; // it is a slow disk
            look(stage, monitor.report().inside());
            draft.file.write_all(text.as_bytes()).await
        });
    Ok(written.await?)
}
// ANCHOR_END: shout

fn look(stage: &Stage, inside: u64) {
    // On several threads it is looked at stage by stage, while things move on.
    assert!(inside <= BOUND || !stage.is_virtual(), "{inside} are inside");
    stage.level(INSIDE, usize::try_from(inside).unwrap_or(usize::MAX));
}

async fn large(stage: &Stage, folder: &Path) -> Result<(), BoxError> {
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
    let report = shout(stage, &log, &place).await?;
    stage.level(INSIDE, 0);
    say!(
        stage,
        "{} chunks, never more than {BOUND} of them, or {} MiB, at a time",
        report.delivered(),
        (BOUND as usize * CHUNK) >> 20
    );
    let (expected, mut count) = (line.trim_end_matches('\n').to_uppercase(), 0);
    let mut lines = lines(&place).await?;
    while let Some(line) = lines.next_line().await? {
        assert!(line == expected, "line {count} is {line:?}");
        count += 1;
    }
    say!(stage, "{count} lines, and no character is broken: {:.23}", expected);
    assert_eq!(count * line.len(), size);
    say!(stage, "there is {:?}", names(folder).await?);

    stage.scene("again, but after 100 ms nobody wants it any more");
    let before = fs::metadata(&place).await?.len();
    let root = Reaper::new();
    let again = root.run(timeout(ms(100), shout(stage, &log, &place)));
    let elapsed = again.await.expect_err("it takes a quarter of a second");
    stage.level(INSIDE, 0);
    let (names, after) = (names(folder).await?, fs::metadata(&place).await?);
    say!(stage, "{elapsed}: there is {names:?}, and the old one is whole");
    assert_eq!((names.len(), after.len()), (2, before));
    Ok(())
}

/// Writes a log of so many MiB. Gives one of its lines, and its size.
async fn write_log(log: &Path, mib: u32) -> io::Result<(String, usize)> {
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
