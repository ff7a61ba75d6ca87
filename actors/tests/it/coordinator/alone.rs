//! Where the system, and with it the coordinator's actor, ends before the coordinator has done its work.

use super::*;

/// Says good-bye as politely as it is allowed to.
struct Polite(Log);

#[async_trait]
impl Component for Polite {
    async fn ready(&self) -> Readiness {
        Readiness::Ready
    }

    async fn shut_down(&self, _: Instant) -> Receipt {
        let slept = context::sleep(SECOND).await;
        self.0.note(if slept.is_ok() { "said good-bye" } else { "was interrupted" });
        Receipt::new("polite")
    }
}

fn begun(log: &Log) -> usize {
    log.all().iter().filter(|line| line.contains("begins")).count()
}

#[tokio::test(start_paused = true)]
async fn components_are_stopped_once_though_the_coordinators_actor_is_gone() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = site(&system, &log, parts(&log).map(|part| part.stopping_for(SECOND)));
    coordinator.wait_ready().await.unwrap();
    assert!(system.shutdown(SECOND * 10).await.is_clean());
    assert_eq!(begun(&log), 0, "nobody has asked for it");
    let (one, two) = tokio::join!(coordinator.shutdown(Cause::Finished), coordinator.shutdown(Cause::Interrupted));
    for report in [one, two] {
        assert!(report.is_clean(), "{report}");
        assert_eq!((report.cause.clone(), report.elapsed, report.receipts.len()), (Cause::Finished, SECOND * 3, 4));
    }
    assert_eq!((begun(&log), coordinator.phase()), (4, Phase::Stopped));
}

#[tokio::test(start_paused = true)]
async fn nor_is_that_interrupted_by_who_asks_for_it() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = Coordinator::builder().add("polite", Polite(log.clone())).start(&system).unwrap();
    assert!(system.shutdown(SECOND * 10).await.is_clean());
    let token = CancelToken::new();
    token.cancel("Ctrl-C");
    let cancelled = context::Context::current().with_token(token).with_deadline(Instant::now());
    let report = cancelled.scope(coordinator.shutdown(Cause::Interrupted)).await;
    assert!(report.is_clean(), "{report}");
    assert_eq!(log.all(), ["said good-bye"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_finished_though_the_system_is_shut_down_in_the_middle_of_it() {
    let system = System::start().unwrap();
    let log = Log::default();
    let coordinator = site(&system, &log, parts(&log).map(|part| part.stopping_for(SECOND * 2)));
    coordinator.wait_ready().await.unwrap();
    let waiting = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { coordinator.wait_shutdown().await.receipts.len() }
    });
    let both = async {
        tokio::join!(coordinator.shutdown(Cause::Finished), async {
            sleep(SECOND * 3).await;
            system.shutdown(SECOND * 10).await
        })
    };
    let (report, receipt) = tokio::time::timeout(SECOND * 60, both).await.expect("nobody waits for ever");
    assert!(report.is_clean() && receipt.is_clean(), "{report}");
    let names: Vec<_> = report.receipts.iter().map(|receipt| receipt.name.as_str()).collect();
    assert_eq!((names[0], names[3], names.len()), ("web", "db", 4));
    assert_eq!(waiting.await.unwrap(), 4);
    // The two that were cut off in the middle were asked again.
    assert_eq!(begun(&log), 4 + 2);
}

#[tokio::test(start_paused = true)]
async fn a_forced_end_gives_the_rest_of_the_system_no_more_time_either() {
    let system = System::start().unwrap();
    let desk = system.spawn(ActorConfig::named("desk").stop_timeout(SECOND * 3600), Desk::new);
    let coordinator = Coordinator::builder().add("desk", desk.clone()).start(&system).unwrap();
    coordinator.wait_ready().await.unwrap();
    // One that the coordinator knows, and one that it does not.
    let other = system.spawn(ActorConfig::named("other"), Desk::new);
    desk.tell(Hold(SECOND * 3600)).await.unwrap();
    other.tell(Hold(SECOND * 3600)).await.unwrap();
    let began = Instant::now();
    let (report, ()) = tokio::join!(coordinator.run_until(async { Cause::Interrupted }), async {
        sleep(SECOND * 2).await;
        coordinator.force();
    });
    assert!(began.elapsed() <= SECOND * 5, "{:?}", began.elapsed());
    assert_eq!((report.receipts[0].end.clone(), report.code()), (End::CutShort, 130));
    assert!(report.actors.iter().any(|receipt| receipt.name == "other" && !receipt.is_clean()), "{report}");
    assert!(desk.stop_reason().is_some() && other.stop_reason().is_some());
}
