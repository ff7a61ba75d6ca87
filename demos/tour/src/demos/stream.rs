//! Items one after the other, with the wait where it belongs.
use std::cell::Cell;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use patterns_core::outcome::BoxError;
use patterns_core::stream::{
    FlowExt as _, Generator, Page, Yielder, generator, paginate, pump,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

use crate::site::{FetchError, Host};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "stream",
    "Links from pages of an API, read ahead, in batches, into a slow reader: nobody runs ahead, and all is closed.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

const ON_THEIR_WAY: &str = "bytes sent, not read";

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("an API gives three links a page; we stop at link 5");
    let api = Host::new("api.example", ms(50));
    // ANCHOR: paginate
    let mut links = paginate(1, |page| list(stage.clone(), api.clone(), page));
    while let Some(link) = links.try_next().await? {
        say!(stage, "link {link}");
        if link == 5 {
            break;
        }
    }
    say!(stage, "{} pages were fetched, and no more", api.requests());
    // ANCHOR_END: paginate
    assert_eq!(api.requests(), 2);

    stage.scene("all ten links, each with 20 ms of work: one after the other, and read ahead");
    let start = Instant::now();
    let mut links = paginate(1, |page| list(stage.clone(), api.clone(), page));
    while let Some(link) = links.try_next().await? {
        work(&stage, link).await;
    }
    let plain = start.elapsed();
    // ANCHOR: prefetch
    let (start, on, host) = (Instant::now(), stage.clone(), api.clone());
    let mut links =
        paginate(1, move |page| list(on.clone(), host.clone(), page))
            .prefetch(3);
    while let Some(link) = links.try_next().await? {
        work(&stage, link).await;
    }
    let ahead = start.elapsed();
    // ANCHOR_END: prefetch
    say!(
        stage,
        "{} ms one after the other, {} ms read ahead",
        plain.as_millis(),
        ahead.as_millis()
    );
    assert!(plain >= ms(400) && ahead < plain);

    stage.scene("batches of three, but nobody waits for more than 60 ms");
    let mut sizes = Vec::new();
    // ANCHOR: batch
    let mut batches = feed(stage.clone(), 8).try_batch(3, ms(60));
    while let Some(batch) = batches.try_next().await? {
        say!(stage, "a batch: {batch:?}");
        sizes.push(batch.len());
    }
    // ANCHOR_END: batch
    assert_eq!(sizes, [3, 1, 3, 1]);

    stage.scene("the consumer has enough, and the producer closes its cursor");
    // ANCHOR: close
    let mut links = feed(stage.clone(), 8);
    let first = links.try_next().await?.expect("there are eight");
    say!(stage, "link {first} is enough");
    links.close().await?;
    say!(stage, "closed");
    // ANCHOR_END: close

    stage.scene("into a connection with room for 8 bytes, and a reader that takes its time");
    stage.bound(ON_THEIR_WAY, 16);
    let flow = Flow { stage: &stage, bytes: Cell::new(0) };
    // ANCHOR: pump
    let (ours, theirs) = duplex(8);
    let chunks = stream::iter(1..=6).map(|chunk: u32| {
        let bytes = flow.sent(8);
        say!(stage, "chunk {chunk} is made; {bytes} bytes are on their way");
        Ok::<_, FetchError>([b'.'; 8])
    });
    let writer = async {
        let pumped = pump(chunks, ours).await;
        say!(stage, "all is written");
        pumped
    };
    let (pumped, ()) = tokio::join!(writer, slow(&flow, theirs));
    // ANCHOR_END: pump
    assert_eq!(pumped?.bytes, 48);

    // ANCHOR: reset
    let (ours, theirs) = duplex(8);
    drop(theirs);
    let reset = pump(stream::iter([Ok::<_, FetchError>([b'.'; 8])]), ours)
        .await
        .expect_err("nobody reads");
    say!(stage, "and a reader that is gone is a typed error: {reset}");
    // ANCHOR_END: reset
    assert!(reset.is_reset());
    Ok(())
}

