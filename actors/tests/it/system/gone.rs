use super::*;

#[test]
fn when_the_runtime_is_dropped_under_the_actors_everybody_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let log = Log::default();
    let (system, desk, late) = runtime.block_on(async {
        let system = System::start().unwrap();
        let desk = system.spawn(config("desk"), Desk::factory(&log));
        desk.ask(Add(1)).await.unwrap();
        desk.tell(note("never handled")).await.unwrap();
        // Never begun.
        let late = system.spawn(config("late"), Desk::new);
        late.tell(note("never handled")).await.unwrap();
        (system, desk, late)
    });
    drop(runtime);
    assert_eq!(desk.stop_reason(), Some(StopReason::RuntimeGone));
    assert_eq!(late.stop_reason(), Some(StopReason::RuntimeGone));
    assert_eq!(log.all().last().unwrap(), "stopped");
    assert_eq!(system.dead_letters().counts().stopped, 2);
    assert!(system.audit().balances());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert!(desk.ask(Add(1)).await.unwrap_err().is_stopped());
        assert_eq!(desk.stopped().await.dead, 1);
        // An actor can still be asked for; it is over before it began.
        let lost = system.spawn(config("lost"), Desk::new);
        assert!(lost.ask(Add(1)).await.unwrap_err().is_stopped());
        assert!(system.shutdown(SECOND).await.joined);
    });
}

#[test]
fn a_runtime_that_moves_to_another_thread_gives_the_actors_up_and_says_so() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (system, desk) = runtime.block_on(async {
        let system = System::start().unwrap();
        let desk = system.spawn(config("desk"), Desk::new);
        desk.ask(Add(1)).await.unwrap();
        (system, desk)
    });
    std::thread::spawn(move || {
        runtime.block_on(async {
            // Taken in, as nobody has noticed yet.
            let asked = desk.ask(Add(1)).await;
            assert!(asked.unwrap_err().is_stopped());
            assert_eq!(desk.stop_reason(), Some(StopReason::RuntimeGone));
            assert!(system.audit().balances());
        });
    })
    .join()
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_actors_thread_ends_with_the_last_actor_once_nobody_can_spawn() {
    let ended = Arc::new(Mutex::new(false));
    let system = System::start().unwrap();
    let flag = OnDrop(ended.clone());
    let desk = system.spawn(config("desk"), move || Keeper { _flag: OnDrop(flag.0.clone()) });
    drop(system);
    assert_eq!(desk.ask(Add(4)).await.unwrap(), 4);
    let weak = desk.downgrade();
    drop(desk);
    assert!(weak.upgrade().is_none());
    let limit = Instant::now() + SECOND * 10;
    while !*ended.lock() {
        assert!(Instant::now() < limit, "the actor is still there");
        sleep(Duration::from_millis(1)).await;
    }
}

struct OnDrop(Arc<Mutex<bool>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        *self.0.lock() = true;
    }
}

struct Keeper {
    _flag: OnDrop,
}

impl Actor for Keeper {
    type Context = Context<Self>;
}

impl Handler<Add> for Keeper {
    type Result = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        n
    }
}

#[tokio::test(start_paused = true)]
async fn a_system_that_nobody_uses_any_more_leaves_no_task_behind() {
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    // One that never had an actor, and one whose actor outlives it.
    drop(System::start().unwrap());
    let desk = System::start().unwrap().spawn(config("desk"), Desk::new);
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(alive(), before + 1);
    drop(desk);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(alive(), before);
}
