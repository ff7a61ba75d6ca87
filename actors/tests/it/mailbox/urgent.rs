use tokio::task::JoinSet;

use super::*;

#[tokio::test(start_paused = true)]
async fn control_is_taken_in_and_comes_next_while_every_other_lane_is_full_and_has_a_queue() {
    let system = System::start().unwrap();
    let log = Log::default();
    let desk = system.spawn(small(4), Desk::factory(&log));
    desk.lane(Lane::Control).tell(Hold(SECOND)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let mut waiting = JoinSet::new();
    for lane in [Lane::Interactive, Lane::Batch] {
        let data = desk.lane(lane);
        for n in 0..4 {
            data.try_tell(note(format!("{lane} {n}"))).unwrap();
        }
        for n in 4..54 {
            let data = data.clone();
            waiting.spawn(async move { data.tell(note(format!("{lane} {n}"))).await.unwrap() });
        }
    }
    sleep(Duration::from_millis(1)).await;
    for lane in &desk.status().lanes[1..] {
        assert_eq!((lane.depth, lane.capacity, lane.waiting), (4, 4, 50), "{lane}");
    }
    for n in 0..3 {
        desk.lane(Lane::Control).try_tell(note(format!("control {n}"))).unwrap();
    }
    let started = Instant::now();
    assert_eq!(desk.lane(Lane::Control).ask(Add(7)).await.unwrap(), 7);
    assert!(started.elapsed() <= SECOND, "{:?}", started.elapsed());
    assert_eq!(log.all()[2..5], ["control 0", "control 1", "control 2"]);
    while let Some(told) = waiting.join_next().await {
        told.unwrap();
    }
    let receipt = desk.stop().await;
    assert!(receipt.is_clean());
    assert_eq!(receipt.handled, 1 + 3 + 1 + 2 * 54);
}
