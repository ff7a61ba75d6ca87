use super::*;

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
async fn an_actor_that_had_failed_for_good_before_is_known_too() {
    let system = System::start().unwrap();
    let desk = system.spawn(ActorConfig::named("desk").restart(RestartConfig::never()), Desk::new);
    let _ = desk.ask(Boom("no way")).await;
    let _ = desk.stopped().await;
    let coordinator = Coordinator::builder().add("front desk", desk).start(&system).unwrap();
    let Err(ReadyError::Failed { reasons }) = coordinator.wait_ready().await else { panic!() };
    assert!(reasons.iter().any(|reason| reason.starts_with("desk: failed for good")), "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn of_many_actors_that_fail_for_good_the_latest_are_remembered() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = site(&system, &log, parts(&log));
    for n in 0..70 {
        let desk = system.spawn(ActorConfig::named(format!("desk {n}")).restart(RestartConfig::never()), Desk::new);
        let _ = desk.ask(Boom("no way")).await;
        let _ = desk.stopped().await;
    }
    let reasons = coordinator.status().reasons();
    let desks: Vec<_> = reasons.iter().filter(|reason| reason.starts_with("desk ")).collect();
    assert_eq!(desks.len(), 64);
    assert!(desks[0].starts_with("desk 6:") && desks[63].starts_with("desk 69:"), "{desks:?}");
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
