use super::*;

struct Named(&'static str, Log);

impl Actor for Named {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        self.1.note(format!("stopped {}", self.0));
    }
}

impl Handler<crate::desk::Note> for Named {
    type Result = ();

    fn handle(&mut self, _: crate::desk::Note, _: &mut Context<Self>) {}
}

#[tokio::test(start_paused = true)]
async fn one_deadline_covers_the_whole_shutdown() {
    let system = System::start().unwrap();
    let handles = [0, 1, 2].map(|n| system.spawn(config(&n.to_string()), Desk::new));
    for handle in &handles {
        handle.tell(Hold(SECOND * 3600)).await.unwrap();
        handle.tell(note("never")).await.unwrap();
    }
    tokio::task::yield_now().await;
    let receipt = system.shutdown(SECOND * 5).await;
    assert!(!receipt.is_clean());
    assert_eq!(receipt.elapsed, SECOND * 5);
    assert!(receipt.actors.iter().all(|receipt| receipt.end == End::CutShort && receipt.dead == 1));
    assert_eq!(system.dead_letters().counts().drain_timeout, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_is_reported_and_does_not_block_the_shutdown() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("stuck"), || Stuck);
    let (release, held) = std::sync::mpsc::channel::<()>();
    desk.tell(Block(held)).await.unwrap();
    while desk.status().running == 0 {
        tokio::task::yield_now().await;
    }
    let receipt = system.shutdown(Duration::from_millis(10)).await;
    assert_eq!(receipt.actors[0].end, End::Unresponsive);
    assert!(!receipt.joined && !receipt.is_clean());
    drop(release);
    assert!(desk.stopped().await.end != End::Unresponsive);
    assert!(system.shutdown(SECOND * 10).await.joined);
}

struct Stuck;

impl Actor for Stuck {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Block(std::sync::mpsc::Receiver<()>);

impl Handler<Block> for Stuck {
    type Result = ();

    fn handle(&mut self, Block(held): Block, _: &mut Context<Self>) {
        let _ = held.recv();
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_half_way_can_be_finished() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk"), Desk::new);
    desk.tell(Hold(SECOND * 3)).await.unwrap();
    tokio::task::yield_now().await;
    assert!(tokio::time::timeout(SECOND, system.shutdown(SECOND * 10)).await.is_err());
    let receipt = system.shutdown(SECOND * 10).await;
    assert!(receipt.is_clean());
    assert_eq!(receipt.elapsed, SECOND * 2);
}

#[tokio::test(start_paused = true)]
async fn what_actors_leave_to_the_reaper_is_waited_for() {
    let system = System::start().unwrap();
    let actor = system.spawn(config("leaver"), || Leaver);
    actor.tell(note("go")).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(system.reaper().live()[0].path.to_string(), "actors/leaver/upload");
    let started = Instant::now();
    assert!(system.shutdown(SECOND * 10).await.is_clean());
    assert!(started.elapsed() >= SECOND * 2);

    let system = System::start().unwrap();
    let actor = system.spawn(config("leaver"), || Leaver);
    actor.tell(note("go")).await.unwrap();
    let receipt = system.shutdown(SECOND).await;
    assert_eq!(receipt.stragglers[0].path.name(), "upload");
    assert!(!receipt.is_clean());
}

/// Leaves a task behind.
struct Leaver;

impl Actor for Leaver {
    type Context = Context<Self>;
}

impl Handler<crate::desk::Note> for Leaver {
    type Result = ();

    fn handle(&mut self, _: crate::desk::Note, _: &mut Context<Self>) {
        let reaper = patterns_core::context::Context::current().reaper().clone();
        reaper.spawn("upload", sleep(SECOND * 3));
    }
}

#[tokio::test(start_paused = true)]
async fn shutting_down_stops_the_last_started_first_and_has_a_receipt_for_each() {
    let system = System::start().unwrap();
    let log = Log::default();
    let handles: Vec<_> = ["db", "pool", "web"]
        .into_iter()
        .map(|name| {
            let log = log.clone();
            system.spawn(config(name), move || Named(name, log.clone()))
        })
        .collect();
    for handle in &handles {
        handle.tell(note("x")).await.unwrap();
    }
    let receipt = system.shutdown(SECOND).await;
    assert!(receipt.is_clean());
    let names: Vec<_> = receipt.actors.iter().map(|receipt| receipt.name.as_str()).collect();
    assert_eq!(names, ["web", "pool", "db"]);
    assert!(receipt.actors.iter().all(|receipt| receipt.handled == 1));
    assert_eq!(log.all(), ["stopped web", "stopped pool", "stopped db"]);
    assert_eq!(handles[0].stop_reason(), Some(StopReason::SystemShutdown));

    // Nothing can be started any more, and nobody waits in vain.
    let late = system.spawn(config("late"), Desk::new);
    assert!(late.ask(Add(1)).await.unwrap_err().is_stopped());
    assert!(late.stop().await.is_clean());
    assert!(system.shutdown(SECOND).await.is_clean());
    assert!(system.audit().balances());
}
