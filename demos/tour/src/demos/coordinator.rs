//! Readiness with reasons, and shutdown in the order of dependencies.
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use actors::coordinator::{Cause, CoordinatorConfig, EventKind, Phase, Update};
use actors::{Component, Coordinator, Readiness, Receipt, System};
use async_trait::async_trait;
use patterns_core::context::Context;
use patterns_core::outcome::BoxError;
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "coordinator",
    "Whether all is ready, and if not why; a shutdown in the reverse order, with a receipt of each and an exit code.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

/// A part of the program, which takes some time to get ready and some to stop.
struct Part {
    stage: Stage,
    name: &'static str,
    ready_at: Instant,
    stops_in: u64,
    handled: u64,
    was_ready: AtomicBool,
}

impl Part {
    fn new(
        stage: &Stage,
        name: &'static str,
        ready_in: u64,
        stops_in: u64,
        handled: u64,
    ) -> Self {
        stage.waits(name, "starts");
        let ready_at = Instant::now() + ms(ready_in);
        Self {
            stage: stage.clone(),
            name,
            ready_at,
            stops_in,
            handled,
            was_ready: AtomicBool::new(false),
        }
    }
}

// ANCHOR: part
#[async_trait]
impl Component for Part {
    async fn ready(&self) -> Readiness {
        if Instant::now() < self.ready_at {
            return Readiness::NotReady("connection refused".to_owned());
        }
        if !self.was_ready.swap(true, SeqCst) {
            self.stage.works(self.name, "is ready");
        }
        Readiness::Ready
    }

    async fn shut_down(&self, _deadline: Instant) -> Receipt {
        say!(self.stage, "{} is asked to stop", self.name);
        self.stage.cleans_up(self.name, "stops");
        sleep(ms(self.stops_in)).await;
        self.stage.rests(self.name);
        say!(self.stage, "{} has stopped", self.name);
        Receipt::new(self.name).handled(self.handled)
    }
}
// ANCHOR_END: part

async fn play(stage: Stage) -> Result<(), BoxError> {
    let system = System::start()?;
    // ANCHOR: config
    let config = CoordinatorConfig::default()
        .check_interval(ms(50))
        .phase_timeout(ms(300));
    // ANCHOR_END: config

    stage.scene("workers need the database, the web server needs the workers");
    // ANCHOR: plan
    let coordinator = Coordinator::builder()
        .config(config)
        .add("database", Part::new(&stage, "database", 320, 60, 12))
        .add("workers", Part::new(&stage, "workers", 0, 100, 40))
        .after(["database"])
        .add("web", Part::new(&stage, "web", 0, 40, 7))
        .after(["workers"])
        // Nothing needs it, and it never stops.
        .add("browser", Part::new(&stage, "browser", 0, 60_000, 0))
        .start(&system)?;
    // ANCHOR_END: plan

    // ANCHOR: ready
    let soon = Context::current().with_deadline(Instant::now() + ms(200));
    let error = soon
        .scope(coordinator.wait_ready())
        .await
        .expect_err("the database takes longer");
    say!(stage, "after 200 ms: {error}");
    coordinator.wait_ready().await?;
    say!(stage, "all are ready; the phase is {}", coordinator.phase());
    // ANCHOR_END: ready
    assert_eq!(coordinator.phase(), Phase::Ready);

    stage.scene("SIGTERM: in the reverse order, each within its time");
    // ANCHOR: shutdown
    let report = coordinator.shutdown(Cause::Terminated).await;
    stage.stops("browser", "it was given up");
    say!(stage, "{report}");
    say!(stage, "exit code {}", report.code());
    // ANCHOR_END: shutdown
    let place = |name: &str| {
        report.receipts.iter().position(|receipt| receipt.name == name)
    };
    assert!(
        place("web") < place("workers") && place("workers") < place("database")
    );
    assert_eq!(report.code(), 143);

    stage.scene("what has happened, for whoever comes late");
    let mut events = coordinator.events();
    while let Some(Update::Event(event)) = events.try_next() {
        match event.kind {
            EventKind::Phase { from, to } => {
                say!(stage, "{}: {from} -> {to}", event.seq)
            }
            EventKind::Ready { component } => {
                say!(stage, "{}: {component} is ready", event.seq)
            }
            EventKind::NotReady { component, reason } => {
                say!(stage, "{}: {component}: {reason}", event.seq)
            }
            EventKind::ShutdownBegan { cause } => {
                say!(stage, "{}: the shutdown began: {cause}", event.seq)
            }
            EventKind::Stopped { receipt } => {
                say!(stage, "{}: {receipt}", event.seq)
            }
            _ => {}
        }
    }
    let receipt = system.shutdown(ms(2000)).await;
    assert!(receipt.joined);
    Ok(())
}

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("start everything, sleep a little, and hope");
    // ANCHOR: first_attempt
    let database = Part::new(&stage, "database", 320, 60, 0);
    sleep(ms(200)).await;
    let ready = database.ready().await;
    say!(stage, "the workers begin; the database: {ready:?}");
    // ANCHOR_END: first_attempt
    assert!(!ready.is_ready());
    say!(
        stage,
        "on the developer's machine 200 ms were enough; here the first jobs fail"
    );

    stage.scene("and stop everything at once");
    // ANCHOR: at_once
    let workers = Part::new(&stage, "workers", 0, 100, 0);
    let deadline = Instant::now() + ms(300);
    let _ =
        tokio::join!(database.shut_down(deadline), workers.shut_down(deadline));
    // ANCHOR_END: at_once
    say!(
        stage,
        "the database was gone 40 ms before the last worker wanted to save its page"
    );
    Ok(())
}
