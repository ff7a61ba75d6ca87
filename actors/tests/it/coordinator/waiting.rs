use tokio::task::JoinSet;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_thousand_who_wait_are_told_at_the_same_time_and_who_comes_late_at_once() {
    let system = System::start().unwrap();
    let log = Log::default();
    let parts = parts(&log);
    let db = parts[0].clone();
    db.trouble("booting");
    let coordinator = site(&system, &log, parts);
    let (mut ready, mut over) = (JoinSet::new(), JoinSet::new());
    for _ in 0..1_000 {
        let waiting = coordinator.clone();
        ready.spawn(async move { waiting.wait_ready().await.map(|()| Instant::now()).unwrap() });
        let waiting = coordinator.clone();
        over.spawn(async move { (waiting.wait_shutdown().await.cause, Instant::now()) });
    }
    sleep(SECOND * 3).await;
    assert!(ready.try_join_next().is_none());
    db.recover();
    let told = ready.join_all().await;
    assert!(told.len() == 1_000 && told.iter().all(|at| *at == told[0]));
    let late = Instant::now();
    coordinator.wait_ready().await.unwrap();
    assert_eq!(late.elapsed(), Duration::ZERO);

    assert!(over.try_join_next().is_none());
    let _ = coordinator.shutdown(Cause::Failed("no disk".into())).await;
    let told = over.join_all().await;
    assert!(told.len() == 1_000 && told.iter().all(|told| *told == (Cause::Failed("no disk".into()), Instant::now())));
    assert_eq!(coordinator.wait_shutdown().await.receipts.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_subscribes_late_gets_all_that_is_kept_and_is_told_how_much_is_not() {
    let system = System::start().unwrap();
    let part = Part::new("db", &Log::default());
    let builder = Coordinator::builder().config(CoordinatorConfig::default().events(5));
    let coordinator = builder.add("db", part.clone()).start(&system).unwrap();
    coordinator.wait_ready().await.unwrap();
    for _ in 0..4 {
        part.trouble("flaky");
        sleep(SECOND * 2).await;
        part.recover();
        sleep(SECOND * 2).await;
    }
    // It was ready, and the program; then four times both were not, and again.
    let mut late = coordinator.events();
    assert!(matches!(late.try_next(), Some(Update::Lagged(13))));
    let numbers = |subscription: &mut actors::coordinator::Subscription| -> Vec<u64> {
        let events = std::iter::from_fn(|| subscription.try_next());
        let number = |update: Update| match update {
            Update::Event(event) => event.seq,
            Update::Lagged(missed) => panic!("{missed} were missed"),
        };
        events.map(number).collect()
    };
    assert_eq!(numbers(&mut late), [13, 14, 15, 16, 17]);
    assert_eq!(numbers(&mut coordinator.events_since(15)), [15, 16, 17]);

    // Who is ahead waits for its event, and two of them get the same.
    let (mut ahead, mut other) = (coordinator.events_since(18), late.clone());
    assert!(ahead.try_next().is_none() && late.try_next().is_none());
    part.trouble("flaky");
    for subscription in [&mut ahead, &mut late, &mut other] {
        let Some(Update::Event(event)) = subscription.next().await else { panic!("it goes on") };
        assert_eq!(event.seq, 18);
        assert!(matches!(event.kind, EventKind::NotReady { reason, .. } if reason == "flaky"));
    }
}
