use std::pin::pin;

use actors::supervision::ActorState;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_status_says_what_the_actor_is_busy_with_and_for_how_long() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk"), Desk::new);
    assert_eq!((desk.status().current, desk.status().state), (None, ActorState::Starting));
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(desk.status().current, None, "nothing to do");
    desk.tell(Hold(SECOND * 10)).await.unwrap();
    sleep(SECOND * 3).await;
    let current = desk.status().current.unwrap();
    assert!(current.message_type.ends_with("desk::Hold"), "{current:?}");
    assert_eq!(current.age, SECOND * 3);
    // One that is answered beside the actor does not keep it busy.
    desk.tell(Beside(SECOND * 60)).await.unwrap();
    sleep(SECOND * 10).await;
    assert_eq!(desk.status().current, None);
    desk.tell(Boom("ouch")).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!((desk.status().current, desk.status().state), (None, ActorState::Restarting));
    desk.tell(Hold(SECOND * 100)).await.unwrap();
    sleep(SECOND).await;
    let _ = desk.stop_by(Instant::now()).await;
    assert_eq!((desk.status().current, desk.status().state), (None, ActorState::Stopped));
}

/// Looks at itself while it handles a message.
struct Mirror(WeakHandle<Self>);

impl Actor for Mirror {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "Option<&'static str>")]
struct Look;

impl Handler<Look> for Mirror {
    type Result = Option<&'static str>;

    fn handle(&mut self, _: Look, _: &mut Context<Self>) -> Self::Result {
        Some(self.0.upgrade()?.status().current?.message_type)
    }
}

impl Handler<Add> for Mirror {
    type Result = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        n
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_named_while_its_handler_runs() {
    let system = System::start().unwrap();
    let mirror = system.spawn_with(config("mirror"), |me: &WeakHandle<Mirror>| Mirror(me.clone()));
    for _ in 0..3 {
        assert!(mirror.ask(Look).await.unwrap().unwrap().ends_with("inspection::Look"));
        mirror.ask(Add(1)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn waits_are_counted_by_their_order_of_size() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk"), Desk::new);
    assert_eq!((desk.status().waits.count(), desk.status().waits.quantile(0.5)), (0, None));
    for _ in 0..98 {
        desk.ask(Add(1)).await.unwrap();
    }
    desk.tell(Hold(SECOND * 4)).await.unwrap();
    sleep(SECOND).await;
    desk.ask(Add(1)).await.unwrap();
    let waits = desk.status().waits;
    assert_eq!(waits.count(), 100);
    assert_eq!(waits.buckets.len(), 2, "{waits}");
    assert_eq!(waits.buckets[0].count, 99);
    assert_eq!(waits.quantile(0.99), Some(Duration::from_nanos(1024)));
    let longest = waits.quantile(1.0).unwrap();
    // It waited for three seconds.
    assert!(longest > SECOND * 3 && longest <= SECOND * 6, "{longest:?}");
    assert_eq!(waits.quantile(7.0), waits.quantile(1.0));
    assert_eq!(waits.to_string(), format!("waits: half < 1.024µs, 99 % < 1.024µs, all < {longest:?}"));
}

#[tokio::test(start_paused = true)]
async fn a_status_is_text_and_json() {
    let system = System::start().unwrap();
    let desk = system.spawn(config("desk").capacity(Lane::Interactive, 2), Desk::new);
    desk.tell(Boom("ouch")).await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    desk.tell(Hold(SECOND * 10)).await.unwrap();
    sleep(SECOND).await;
    desk.tell(Add(1)).await.unwrap();
    desk.tell(Add(1)).await.unwrap();
    let mut waits = pin!(desk.tell(Add(1)));
    assert!(futures_util::poll!(waits.as_mut()).is_pending());
    let status = desk.status();
    let text = status.to_string();
    for part in [
        "desk#2 running; control 0/64, interactive 2/2 (+1 waiting), batch 0/256",
        "; 2 handled, 0 rejected, 1 dead, 0 running",
        "; busy with ",
        "desk::Hold for 1s",
        "; 1 panics, the last: it panicked: ouch (at ",
        "; waits: half < 1.024µs",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    let json = serde_json::to_value(system.status()).unwrap();
    let desk = &json[0];
    assert_eq!((&desk["name"], &desk["state"], &desk["restarts"]), (&"desk".into(), &"running".into(), &1.into()));
    let lane = serde_json::json!({ "lane": "interactive", "depth": 2, "capacity": 2, "waiting": 1 });
    assert_eq!(desk["lanes"][1], lane);
    assert_eq!(desk["current"]["age"], "1s");
    assert_eq!(desk["waits"]["buckets"][0]["below"], "1us 24ns");
    assert!(desk["last_panic"].as_str().unwrap().contains("ouch"));
    let audit = serde_json::to_value(system.audit()).unwrap();
    assert_eq!(audit["in_flight"], 3);
    let counts = serde_json::to_value(system.dead_letters().counts()).unwrap();
    assert_eq!((&counts["panicked"], &counts["poison"]), (&1.into(), &0.into()));
}
