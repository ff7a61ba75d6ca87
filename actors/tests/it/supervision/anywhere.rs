use super::*;

/// Panics at the place that it is told to.
struct Brittle {
    place: &'static str,
    first: bool,
    log: Log,
}

impl Actor for Brittle {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.log.note("started");
        assert!(!(self.first && self.place == "started"), "in started");
        if self.first && self.place == "timer" {
            ctx.run_later(SECOND, |_, _| panic!("in a timer"));
        }
        if self.first && self.place == "future" {
            ctx.spawn(async { panic!("in a future") }.into_actor(self));
        }
    }

    fn stopping(&mut self, _: &mut Self::Context) -> Running {
        assert!(self.place != "stopping", "in stopping");
        Running::Stop
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        assert!(self.place != "stopped", "in stopped");
    }
}

impl Drop for Brittle {
    fn drop(&mut self) {
        assert!(self.place != "drop", "in drop");
    }
}

impl Handler<Add> for Brittle {
    type Result = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        assert!(n < 1_000, "in a handler");
        n
    }
}

fn brittle(place: &'static str, log: &Log) -> impl FnMut() -> Brittle + Send + use<> {
    let (mut first, log) = (true, log.clone());
    move || Brittle { place, first: std::mem::replace(&mut first, false), log: log.clone() }
}

#[tokio::test(start_paused = true)]
async fn a_panic_outside_of_any_message_restarts_the_actor_too() {
    let system = System::start().unwrap();
    for place in ["started", "timer", "future"] {
        let log = Log::default();
        let actor = system.spawn(ActorConfig::named(place), brittle(place, &log));
        sleep(SECOND * 2).await;
        assert_eq!(actor.ask(Add(1)).await.unwrap(), 1, "{place}");
        let status = actor.status();
        assert_eq!(status.restarts, 1, "{place}");
        assert!(status.last_panic.unwrap().place().unwrap().contains("anywhere.rs"), "{place}");
        assert_eq!(log.all(), ["started", "started"], "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_stop_hook_or_in_the_destructor_neither_aborts_nor_hangs() {
    let system = System::start().unwrap();
    for place in ["stopping", "stopped", "drop"] {
        let log = Log::default();
        // Once with a handler that panics first, which is what aborts a process on plain actix.
        for n in [1, 1_000] {
            let actor = system.spawn(ActorConfig::named(place), brittle(place, &log));
            let _ = actor.ask(Add(n)).await;
            let receipt = actor.stop().await;
            assert_eq!(receipt.handled + receipt.dead, 1, "{place}");
        }
    }
    assert!(system.audit().balances());
}
