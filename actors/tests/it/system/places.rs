use super::*;

/// What works anywhere.
async fn exercise(system: &System) {
    let desk = system.spawn(config("desk"), Desk::new);
    assert_eq!(desk.ask(Add(2)).await.unwrap(), 2);
    assert!(desk.ask(Boom("x")).await.unwrap_err().panic().unwrap().place().is_some());
    assert_eq!(desk.ask(Add(3)).await.unwrap(), 3);
    assert_eq!(desk.ask(Later(Duration::from_millis(1))).await.unwrap(), 3);
    assert_eq!(desk.ask(Beside(Duration::from_millis(1))).await.unwrap(), 7);
    let receipt = desk.stop().await;
    assert_eq!((receipt.handled, receipt.dead), (4, 1));
    assert!(desk.ask(Add(1)).await.unwrap_err().is_stopped());
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn actors_run_on_a_paused_clock() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk"), Desk::new);
    let started = Instant::now();
    let real = std::time::SystemTime::now();
    desk.ask(Later(SECOND * 29)).await.unwrap();
    assert_eq!(started.elapsed(), SECOND * 29);
    assert!(real.elapsed().unwrap() < SECOND * 20);
    exercise(&system).await;
    assert!(system.shutdown(SECOND).await.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actors_run_in_a_multi_thread_program() {
    let system = System::start().unwrap();
    exercise(&system).await;
    let there = system.spawn(config("where"), || Where);
    assert_eq!(there.ask(Whereabouts).await.unwrap(), (Some("actors".to_owned()), true));
    assert!(system.shutdown(SECOND * 10).await.is_clean());
}

#[tokio::test]
async fn actors_can_be_given_a_thread_of_their_own() {
    let system = System::builder().own_thread().name("theirs").start().unwrap();
    let there = system.spawn(config("where"), || Where);
    assert_eq!(there.ask(Whereabouts).await.unwrap(), (Some("theirs".to_owned()), true));
    exercise(&system).await;
    assert!(system.shutdown(SECOND * 10).await.joined);
}

/// Says on which thread it lives, and whether an actix system is there.
struct Where;

impl Actor for Where {
    type Context = Context<Self>;
}

impl Handler<Whereabouts> for Where {
    type Result = MessageResult<Whereabouts>;

    fn handle(&mut self, _: Whereabouts, _: &mut Context<Self>) -> Self::Result {
        let thread = std::thread::current().name().map(ToOwned::to_owned);
        MessageResult((thread, actors::actix::System::try_current().is_some()))
    }
}

#[test]
fn actors_run_in_a_program_without_a_runtime() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk").ask_timeout(SECOND), Desk::new);
    // An executor that knows nothing of tokio, with timeouts all the same.
    futures_executor(async {
        assert_eq!(desk.ask(Add(2)).await.unwrap(), 2);
        assert!(desk.ask(Later(SECOND * 3600)).await.unwrap_err().is_timeout());
        let _ = desk.stop_by(Instant::now()).await;
        assert!(system.shutdown(SECOND * 10).await.joined);
    });
}

/// Parks the thread until the future is done.
fn futures_executor<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            return value;
        }
        std::thread::park();
    }
}

#[test]
fn actors_run_in_an_actix_program() {
    actors::actix::System::new().block_on(async {
        let system = System::start().unwrap();
        exercise(&system).await;
        assert!(system.shutdown(SECOND * 10).await.is_clean());
    });
}

/// What `#[actix::main]` makes of a program, `#[actix::test]` makes of a test.
#[actix::test]
async fn actors_run_beside_those_that_actix_has_started() {
    let plain = Where.start();
    let (here, _) = plain.send(Whereabouts).await.unwrap();
    let system = System::start().unwrap();
    let there = system.spawn(config("where"), || Where);
    assert_eq!(there.ask(Whereabouts).await.unwrap(), (here, true));
    exercise(&system).await;
    assert!(system.shutdown(SECOND * 10).await.is_clean());
    assert!(plain.connected());
}

/// When `main` returns, actix calls `stopped` of no actor on another thread.
#[tokio::test]
async fn a_shutdown_waits_for_the_hooks_of_actors_on_another_thread() {
    let system = System::builder().own_thread().start().unwrap();
    let log = Log::default();
    let desk = system.spawn(config("desk"), Desk::factory(&log));
    desk.tell(note("last words")).await.unwrap();
    let receipt = system.shutdown(SECOND * 10).await;
    assert!(receipt.is_clean(), "{receipt:?}");
    assert_eq!(log.all(), ["built 1", "started", "last words", "stopped"]);
}

#[tokio::test(start_paused = true)]
async fn the_status_lists_the_live_actors_in_the_order_of_their_start() {
    let system = System::builder().name("site").start().unwrap();
    let names = ["a", "b", "c"];
    let handles = names.map(|name| system.spawn(config(name), Desk::new));
    let _ = handles[1].stop().await;
    let status: Vec<_> = system.status().iter().map(|status| status.name.to_string()).collect();
    assert_eq!(status, ["a", "c"]);
    assert_eq!(system.name(), "site");
    assert_eq!(format!("{system:?}"), "System { name: \"site\", actors: 2, .. }");
}

#[test]
fn a_system_is_configured_from_a_file() {
    let config: SystemConfig = serde_json::from_str(r#"{"name": "site", "dead_letters": {"capacity": 5}}"#).unwrap();
    assert_eq!((config.name.as_str(), config.own_thread, config.dead_letters.capacity), ("site", false, 5));
    let unknown: Result<SystemConfig, _> = serde_json::from_str(r#"{"threads": 2}"#);
    assert!(unknown.unwrap_err().to_string().contains("threads"));
}

#[derive(Message)]
#[rtype(result = "(Option<String>, bool)")]
struct Whereabouts;
