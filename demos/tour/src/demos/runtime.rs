//! An actor, its mailbox, and what becomes of its messages.
use actors::prelude::*;
use patterns_core::context;
use patterns_core::outcome::BoxError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "runtime",
    "What is urgent overtakes what waits in lanes with a bound, an ask ends with a reason, and no message is lost unseen.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

// ANCHOR: actor
/// Checks links, one after the other, and counts them.
struct Checker {
    stage: Stage,
    checked: u32,
}

impl Actor for Checker {
    type Context = Context<Self>;
}

/// Check this link; gives how many have been checked.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Check(&'static str);

impl Message for Check {
    type Result = u32;
}

impl Handler<Check> for Checker {
    // The actor takes nothing else until the answer is there.
    type Result = AtomicResponse<Self, u32>;

    fn handle(
        &mut self,
        Check(link): Check,
        _: &mut Context<Self>,
    ) -> Self::Result {
        let takes = if link == "a large page" { 300 } else { 20 };
        let work = self.stage.busy(link, "is checked");
        let fetch = sleep(ms(takes)).into_actor(self);
        AtomicResponse::new(Box::pin(fetch.map(move |(), checker, _| {
            work.done();
            checker.checked += 1;
            checker.checked
        })))
    }
}
// ANCHOR_END: actor

/// How many have been checked?
struct Report;

impl Message for Report {
    type Result = u32;
}

impl Handler<Report> for Checker {
    type Result = u32;

    fn handle(&mut self, _: Report, _: &mut Context<Self>) -> u32 {
        self.stage.rests("report");
        self.checked
    }
}

const ARCHIVE: [&str; 6] = [
    "archive/1",
    "archive/2",
    "archive/3",
    "archive/4",
    "archive/5",
    "archive/6",
];

async fn play(stage: Stage) -> Result<(), BoxError> {
    // ANCHOR: spawn
    let system = System::start()?;
    let config = ActorConfig::named("checker").capacity(Lane::Batch, 4);
    let on = stage.clone();
    let checker =
        system.spawn(config, move || Checker { stage: on.clone(), checked: 0 });
    // ANCHOR_END: spawn

    stage.scene("a message, and its answer");
    let checked = checker.ask(Check("home")).await?;
    say!(stage, "home is checked: number {checked}");

    stage.scene(
        "it is busy for a while, and its lane for batches has four places",
    );
    checker.tell(Check("a large page")).await?;
    sleep(ms(50)).await;
    // ANCHOR: batch
    let batch = checker.lane(Lane::Batch);
    for link in ARCHIVE {
        match batch.try_tell(Check(link)) {
            Ok(()) => stage.waits(link, "in the batch lane"),
            Err(error) => {
                say!(stage, "{link}: {error}");
                assert_eq!(
                    error.into_message(),
                    Check(link),
                    "it is ours again"
                );
            }
        }
    }
    // ANCHOR_END: batch

    stage.scene("what comes last is urgent, and one of us has 100 ms");
    // ANCHOR: urgent
    let control = checker.lane(Lane::Control);
    let report = async {
        stage.waits("report", "in the control lane");
        let checked = control.ask(Report).await?;
        say!(stage, "report: {checked} are checked so far");
        Ok::<_, AskError>(checked)
    };
    let soon =
        context::Context::current().with_deadline(Instant::now() + ms(100));
    let (patient, hasty, report) = tokio::join!(
        ask(&stage, &checker, "new/1"),
        soon.scope(ask(&stage, &checker, "new/2")),
        report,
    );
    // ANCHOR_END: urgent
    assert!(patient.is_ok() && report.is_ok());
    assert!(hasty.is_err_and(|error| error.is_timeout()));

    stage.scene(
        "the end: what is in is checked, and what comes later is given back",
    );
    // ANCHOR: end
    let receipt = checker.stop().await;
    say!(stage, "{receipt}");
    let error = checker.tell(Check("new/3")).await.expect_err("it has stopped");
    say!(stage, "new/3: {error}");
    for letter in system.dead_letters().recent() {
        let message = letter.take::<Check>();
        say!(stage, "a dead letter, {}: {message:?}", letter.reason());
    }
    // ANCHOR_END: end

    stage.scene("the books");
    let audit = system.audit();
    say!(
        stage,
        "{} sent = {} handled + {} given back + {} dead + {} on their way",
        audit.sent,
        audit.handled,
        audit.rejected,
        audit.dead,
        audit.in_flight
    );
    assert!(audit.balances() && audit.in_flight == 0, "nothing is lost unseen");
    assert!(system.shutdown(ms(2000)).await.joined);
    Ok(())
}

async fn ask(
    stage: &Stage,
    checker: &Handle<Checker>,
    link: &'static str,
) -> Result<u32, AskError> {
    stage.waits(link, "in the interactive lane");
    let checked = checker.ask(Check(link)).await;
    match &checked {
        Ok(checked) => say!(stage, "{link} is checked: number {checked}"),
        Err(error) => {
            stage.stops(link, error);
            say!(stage, "{link}: {error}");
        }
    }
    checked
}

// ANCHOR: first_attempt
enum Request {
    Check(&'static str, Option<oneshot::Sender<u32>>),
    Stop,
}

async fn check_all(stage: Stage, mut inbox: mpsc::Receiver<Request>) {
    let mut checked = 0;
    while let Some(Request::Check(link, answer)) = inbox.recv().await {
        let work = stage.busy(link, "is checked");
        sleep(ms(20)).await;
        work.done();
        checked += 1;
        if answer.is_some_and(|answer| answer.send(checked).is_err()) {
            say!(stage, "{link} is checked, and nobody waits for it");
        }
    }
    stage.rests("stop");
    say!(stage, "the request to stop has come to its turn");
}
// ANCHOR_END: first_attempt

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a task, and one channel for all that is asked of it");
    // ANCHOR: requests
    let (requests, inbox) = mpsc::channel(8);
    let checker = tokio::spawn(check_all(stage.clone(), inbox));
    for link in ARCHIVE {
        stage.waits(link, "in the channel");
        requests.send(Request::Check(link, None)).await?;
    }
    let (answer, answered) = oneshot::channel();
    stage.waits("new/1", "in the channel");
    requests.send(Request::Check("new/1", Some(answer))).await?;
    if timeout(ms(50), answered).await.is_err() {
        stage.stops("new/1", "nobody waits any more");
        say!(stage, "new/1: no answer within 50 ms, and its user has left");
    }
    stage.waits("stop", "in the channel");
    requests.send(Request::Stop).await?;
    stage.waits("archive/7", "in the channel");
    requests.send(Request::Check("archive/7", None)).await?;
    checker.await?;
    // ANCHOR_END: requests
    assert!(requests.is_closed());
    say!(
        stage,
        "archive/7 was taken in, and went down with the channel: no error, no count"
    );
    Ok(())
}