// ANCHOR: list
/// Page `page` of ten links.
async fn list(
    stage: Stage,
    api: Host,
    page: u64,
) -> Result<Page<u64, u64>, FetchError> {
    let fetch = stage.busy("api", format!("page {page}"));
    fetch.ended(api.get(u32::try_from(page).unwrap_or(u32::MAX)).await)?;
    let links = (page * 3 - 2..=page * 3).filter(|link| *link <= 10).collect();
    Ok(Page::numbered(links, page, 3))
}
// ANCHOR_END: list

async fn work(stage: &Stage, link: u64) {
    let check = stage.busy("checker", format!("link {link}"));
    sleep(ms(20)).await;
    check.done();
}

// ANCHOR: feed
/// Links every 10 ms, but for the fifth, which is late.
fn feed(stage: Stage, links: u32) -> Generator<u32, BoxError> {
    generator(async move |mut yielder: Yielder<u32>| {
        for link in 1..=links {
            stage.works("feed", format!("link {link}"));
            sleep(ms(if link == 5 { 150 } else { 10 })).await;
            stage.waits("feed", "for the consumer");
            if let Err(stopped) = yielder.emit(link).await {
                stage.cleans_up("feed", "closes its cursor");
                sleep(ms(30)).await;
                stage.rests("feed");
                say!(stage, "the feed: {stopped}; its cursor is closed");
                return Err(stopped.into());
            }
        }
        stage.rests("feed");
        Ok(())
    })
}
// ANCHOR_END: feed

/// Bytes that were sent and are not read yet.
struct Flow<'a> {
    stage: &'a Stage,
    bytes: Cell<usize>,
}

impl Flow<'_> {
    fn sent(&self, bytes: usize) -> usize {
        self.set(self.bytes.get() + bytes)
    }

    fn read(&self, bytes: usize) -> usize {
        self.set(self.bytes.get() - bytes)
    }

    fn set(&self, bytes: usize) -> usize {
        self.bytes.set(bytes);
        self.stage.level(ON_THEIR_WAY, bytes);
        bytes
    }
}

// ANCHOR: slow
/// Reads 8 bytes, and takes its time for them.
async fn slow(flow: &Flow<'_>, mut theirs: DuplexStream) {
    let mut buffer = [0; 8];
    while theirs.read_exact(&mut buffer).await.is_ok() {
        flow.read(8);
        flow.stage.works("reader", "reads 8 bytes");
        sleep(ms(40)).await;
    }
    flow.stage.rests("reader");
}
// ANCHOR_END: slow

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene(
        "a writer that puts into a buffer and does not wait for it to drain",
    );
    let (mut ours, mut theirs) = duplex(8);
    // ANCHOR: broken
    let mut buffer = Vec::new();
    for chunk in 1..=10 {
        buffer.extend([b'.'; 8]);
        stage.level("bytes in memory", buffer.len());
        say!(
            stage,
            "chunk {chunk} is \"written\"; {} bytes are in memory",
            buffer.len()
        );
        sleep(ms(5)).await;
    }
    // ANCHOR_END: broken
    assert_eq!(
        buffer.len(),
        80,
        "a download of a gigabyte would be in memory, too"
    );
    let drain = async {
        while !buffer.is_empty() {
            let rest = buffer.split_off(8);
            let wrote = ours.write_all(&buffer).await;
            buffer = rest;
            stage.level("bytes in memory", buffer.len());
            wrote?;
        }
        drop(ours);
        Ok::<_, std::io::Error>(())
    };
    let slow = async {
        let mut buffer = [0; 8];
        while theirs.read_exact(&mut buffer).await.is_ok() {
            sleep(ms(40)).await;
        }
    };
    let (drained, ()) = tokio::join!(drain, slow);
    drained?;
    say!(stage, "the reader has it all at last");
    Ok(())
}
