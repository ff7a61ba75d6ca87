//! Work in stages.
use std::convert::Infallible;
use std::sync::Arc;

use futures_util::stream;
use parking_lot::Mutex;
use patterns_core::exit_stack::Transactional;
use patterns_core::gather::map_concurrent;
use patterns_core::outcome::BoxError;
use patterns_core::pipeline::{Monitor, Pipeline, utf8};
use tokio::time::{Instant, sleep};

use crate::site::{FetchError, Host};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "pipeline",
    "Stages that work at the same time, in order, with a stated bound from end to end, and all of the output or none.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

const INSIDE: &str = "pages inside";
const PAGES: u32 = 12;

async fn play(stage: Stage) -> Result<(), BoxError> {
    let host = Host::answering("docs.example", |_, page| {
        (ms(if page == 3 { 120 } else { 60 }), 200)
    });

    stage.scene(
        "twelve pages: three are fetched at a time, then parsed, then written",
    );
    // Three in the first stage, one in the second, one in the sink, and room for one before each of them.
    stage.bound(INSIDE, 8);
    let (start, mut written) = (Instant::now(), Vec::new());
    // ANCHOR: stages
    let pages = Pipeline::from_items("check", 1..=PAGES).stage(
        "fetch",
        3,
        fetch(&stage, &host),
    );
    let pages = pages.stage("parse", 1, parse(&stage, PAGES + 1));
    let monitor = pages.monitor();
    let report = pages
        .for_each(async |page| {
            look(&stage, &monitor);
            let write = stage.busy("write", format!("page {page}"));
            sleep(ms(10)).await;
            write.done();
            say!(stage, "page {page} is written");
            written.push(page);
            Ok::<_, Infallible>(())
        })
        .await?;
    // ANCHOR_END: stages
    stage.level(INSIDE, 0);
    let peak = report.stage("fetch").map_or(0, |fetch| fetch.peak);
    say!(
        stage,
        "{} pages in {} ms, at most {peak} fetched at a time",
        report.delivered(),
        start.elapsed().as_millis()
    );
    assert_eq!(
        written,
        (1..=PAGES).collect::<Vec<_>>(),
        "in order, although page 3 is slow"
    );
    assert_eq!((report.delivered(), peak, host.most_open()), (12, 3, 3));

    stage.scene("page 5 can't be parsed: all stages stop, and nothing of the output stays");
    let saved = Arc::new(Mutex::new(Vec::new()));
    // ANCHOR: commit
    let output = Output {
        stage: stage.clone(),
        saved: Arc::clone(&saved),
        pages: Vec::new(),
    };
    let failed = Pipeline::from_items("check", 1..=PAGES)
        .stage("fetch", 3, fetch(&stage, &host))
        .stage("parse", 1, parse(&stage, 5))
        .commit_to(output, async |output, page| {
            output.pages.push(page);
            Ok::<_, Infallible>(())
        })
        .await
        .expect_err("page 5 is no page");
    say!(stage, "{failed}");
    // ANCHOR_END: commit
    assert!(
        failed.to_string().contains("parse: item 4"),
        "the items are counted from 0"
    );
    assert!(saved.lock().is_empty());

    stage.scene("text in chunks of five bytes, which cut characters in half");
    // ANCHOR: utf8
    let bytes = "übergroße Seiten, für Späteres".as_bytes();
    let chunks = stream::iter(bytes.chunks(5).map(Ok::<_, FetchError>));
    let text = Pipeline::from_try_stream("text", chunks)
        .through("utf8", utf8)
        .collect()
        .await?;
    say!(stage, "{text:?}");
    // ANCHOR_END: utf8
    assert_eq!(text.concat().as_bytes(), bytes);
    Ok(())
}

fn look(stage: &Stage, monitor: &Monitor) {
    let inside = monitor.report().inside();
    // On several threads it is looked at stage by stage, while things move on.
    assert!(inside <= 8 || !stage.is_virtual(), "{inside} are inside");
    stage.level(INSIDE, usize::try_from(inside).unwrap_or(usize::MAX));
}

// ANCHOR: fetch
/// The first stage.
fn fetch(
    stage: &Stage,
    host: &Host,
) -> impl Fn(u32) -> Step<FetchError> + Send + Sync + use<> {
    let (stage, host) = (stage.clone(), host.clone());
    move |page| -> Step<FetchError> {
        let (stage, host) = (stage.clone(), host.clone());
        Box::pin(async move {
            // Three workers, so three lanes.
            let fetch = stage.busy(
                format!("fetch {}", page % 3 + 1),
                format!("page {page}"),
            );
            fetch.ended(host.get(page).await)
        })
    }
}
// ANCHOR_END: fetch

/// The second stage, which can't do with page `bad`.
fn parse(
    stage: &Stage,
    bad: u32,
) -> impl Fn(u32) -> Step<BoxError> + Send + Sync + use<> {
    let stage = stage.clone();
    move |page| -> Step<BoxError> {
        let stage = stage.clone();
        Box::pin(async move {
            let parse = stage.busy("parse", format!("page {page}"));
            sleep(ms(15)).await;
            if page == bad {
                parse.failed("no page");
                return Err(BoxError::from(format!(
                    "page {page} ends in the middle of a tag"
                )));
            }
            parse.done();
            Ok(page)
        })
    }
}

/// What a stage does with a page.
type Step<E> = std::pin::Pin<Box<dyn Future<Output = Result<u32, E>> + Send>>;

// ANCHOR: output
/// Pages that are saved together or not at all.
struct Output {
    stage: Stage,
    saved: Arc<Mutex<Vec<u32>>>,
    pages: Vec<u32>,
}

impl Transactional for Output {
    type Error = Infallible;

    async fn commit(&mut self) -> Result<(), Infallible> {
        self.saved.lock().append(&mut self.pages);
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Infallible> {
        say!(self.stage, "pages {:?} are not saved", self.pages);
        self.pages.clear();
        Ok(())
    }
}
// ANCHOR_END: output

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("step by step: fetch all, then parse all, then write all");
    let host = Host::new("docs.example", ms(60));
    let start = Instant::now();
    // ANCHOR: broken
    let fetched = map_concurrent(1..=PAGES, 3, fetch(&stage, &host)).await;
    stage.level(INSIDE, fetched.len());
    say!(
        stage,
        "{} pages are in memory; for a site of a million, a million",
        fetched.len()
    );
    let parse = parse(&stage, PAGES + 1);
    let mut parsed = Vec::new();
    for page in fetched {
        parsed.push(parse(page?).await?);
    }
    for page in parsed {
        let write = stage.busy("write", format!("page {page}"));
        sleep(ms(10)).await;
        write.done();
    }
    // ANCHOR_END: broken
    say!(
        stage,
        "written, after {} ms: nobody worked while another did",
        start.elapsed().as_millis()
    );
    stage.assert_took(start, ms(4 * 60 + 12 * 15 + 12 * 10));
    Ok(())
}
