//! An actor and its supervisor.
use actors::prelude::*;
use actors::supervision::{Escalation, RestartConfig};
use patterns_core::outcome::BoxError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "runtime",
    "An actor that panics loses its own message and is built anew while its mailbox waits; too many panics end it.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

/// Checks links, and counts them.
struct Checker {
    stage: Stage,
    checked: u32,
}

impl Actor for Checker {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        say!(self.stage, "a checker begins, with nothing checked yet");
    }
}

/// Check this link; gives how many have been checked.
#[derive(Clone, Copy)]
struct Check(&'static str);

impl Message for Check {
    type Result = u32;
}

impl Handler<Check> for Checker {
    type Result = u32;

    fn handle(&mut self, Check(link): Check, _: &mut Context<Self>) -> u32 {
        assert!(link.starts_with("http"), "{link:?} is no link");
        self.checked += 1;
        self.checked
    }
}

/// Read a large page, and take nothing else meanwhile.
struct Read;

impl Message for Read {
    type Result = ();
}

impl Handler<Read> for Checker {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: Read, _: &mut Context<Self>) -> Self::Result {
        let stage = self.stage.clone();
        let read = async move {
            let work = stage.busy("checker", "reads");
            sleep(ms(200)).await;
            work.done();
        };
        AtomicResponse::new(Box::pin(read.into_actor(self)))
    }
}

async fn play(stage: Stage) -> Result<(), BoxError> {
    let system = System::start()?;
    let listener = stage.clone();
    system.on_escalation(move |escalation: &Escalation| {
        say!(
            listener,
            "{} is given up, after {} restarts",
            escalation.actor,
            escalation.restarts
        );
    });
    let restart =
        RestartConfig::default().max_restarts(1).backoff(ms(1), ms(1));
    let config =
        ActorConfig::named("checker").capacity(Lane::Batch, 4).restart(restart);
    let on = stage.clone();
    let checker =
        system.spawn(config, move || Checker { stage: on.clone(), checked: 0 });

    stage.scene("a message, and its answer");
    let checked = checker.ask(Check("https://docs.example/")).await?;
    say!(stage, "checked: {checked}");

    stage.scene("it is busy, and its lane for batches has four places");
    checker.tell(Read).await?;
    sleep(ms(50)).await;
    let batch = checker.lane(Lane::Batch);
    let sent =
        [Check("https://blog.example/"); 10].map(|check| batch.try_tell(check));
    let (taken, full): (Vec<_>, Vec<_>) =
        sent.into_iter().partition(Result::is_ok);
    stage.level("waiting in the lane", taken.len());
    say!(
        stage,
        "of ten, {} are taken, and {} come back at once",
        taken.len(),
        full.len()
    );
    assert_eq!((taken.len(), full.len()), (4, 6));
    let checked = batch.ask(Check("https://docs.example/")).await?;
    stage.level("waiting in the lane", 0);
    say!(
        stage,
        "when the page is read, all are handled; checked so far: {checked}"
    );
    assert_eq!(checked, 6);

    stage.scene("three messages, and the one in the middle is a bug");
    let (first, second, third) = tokio::join!(
        checker.ask(Check("https://docs.example/1")),
        checker.ask(Check("no link")),
        checker.ask(Check("https://docs.example/3")),
    );
    say!(stage, "the first: {}", first?);
    let error = second.expect_err("it panics");
    say!(
        stage,
        "the second, at once: {:?}",
        error.panic().map(|panic| panic.message())
    );
    let third = third?;
    say!(
        stage,
        "the third waited for the new checker, which counts from the beginning: {third}"
    );
    assert_eq!(third, 1);

    stage.scene("a second panic within ten seconds is one too many");
    let _ = checker.ask(Check("no link either")).await;
    let error = checker
        .ask(Check("https://docs.example/4"))
        .await
        .expect_err("there is no checker any more");
    assert!(error.is_stopped());
    for letter in system.dead_letters().recent() {
        say!(
            stage,
            "a dead letter, with its reason: {}",
            letter.reason().kind()
        );
    }

    stage.scene("the books");
    let audit = system.audit();
    say!(stage, "sent: {}; of these handled: {}", audit.sent, audit.handled);
    say!(
        stage,
        "given back: {}; dead: {}; on their way: {}",
        audit.rejected,
        audit.dead,
        audit.in_flight
    );
    assert!(audit.balances(), "nothing is lost");
    assert!(system.shutdown(ms(2000)).await.joined);
    Ok(())
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a task with a channel, and the same bug");
    let (checks, mut inbox) =
        mpsc::channel::<(&'static str, oneshot::Sender<u32>)>(8);
    let task = tokio::spawn(async move {
        let mut checked = 0;
        while let Some((link, answer)) = inbox.recv().await {
            assert!(link.starts_with("http"), "{link:?} is no link");
            checked += 1;
            let _ = answer.send(checked);
        }
    });
    let mut answers = Vec::new();
    for link in ["https://docs.example/1", "no link", "https://docs.example/3"]
    {
        let (answer, answered) = oneshot::channel();
        let _ = checks.send((link, answer)).await;
        answers.push((link, answered));
    }
    for (link, answered) in answers {
        match answered.await {
            Ok(checked) => say!(stage, "{link}: checked: {checked}"),
            Err(error) => say!(stage, "{link}: {error}, and nobody says why"),
        }
    }
    assert!(task.await.is_err_and(|error| error.is_panic()));
    assert!(checks.is_closed(), "and from now on there is no checker");
    say!(stage, "the task is gone for good, with everything that waited");
    Ok(())
}
