use super::*;

/// A desk held for three seconds, with one place that is taken.
async fn full_desk() -> (System, Handle<Desk>) {
    let system = System::start().unwrap();
    let desk = system.spawn(small(1), Desk::new);
    desk.lane(Lane::Control).tell(Hold(SECOND * 3)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    desk.tell(Add(1)).await.unwrap();
    (system, desk)
}

/// Everything sent is accounted for, nobody waits, and the actor still answers.
async fn is_whole(system: &System, desk: &Handle<Desk>) {
    desk.ask(Add(0)).await.unwrap();
    let audit = system.audit();
    assert!(audit.balances() && audit.in_flight == 0, "{audit:?}");
    assert_eq!(desk.status().lanes[1].waiting, 0);
}

#[test]
fn a_tell_and_an_ask_can_be_cut_off_anywhere() {
    let explored = explore_cancellation(
        full_desk,
        |(_, desk)| async move {
            desk.tell(Add(10)).await?;
            desk.ask(Add(100)).await?;
            desk.ask(Beside(SECOND)).await?;
            Ok::<_, Box<dyn std::error::Error>>(())
        },
        async |(system, desk)| is_whole(system, desk).await,
    );
    assert!(explored.polls >= 4, "{explored:?}");
}

#[test]
fn a_sender_in_the_middle_of_a_line_can_be_cut_off_anywhere() {
    explore_cancellation(
        async || {
            let (system, desk) = full_desk().await;
            for n in [2, 3] {
                let desk = desk.clone();
                tokio::spawn(async move { desk.tell(Add(n)).await });
                yield_now().await;
            }
            (system, desk)
        },
        |(_, desk)| async move {
            let (one, two) = tokio::join!(desk.tell(Add(10)), desk.ask(Add(100)));
            one?;
            two?;
            Ok::<_, Box<dyn std::error::Error>>(())
        },
        async |(system, desk)| is_whole(system, desk).await,
    );
}

#[test]
fn a_stop_can_be_cut_off_anywhere_and_happens_all_the_same() {
    explore_cancellation(
        full_desk,
        |(_, desk)| async move { drop(desk.stop().await) },
        async |(system, desk): &(System, Handle<Desk>)| {
            // Cut off before its first poll, it has asked for nothing yet.
            let receipt = desk.stop().await;
            assert_eq!(receipt, desk.stopped().await);
            assert_eq!((receipt.handled, receipt.dead), (2, 0));
            assert!(system.audit().balances());
        },
    );
}
