use super::*;

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
