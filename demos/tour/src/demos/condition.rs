//! A value that one waits for, and a bounded buffer on it.
use parking_lot::Mutex;
use patterns_core::cancel::timeout;
use patterns_core::condition::{Buffer, Condition};
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "condition",
    "To look at a value and to act on it are one step: a buffer that is never over its bound, and no wake-up is lost.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a buffer with room for two, a fast producer, a slow consumer");
    // ANCHOR: buffer
    let buffer = Buffer::new(2);
    stage.bound("in the buffer", 2);
    let producer = async {
        for page in 1..=5 {
            stage.waits("producer", "for room");
            buffer.put(page).await?;
            stage.level("in the buffer", buffer.len());
            stage.works("producer", format!("finds page {page}"));
            say!(stage, "page {page} is in; {} in the buffer", buffer.len());
            assert!(buffer.len() <= 2);
            sleep(ms(10)).await;
        }
        stage.rests("producer");
        buffer.close();
        Ok::<_, BoxError>(())
    };
    let consumer = async {
        let mut read = Vec::new();
        stage.waits("consumer", "for a page");
        while let Ok(page) = buffer.get().await {
            stage.level("in the buffer", buffer.len());
            stage.works("consumer", format!("reads page {page}"));
            sleep(ms(50)).await;
            read.push(page);
            stage.waits("consumer", "for a page");
        }
        stage.rests("consumer");
        read
    };
    let (produced, read) = tokio::join!(producer, consumer);
    // ANCHOR_END: buffer
    produced?;
    say!(stage, "the buffer is closed and empty; read were {read:?}");
    assert_eq!(read, [1, 2, 3, 4, 5]);

    stage.scene("one condition, and each waits for something else");
    // ANCHOR: open
    let open = Condition::new(0); // connections
    let start = Instant::now();
    let changes = async {
        for connections in [1, 2, 3, 0] {
            sleep(ms(40)).await;
            open.with(|open| *open = connections);
            say!(stage, "connections open: {connections}");
        }
    };
    let alarm = async {
        stage.waits("alarm", "for three");
        let seen = open.wait_until(|open| *open >= 3, |open| *open).await;
        stage.rests("alarm");
        say!(stage, "the alarm: too many");
        seen
    };
    let closing = async {
        open.wait_until(|open| *open > 0, |_| ()).await?;
        stage.waits("closing", "for none");
        open.wait_until(|open| *open == 0, |_| ()).await?;
        stage.rests("closing");
        say!(stage, "all are closed");
        Ok::<_, BoxError>(())
    };
    let ((), seen, closed) = tokio::join!(changes, alarm, closing);
    // ANCHOR_END: open
    closed?;
    assert_eq!(seen?, 3);
    stage.assert_took(start, ms(160));

    stage.scene("one of two waiters gives up at the moment of the change");
    // ANCHOR: gives_up
    let free = Condition::new(0);
    let take = || free.wait_until(|free| *free > 0, |free| *free -= 1);
    let give = async {
        sleep(ms(50)).await;
        free.with(|free| *free += 1);
    };
    let (gave_up, taken, ()) =
        tokio::join!(timeout(ms(50), take()), timeout(ms(100), take()), give);
    // ANCHOR_END: gives_up
    let first = if gave_up.is_err() { "gave up" } else { "was served" };
    say!(
        stage,
        "the first {first}, and {} is left over",
        free.read(|free| *free)
    );
    // Whoever got it, it is not lost: one of them did.
    assert_eq!(
        [gave_up.is_ok(), taken.is_ok()].into_iter().filter(|got| *got).count(),
        1
    );
    assert_eq!(free.read(|free| *free), 0);
    Ok(())
}

// ANCHOR: one_for_both
/// Room for one page, and one notification for whoever waits.
#[derive(Default)]
struct Shelf {
    page: Mutex<Option<u32>>,
    changed: Notify,
}

impl Shelf {
    async fn put(&self, page: u32) {
        self.until(|shelf| shelf.is_none().then(|| *shelf = Some(page))).await;
    }

    async fn get(&self) -> u32 {
        self.until(Option::take).await
    }

    /// Looks, and waits to look again, until there is something to do.
    async fn until<R>(
        &self,
        mut look: impl FnMut(&mut Option<u32>) -> Option<R>,
    ) -> R {
        loop {
            let changed = self.changed.notified();
            let done = look(&mut self.page.lock());
            if let Some(done) = done {
                // Whom? The one that has waited longest, whatever for.
                self.changed.notify_one();
                return done;
            }
            changed.await;
        }
    }
}
// ANCHOR_END: one_for_both

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("room for one page, and one notification for both sides");
    // ANCHOR: standstill
    let shelf = Shelf::default();
    let parsers = gather((1..=2).map(|n| parse(&stage, &shelf, n)));
    let fetchers = async {
        sleep(ms(50)).await; // both parsers wait
        gather((1..=2).map(|page| fetch(&stage, &shelf, page))).await
    };
    let all = async { tokio::join!(parsers, fetchers) };
    let ended = timeout(ms(300), all).await;
    assert!(ended.is_err());
    // ANCHOR_END: standstill
    assert_eq!(*shelf.page.lock(), None);
    say!(
        stage,
        "the shelf is empty; fetcher 2 waits for room, and parser 2 for a page"
    );
    Ok(())
}

async fn parse(stage: &Stage, shelf: &Shelf, n: u32) {
    let me = format!("parser {n}");
    stage.waits(me.clone(), "for a page");
    let page = shelf.get().await;
    stage.rests(me.clone());
    say!(stage, "{me} takes page {page}");
}

async fn fetch(stage: &Stage, shelf: &Shelf, page: u32) {
    let me = format!("fetcher {page}");
    stage.waits(me.clone(), "for room");
    shelf.put(page).await;
    stage.rests(me.clone());
    say!(stage, "{me} puts page {page}");
}
