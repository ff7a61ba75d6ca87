use super::*;
use crate::recorder::Sums;

#[tokio::test(start_paused = true)]
async fn the_metrics_say_who_is_ready_and_who_was_not() {
    let sums = Sums::default();
    let recorder = sums.clone();
    let _here = metrics::set_default_local_recorder(&recorder);
    let system = System::start().unwrap();
    let log = Log::default();
    let parts = parts(&log);
    let (db, cache) = (parts[0].clone(), parts[2].clone());
    cache.trouble("warming up");
    let coordinator = site(&system, &log, parts);
    sleep(SECOND).await;
    let of = |component: &str| {
        let ready = sums.get(&format!("actors_component_ready{{component={component}}}"));
        (ready, sums.get(&format!("actors_component_failures_total{{component={component}}}")))
    };
    // Not to be ready yet is no failure.
    assert_eq!((of("db"), of("cache")), ((1.0, 0.0), (0.0, 0.0)));
    cache.recover();
    coordinator.wait_ready().await.unwrap();
    for why in ["disk full", "connection refused"] {
        db.trouble(why);
        sleep(SECOND * 2).await;
        // Another reason is no other failure.
        db.trouble("as before");
        sleep(SECOND * 2).await;
        assert_eq!(of("db").0, 0.0);
        db.recover();
        sleep(SECOND * 2).await;
    }
    assert_eq!((of("db"), of("cache")), ((1.0, 2.0), (1.0, 0.0)));

    assert_eq!(sums.get("actors_escalations_total{}"), 0.0);
    let desk = system.spawn(ActorConfig::named("desk").restart(RestartConfig::never()), Desk::new);
    let _ = desk.ask(Boom("no way")).await;
    let _ = desk.stopped().await;
    assert_eq!(sums.get("actors_escalations_total{}"), 1.0);
    for prefix in ["actors_component_", "actors_escalations_"] {
        assert_eq!(sums.unexplained(prefix), [] as [String; 0]);
    }
    let _ = coordinator.shutdown(Cause::Finished).await;
}
