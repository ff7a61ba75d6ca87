//! A value that one waits for, and a bounded buffer on it.
use patterns_core::cancel::timeout;
use patterns_core::condition::{Buffer, Condition};
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use tokio::sync::{Mutex, Notify};
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
    produced?;
    say!(stage, "the buffer is closed and empty; read were {read:?}");
    assert_eq!(read, [1, 2, 3, 4, 5]);

    stage.scene("one condition, and each waits for something else");
    let open = Condition::new(0); // connections
    let start = Instant::now();
    let changes = async {
        for connections in [1, 2, 3, 0] {
            sleep(ms(40)).await;
            open.with(|open| *open = connections);
            say!(stage, "{connections} connections are open");
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
    closed?;
    assert_eq!(seen?, 3);
    stage.assert_took(start, ms(160));

    stage.scene("one of two waiters gives up at the moment of the change");
    let free = Condition::new(0);
    let take = || free.wait_until(|free| *free > 0, |free| *free -= 1);
    let give = async {
        sleep(ms(50)).await;
        free.with(|free| *free += 1);
    };
    let (gave_up, taken, ()) =
        tokio::join!(timeout(ms(50), take()), timeout(ms(100), take()), give);
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

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a lock and a notification for both sides: whom does it wake?");
    let (pages, changed) = (Mutex::new(0), Notify::new());
    let take = |name: &'static str| {
        let (stage, pages, changed) = (&stage, &pages, &changed);
        async move {
            loop {
                let mut pages = pages.lock().await;
                if *pages > 0 {
                    *pages -= 1;
                    stage.rests(name);
                    say!(stage, "{name} takes a page");
                    return;
                }
                drop(pages);
                stage.waits(name, "for a page");
                changed.notified().await;
            }
        }
    };
    let put = async {
        sleep(ms(50)).await;
        *pages.lock().await += 2;
        say!(stage, "two pages are put, and one notification is sent");
        // The mistake: one wake-up for two pages, and nobody sees that another is due.
        changed.notify_one();
    };
    let consumers =
        timeout(ms(300), gather(["consumer 1", "consumer 2"].map(take)));
    let ((), ended) = tokio::join!(put, consumers);
    assert!(ended.is_err());
    let left = *pages.lock().await;
    say!(stage, "{left} page is there, and a consumer waits for ever");
    assert_eq!(left, 1);
    Ok(())
}
