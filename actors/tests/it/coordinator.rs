use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::coordinator::{
    Cause, Component, Coordinator, CoordinatorConfig, EventKind, Phase, PlanError, Readiness, ReadyError, Update,
};
use actors::prelude::*;
use actors::supervision::RestartConfig;
use actors::system::End;
use async_trait::async_trait;
use parking_lot::Mutex;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context;
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Boom, Desk, Hold, Log};

const SECOND: Duration = Duration::from_secs(1);

/// A component that does what a test tells it to.
#[derive(Clone, Default)]
struct Part {
    name: &'static str,
    log: Log,
    trouble: Arc<Mutex<Option<&'static str>>>,
    check_takes: Duration,
    stop_takes: Duration,
    panics: Arc<AtomicBool>,
}

impl Part {
    fn new(name: &'static str, log: &Log) -> Self {
        Self { name, log: log.clone(), ..Self::default() }
    }

    fn trouble(&self, why: &'static str) {
        *self.trouble.lock() = Some(why);
    }

    fn recover(&self) {
        *self.trouble.lock() = None;
    }

    fn stopping_for(mut self, time: Duration) -> Self {
        self.stop_takes = time;
        self
    }
}

#[async_trait]
impl Component for Part {
    async fn ready(&self) -> Readiness {
        sleep(self.check_takes).await;
        assert!(!self.panics.load(Ordering::Relaxed), "a bad check");
        match *self.trouble.lock() {
            Some(why) => Readiness::NotReady(why.to_owned()),
            None => Readiness::Ready,
        }
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        self.log.note(format!("{} begins, {:?} left", self.name, deadline - Instant::now()));
        sleep(self.stop_takes).await;
        assert!(!self.panics.load(Ordering::Relaxed), "a bad end");
        self.log.note(format!("{} ends", self.name));
        Receipt::new("whatever it calls itself").handled(1)
    }
}

/// web after pool and cache, pool after db.
fn site(system: &System, log: &Log, parts: [Part; 4]) -> Coordinator {
    let _ = log;
    let [db, pool, cache, web] = parts;
    Coordinator::builder()
        .add("web", web)
        .after(["pool", "cache"])
        .add("db", db)
        .add("pool", pool)
        .after(["db"])
        .add("cache", cache)
        .start(system)
        .unwrap()
}

fn parts(log: &Log) -> [Part; 4] {
    ["db", "pool", "cache", "web"].map(|name| Part::new(name, log))
}

