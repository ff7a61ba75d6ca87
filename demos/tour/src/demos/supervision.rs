//! What becomes of an actor that panics, and of its messages.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use actors::prelude::*;
use actors::supervision::{Escalation, RestartConfig};
use patterns_core::outcome::BoxError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "supervision",
    "A panic costs its own message, another reader takes over after a pause, and after too many the place is given up.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

// ANCHOR: actor
/// Reads pages, and counts those that it has begun and those that it has read.
struct Reader {
    stage: Stage,
    name: &'static str,
    begun: u32,
    read: u32,
}

impl Actor for Reader {
    type Context = Context<Self>;
}

/// Read this page; gives how many this reader has read.
#[derive(Clone, Debug)]
struct Read(&'static str);

impl Message for Read {
    type Result = u32;
}

impl Handler<Read> for Reader {
    type Result = u32;

    fn handle(&mut self, Read(page): Read, _: &mut Context<Self>) -> u32 {
        // A panic between the two counts leaves them apart.
        assert_eq!(self.begun, self.read, "this reader is not to be trusted");
        self.begun += 1;
        assert!(!page.contains("bug"), "a tag without an end");
        self.read += 1;
        self.read
    }
}
// ANCHOR_END: actor

/// For the figure. A destructor runs after a panic too.
impl Drop for Reader {
    fn drop(&mut self) {
        if self.begun == self.read {
            self.stage.rests(self.name);
        } else {
            self.stage.fails(self.name, "a panic");
            self.stage.waits(self.name, "a pause");
        }
    }
}

// ANCHOR: start
fn start(
    system: &System,
    stage: &Stage,
    name: &'static str,
    restart: RestartConfig,
) -> Handle<Reader> {
    let (stage, mut built) = (stage.clone(), 0);
    let config = ActorConfig::named(name).restart(restart);
    system.spawn(config, move || {
        built += 1;
        say!(stage, "{name} number {built} begins");
        stage.works(name, format!("number {built}"));
        Reader { stage: stage.clone(), name, begun: 0, read: 0 }
    })
}
// ANCHOR_END: start

async fn play(stage: Stage) -> Result<(), BoxError> {
    let system = System::start()?;
    // ANCHOR: escalation
    let sink = stage.clone();
    system.on_escalation(move |escalation: &Escalation| {
        let Escalation { actor, restarts, panic, .. } = escalation;
        sink.rests(actor.to_string());
        say!(sink, "{actor} is given up; restarts: {restarts}, and then it");
        say!(sink, "{panic}");
    });
    // ANCHOR_END: escalation

    stage.scene("three pages, and the one in the middle breaks its reader");
    // ANCHOR: three
    // A pause is between half of this and all of it. Timers are as exact as a
    // millisecond, so the first is always one, and those that follow are two.
    let restart = RestartConfig::default().backoff(ms(1), ms(2)).max_crashes(2);
    let docs = start(&system, &stage, "docs reader", restart);
    sleep(ms(5)).await;
    let (first, second, third) = tokio::join!(
        biased;
        ask(&stage, &docs, "/"),
        ask(&stage, &docs, "/bug"),
        ask(&stage, &docs, "/about"),
    );
    assert!(first.is_ok() && second.is_err_and(|e| e.panic().is_some()));
    assert_eq!(third?, 1, "it counts from the beginning");
    // ANCHOR_END: three

    stage.scene("a message that is worth a second try, and breaks two readers");
    sleep(ms(4)).await;
    // ANCHOR: retried
    docs.tell_retried(Read("/bug again")).await?;
    assert_eq!(ask(&stage, &docs, "/news").await?, 1);
    let letters = system.dead_letters().recent();
    let letter = letters.last().expect("it is among the dead");
    say!(
        stage,
        "a dead letter of the kind {}; panics: {}, its message: {:?}",
        letter.reason().kind(),
        letter.history().len(),
        letter.take::<Read>()
    );
    // ANCHOR_END: retried

    stage.scene("another reader, which is built anew once in a minute at most");
    // ANCHOR: limit
    let restart = RestartConfig::default()
        .max_restarts(1)
        .window(ms(60_000))
        .backoff(ms(1), ms(1));
    let shop = start(&system, &stage, "shop reader", restart);
    sleep(ms(4)).await;
    let (bug, cart) = tokio::join!(
        biased;
        ask(&stage, &shop, "/shop/bug"),
        ask(&stage, &shop, "/shop/cart"),
    );
    assert!(bug.is_err() && cart.is_ok());
    sleep(ms(5)).await;
    let (last, behind) = tokio::join!(
        biased;
        ask(&stage, &shop, "/shop/bug 2"),
        ask(&stage, &shop, "/shop/help"),
    );
    assert!(last.is_err_and(|e| e.panic().is_some()));
    assert!(behind.is_err_and(|e| e.is_stopped()));
    let late = shop.tell(Read("/shop/late")).await.expect_err("it is no more");
    say!(stage, "{:?} comes back to its sender", late.into_message());
    // ANCHOR_END: limit
    let contact = ask(&stage, &docs, "/contact").await?;
    assert_eq!(contact, 2, "the other one is not concerned");

    stage.scene("the books");
    let audit = system.audit();
    say!(
        stage,
        "{} sent = {} handled + {} given back + {} dead",
        audit.sent,
        audit.handled,
        audit.rejected,
        audit.dead
    );
    assert!(audit.balances() && audit.in_flight == 0);
    assert!(system.shutdown(ms(2000)).await.is_clean());
    Ok(())
}

async fn ask(
    stage: &Stage,
    reader: &Handle<Reader>,
    page: &'static str,
) -> Result<u32, AskError> {
    stage.waits(page, "for an answer");
    let read = reader.ask(Read(page)).await;
    match &read {
        Ok(read) => {
            stage.rests(page);
            say!(stage, "{page}: page {read} of this reader");
        }
        Err(error) => {
            stage.fails(page, error);
            say!(stage, "{page}: {error}");
        }
    }
    read
}

// ANCHOR: first_attempt
async fn read_all(
    stage: Stage,
    mut pages: mpsc::Receiver<&'static str>,
    report: oneshot::Sender<usize>,
    total: Arc<AtomicUsize>,
) {
    let mut read = 0;
    while let Some(page) = pages.recv().await {
        let work = stage.busy("reader", page);
        sleep(ms(5)).await;
        assert!(!page.contains("bug"), "a tag without an end");
        work.done();
        read += 1;
        say!(stage, "{page} is read");
        stage.level("pages read", total.fetch_add(1, SeqCst) + 1);
    }
    let _ = report.send(read);
}
// ANCHOR_END: first_attempt

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a task that reads, and nobody who looks after it");
    let total = Arc::new(AtomicUsize::new(0));
    // ANCHOR: pages
    let (pages, inbox) = mpsc::channel(16);
    let (reporter, report) = oneshot::channel();
    tokio::spawn(read_all(stage.clone(), inbox, reporter, total.clone()));
    let site = ["/", "/about", "/bug", "/news", "/contact", "/help"];
    for (sent, page) in (1..).zip(site) {
        // There is room for all of them, so this can't fail.
        let _ = pages.try_send(page);
        stage.level("pages sent", sent);
        sleep(ms(10)).await;
    }
    drop(pages);
    match report.await {
        Ok(read) => say!(stage, "the report: {read} pages"),
        Err(error) => say!(stage, "the report: {error}"),
    }
    // ANCHOR_END: pages
    let read = total.load(SeqCst);
    say!(
        stage,
        "{} pages were sent and {read} read; what was in them is gone with the task",
        site.len()
    );
    assert_eq!(read, 2);
    Ok(())
}
