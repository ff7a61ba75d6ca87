use super::*;

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