#[tokio::test(start_paused = true)]
async fn a_program_is_ready_when_every_component_is_and_says_what_is_missing_until_then() {
    let system = System::start().unwrap();
    let log = Log::default();
    let parts = parts(&log);
    let db = parts[0].clone();
    db.trouble("connection refused");
    let coordinator = site(&system, &log, parts);
    assert_eq!(coordinator.phase(), Phase::Starting);
    assert_eq!(coordinator.status().reasons()[0], "web: not checked yet");
    sleep(Duration::from_millis(3_050)).await;
    assert_eq!(coordinator.status().reasons(), ["db: not ready for 3s: connection refused", "pool: waits for db"],);
    assert_eq!(
        coordinator.status().to_string(),
        "starting (db: not ready for 3s: connection refused; pool: waits for db)"
    );
    db.recover();
    coordinator.wait_ready().await.unwrap();
    // Ten times as often while it is not ready.
    let status = coordinator.status();
    assert_eq!((status.phase, status.reasons().len()), (Phase::Ready, 0));
    assert!((30..=33).contains(&status.components[1].checks), "{}", status.components[1].checks);
    assert!((4..=5).contains(&status.components[0].checks), "{}", status.components[0].checks);
    // Who comes late passes at once.
    let before = Instant::now();
    coordinator.wait_ready().await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_component_that_fails_degrades_the_program_until_it_recovers() {
    let system = System::start().unwrap();
    let log = Log::default();
    let parts = parts(&log);
    let db = parts[0].clone();
    let coordinator = site(&system, &log, parts);
    coordinator.wait_ready().await.unwrap();
    db.trouble("disk full");
    sleep(SECOND * 2).await;
    assert_eq!(coordinator.phase(), Phase::Degraded);
    let reasons = coordinator.status().reasons();
    assert!(reasons[0].starts_with("db: not ready for ") && reasons[0].ends_with(": disk full"), "{reasons:?}");
    db.recover();
    coordinator.wait_ready().await.unwrap();
    assert_eq!(coordinator.phase(), Phase::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_hangs_or_panics_means_not_ready_and_holds_nobody_up() {
    let system = System::start().unwrap();
    let log = Log::default();
    let mut parts = parts(&log);
    parts[0].check_takes = SECOND * 3600;
    let web = parts[3].clone();
    web.panics.store(true, Ordering::Relaxed);
    let coordinator = site(&system, &log, parts);
    sleep(SECOND * 6).await;
    let reasons = coordinator.status().reasons();
    assert!(reasons[0].contains("its check panicked: a bad check (at "), "{reasons:?}");
    assert_eq!(reasons[1], "db: not ready for 1s: its check took longer than 5s");
    assert_eq!(reasons[2], "pool: waits for db");
    assert_eq!(reasons.len(), 3, "the cache is ready");
}

#[tokio::test(start_paused = true)]
async fn components_are_stopped_when_nobody_needs_them_any_more() {
    let system = System::start().unwrap();
    let log = Log::default();
    let [db, pool, cache, web] = parts(&log);
    let parts = [
        db.stopping_for(SECOND),
        pool.stopping_for(SECOND * 2),
        cache.stopping_for(SECOND * 3),
        web.stopping_for(SECOND * 4),
    ];
    let coordinator = site(&system, &log, parts);
    coordinator.wait_ready().await.unwrap();
    let report = coordinator.shutdown(Cause::Finished).await;
    let expected = [
        "web begins, 10s left",
        "web ends",
        "pool begins, 10s left",
        "cache begins, 10s left",
        "pool ends",
        "cache ends",
        "db begins, 10s left",
        "db ends",
    ];
    assert_eq!(log.all(), expected);
    assert_eq!(report.elapsed, SECOND * (4 + 3 + 1));
    let receipts: Vec<_> =
        report.receipts.iter().map(|receipt| (receipt.name.as_str(), receipt.elapsed.as_secs())).collect();
    assert_eq!(receipts, [("web", 4), ("pool", 2), ("cache", 3), ("db", 1)]);
    assert!(report.is_clean());
    assert_eq!((report.code(), coordinator.phase()), (0, Phase::Stopped));
    assert!(report.to_string().starts_with("finished, shut down in 8s\n  web: stopped in 4s; 1 handled"));

    // Again: the first cause counts, nothing is stopped twice.
    let again = coordinator.shutdown(Cause::Interrupted).await;
    assert_eq!(again.cause, Cause::Finished);
    assert_eq!(log.all().len(), expected.len());
    assert!(matches!(coordinator.wait_ready().await, Err(ReadyError::ShuttingDown)));
}

#[tokio::test(start_paused = true)]
async fn each_phase_has_a_deadline_and_all_of_them_have_one() {
    let system = System::start().unwrap();
    let log = Log::default();
    let [db, pool, cache, web] = parts(&log);
    let parts = [db, pool.stopping_for(SECOND * 3600), cache, web.stopping_for(SECOND * 3600)];
    let coordinator = Coordinator::builder()
        .config(CoordinatorConfig::default().phase_timeout(SECOND * 10).shutdown_timeout(SECOND * 15))
        .add("db", parts[0].clone())
        .add("pool", parts[1].clone())
        .after(["db"])
        .add("web", parts[3].clone())
        .after(["pool"])
        .start(&system)
        .unwrap();
    let report = coordinator.shutdown(Cause::Requested("a test".into())).await;
    // web: ten seconds and one of grace; pool: the four that are left, and one of grace.
    assert_eq!(log.all(), ["web begins, 10s left", "pool begins, 4s left", "db begins, 0ns left", "db ends"]);
    assert_eq!(report.elapsed, SECOND * 16);
    let ends: Vec<_> = report.receipts.iter().map(|receipt| receipt.end.clone()).collect();
    assert_eq!(ends, [End::Unresponsive, End::Unresponsive, End::Clean]);
    assert_eq!(report.code(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_component_that_panics_while_it_stops_does_not_stop_the_shutdown() {
    let system = System::start().unwrap();
    let log = Log::default();
    let parts = parts(&log);
    parts[3].panics.store(true, Ordering::Relaxed);
    let coordinator = site(&system, &log, parts);
    let report = coordinator.shutdown(Cause::Finished).await;
    assert!(matches!(&report.receipts[0].end, End::Failed(why) if why.contains("a bad end")));
    assert!(report.receipts[1..].iter().all(Receipt::is_clean));
    assert_eq!((report.receipts.len(), report.code()), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn a_forced_shutdown_takes_no_more_time() {
    let system = System::start().unwrap();
    let log = Log::default();
    let parts = parts(&log).map(|part| part.stopping_for(SECOND * 5));
    let coordinator = site(&system, &log, parts);
    let (report, ()) = tokio::join!(coordinator.shutdown(Cause::Interrupted), async {
        sleep(SECOND).await;
        coordinator.force();
    });
    assert_eq!(report.elapsed, SECOND);
    assert!(report.receipts.iter().all(|receipt| receipt.end == End::CutShort));
    assert_eq!(report.code(), 130);
}

#[tokio::test(start_paused = true)]
async fn run_until_ends_with_the_signal_and_takes_the_system_along() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(ActorConfig::named("left over"), Desk::factory(&log));
    desk.tell(Add(1)).await.unwrap();
    let coordinator = site(&system, &log, parts(&log));
    let report = coordinator
        .run_until(async {
            sleep(SECOND * 60).await;
            Cause::Terminated
        })
        .await;
    assert_eq!((report.cause.clone(), report.code()), (Cause::Terminated, 143));
    assert_eq!(report.receipts.len(), 4);
    assert!(report.actors.iter().any(|receipt| receipt.name == "left over" && receipt.handled == 1));
    assert_eq!(log.all().last().unwrap(), "stopped");
    assert!(desk.ask(Add(1)).await.unwrap_err().is_stopped());
}

#[tokio::test(start_paused = true)]
async fn run_until_ends_too_when_somebody_else_shuts_down() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = site(&system, &log, parts(&log));
    let other = coordinator.clone();
    let (report, _) = tokio::join!(coordinator.run_until(std::future::pending::<Cause>()), async move {
        sleep(SECOND).await;
        other.shutdown(Cause::Failed("no disk".into())).await
    });
    assert_eq!(report.cause.to_string(), "failed: no disk");
    assert_eq!(report.code(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_a_cancelled_context_is_complete_all_the_same() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = site(&system, &log, parts(&log).map(|part| part.stopping_for(SECOND)));
    let token = CancelToken::new();
    token.cancel("Ctrl-C");
    let cancelled = context::Context::current().with_token(token).with_deadline(Instant::now());
    let report = cancelled.scope(coordinator.shutdown(Cause::Interrupted)).await;
    assert!(report.is_clean());
    assert_eq!(report.elapsed, SECOND * 3);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_whose_caller_is_dropped_goes_on() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = site(&system, &log, parts(&log).map(|part| part.stopping_for(SECOND)));
    assert!(timeout(SECOND / 2, coordinator.shutdown(Cause::Finished)).await.is_err());
    let report = coordinator.wait_shutdown().await;
    assert_eq!(report.receipts.len(), 4);
    assert_eq!(report.elapsed, SECOND * 3);
    assert_eq!(log.all().iter().filter(|line| line.contains("begins")).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_readiness_obeys_the_ambient_deadline_and_says_what_was_missing() {
    let system = System::start().unwrap();
    let log = Log::default();
    let parts = parts(&log);
    parts[2].trouble("warming up");
    let coordinator = site(&system, &log, parts);
    let limited = context::Context::current().with_deadline(Instant::now() + SECOND * 2);
    let error = limited.scope(coordinator.wait_ready()).await.unwrap_err();
    assert!(error.to_string().contains("cache: not ready for 2s: warming up"), "{error}");
    assert!(error.to_string().contains("web: waits for cache"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_fails_for_good_degrades_the_program_for_good() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = site(&system, &log, parts(&log));
    coordinator.wait_ready().await.unwrap();
    let desk = system.spawn(ActorConfig::named("desk").restart(RestartConfig::never()), Desk::new);
    let _ = desk.ask(Boom("no way")).await;
    let _ = desk.stopped().await;
    assert_eq!(coordinator.phase(), Phase::Degraded);
    let Err(ReadyError::Failed { reasons }) = coordinator.wait_ready().await else { panic!() };
    assert!(reasons[0].starts_with("desk: failed for good after 0 restarts: it panicked: no way"), "{reasons:?}");
    sleep(SECOND * 10).await;
    assert_eq!(coordinator.phase(), Phase::Degraded);
    assert!(coordinator.shutdown(Cause::Finished).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn any_actor_is_a_component() {
    let system = System::start().unwrap();
    let restart = RestartConfig::default().backoff(SECOND * 8, SECOND * 8);
    let desk = system.spawn(ActorConfig::named("desk").restart(restart), Desk::new);
    let coordinator = Coordinator::builder().add("front desk", desk.clone()).start(&system).unwrap();
    coordinator.wait_ready().await.unwrap();
    let _ = desk.ask(Boom("ouch")).await;
    sleep(SECOND * 2).await;
    assert_eq!(coordinator.phase(), Phase::Degraded);
    let reasons = coordinator.status().reasons();
    assert!(reasons[0].contains("restarting: it panicked: ouch"), "{reasons:?}");
    coordinator.wait_ready().await.unwrap();
    desk.tell(Hold(SECOND)).await.unwrap();
    desk.tell(Add(1)).await.unwrap();
    let report = coordinator.shutdown(Cause::Finished).await;
    assert_eq!((report.receipts[0].name.as_str(), report.receipts[0].handled), ("front desk", 2));
}

#[tokio::test(start_paused = true)]
async fn events_are_numbered_replayed_and_end_with_the_program() {
    let system = System::start().unwrap();
    let log = Log::default();
    let part = Part::new("db", &log);
    part.trouble("booting");
    let coordinator = Coordinator::builder().add("db", part.clone()).start(&system).unwrap();
    let mut live = coordinator.events();
    assert!(live.try_next().is_none());
    let listener = tokio::spawn(async move {
        let mut kinds = Vec::new();
        while let Some(update) = live.next().await {
            let Update::Event(event) = update else { panic!("{update:?}") };
            assert_eq!(event.seq, kinds.len() as u64);
            kinds.push(short(&event.kind));
        }
        kinds
    });
    sleep(SECOND).await;
    part.recover();
    coordinator.wait_ready().await.unwrap();
    let _ = coordinator.shutdown(Cause::Finished).await;
    let expected = [
        "db not ready: booting",
        "db ready",
        "starting to ready",
        "shutdown: finished",
        "ready to draining",
        "stopped whatever",
        "draining to stopped",
    ];
    let expected: Vec<_> = expected.iter().map(|line| line.replace("whatever", "db")).collect();
    assert_eq!(listener.await.unwrap(), expected);
    // Who comes late gets the same, or from where it left off.
    let mut late = coordinator.events_since(5);
    assert!(matches!(late.next().await, Some(Update::Event(event)) if event.seq == 5));
    assert!(late.next().await.is_some());
    assert!(late.next().await.is_none());
    assert!(late.next().await.is_none());
}

fn short(kind: &EventKind) -> String {
    match kind {
        EventKind::Phase { from, to } => format!("{from} to {to}"),
        EventKind::Ready { component } => format!("{component} ready"),
        EventKind::NotReady { component, reason } => format!("{component} not ready: {reason}"),
        EventKind::ShutdownBegan { cause } => format!("shutdown: {cause}"),
        EventKind::Stopped { receipt } => format!("stopped {}", receipt.name),
        other => format!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_listener_is_told_how_much_it_missed() {
    let system = System::start().unwrap();
    let log = Log::default();
    let part = Part::new("db", &log);
    let coordinator = Coordinator::builder()
        .config(CoordinatorConfig::default().events(4))
        .add("db", part.clone())
        .start(&system)
        .unwrap();
    let mut slow = coordinator.events();
    for n in 0..10 {
        if n % 2 == 0 {
            part.trouble("flaky")
        } else {
            part.recover()
        }
        sleep(SECOND * 2).await;
    }
    let Some(Update::Lagged(missed)) = slow.next().await else { panic!() };
    let mut seen = 0;
    while let Some(Update::Event(event)) = slow.try_next() {
        assert_eq!(event.seq, missed + seen);
        seen += 1;
    }
    assert_eq!(seen, 4);
    assert!(missed > 10, "{missed}");
}

#[tokio::test(start_paused = true)]
async fn components_that_do_not_fit_together_are_refused_at_the_start() {
    let system = System::start().unwrap();
    let part = || Part::new("x", &Log::default());
    let start = |builder: actors::coordinator::CoordinatorBuilder| builder.start(&system).unwrap_err();
    let builder = Coordinator::builder;

    let error = start(builder().add("a", part()).add("a", part()));
    assert_eq!(error.to_string(), "there are two components called \"a\"");
    let error = start(builder().add("a", part()).after(["ghost"]));
    assert_eq!(error.to_string(), "\"a\" is to come after \"ghost\", but there is no such component");
    let error = start(builder().add("a", part()).after(["a"]));
    assert_eq!(error, PlanError::Cycle(vec!["a".into(), "a".into()]));
    let error = start(
        builder()
            .add("top", part())
            .after(["a"])
            .add("a", part())
            .after(["b"])
            .add("b", part())
            .after(["c", "bottom"])
            .add("c", part())
            .after(["a"])
            .add("bottom", part()),
    );
    assert!(error.to_string().starts_with("components wait for each other in a circle: "));
    let PlanError::Cycle(mut names) = error else { panic!("{error}") };
    assert_eq!(names.first(), names.last());
    names.pop();
    names.sort();
    assert_eq!(names, ["a", "b", "c"], "those beside the circle are not blamed");
    assert_eq!(start(builder().after(["a"]).add("a", part())), PlanError::AfterNothing);
    assert!(system.status().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_program_without_components_is_ready_and_can_be_shut_down() {
    let system = System::start().unwrap();
    let coordinator = Coordinator::builder().start(&system).unwrap();
    coordinator.wait_ready().await.unwrap();
    assert!(coordinator.shutdown(Cause::Finished).await.receipts.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_coordinator_works_in_a_multi_thread_program() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = site(&system, &log, parts(&log));
    coordinator.wait_ready().await.unwrap();
    let report = coordinator.run_until(async { Cause::Interrupted }).await;
    assert!(report.is_clean());
    assert_eq!(report.receipts.len(), 4);
}

#[test]
fn a_coordinator_is_configured_from_a_file() {
    let config: CoordinatorConfig =
        serde_json::from_str(r#"{"check_interval": "250ms", "shutdown_timeout": "5s"}"#).unwrap();
    assert_eq!((config.check_interval, config.phase_timeout), (Duration::from_millis(250), SECOND * 10));
    let unknown: Result<CoordinatorConfig, _> = serde_json::from_str(r#"{"interval": "1s"}"#);
    assert!(unknown.is_err());
}
