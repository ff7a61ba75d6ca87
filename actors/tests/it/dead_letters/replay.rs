use actors::dead_letters::{DeadKind, LetterFilter};
use tokio::time::{Instant, sleep};

use super::*;
use crate::desk::Log;

const SECOND: Duration = Duration::from_secs(1);

fn all() -> LetterFilter {
    LetterFilter::new()
}

/// Everything that there is to find: three notes and a sum for a desk that quit, and a panic of another one.
async fn letters(system: &System) {
    let desk = system.spawn(ActorConfig::named("desk"), Desk::new);
    desk.tell(Quit).await.unwrap();
    for n in 0..3 {
        desk.tell(note(n)).await.unwrap();
    }
    desk.tell(Add(7)).await.unwrap();
    let _ = desk.stopped().await;
    sleep(SECOND).await;
    let other = system.spawn(ActorConfig::named("other"), Desk::new);
    other.tell(Boom("ouch")).await.unwrap();
    other.ask(Add(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn letters_are_found_by_actor_type_reason_and_time() {
    let system = System::start().unwrap();
    let begun = Instant::now();
    letters(&system).await;
    let count = |filter: LetterFilter| system.dead_letters().find(&filter).len();
    assert_eq!(count(all()), 5);
    assert_eq!((count(all().actor("desk")), count(all().actor("other")), count(all().actor("des"))), (4, 1, 0));
    assert_eq!((count(all().message::<Note>()), count(all().message::<Boom>())), (3, 1));
    assert_eq!(count(all().message::<Quit>()), 0);
    assert_eq!((count(all().kind(DeadKind::Stopped)), count(all().kind(DeadKind::Panicked))), (4, 1));
    assert_eq!((count(all().since(begun)), count(all().since(begun + SECOND))), (5, 1));
    assert_eq!(count(all().since(Instant::now() + SECOND)), 0);
    // Together they narrow it down.
    assert_eq!(count(all().actor("desk").message::<Note>().kind(DeadKind::Stopped).since(begun)), 3);
    assert_eq!(count(all().actor("other").message::<Note>()), 0);
    assert_eq!(serde_json::to_string(&DeadKind::DrainTimeout).unwrap(), r#""drain_timeout""#);
}

#[tokio::test(start_paused = true)]
async fn letters_are_sent_again_in_their_order_and_kept_no_longer() {
    let system = System::start().unwrap();
    letters(&system).await;
    let log = Log::default();
    let desk = system.spawn(ActorConfig::named("heir"), Desk::factory(&log));
    let replayed = system.dead_letters().replay::<Desk, Note>(&desk, &all());
    assert_eq!((replayed.sent, replayed.left, replayed.empty), (3, 0, 0));
    let replayed = system.dead_letters().replay::<Desk, Add>(&desk, &all());
    assert_eq!((replayed.sent, replayed.left, replayed.empty), (1, 0, 0));
    assert_eq!(desk.ask(Add(1)).await.unwrap(), 8);
    assert_eq!(log.all()[2..], ["0", "1", "2"]);
    // The handler had consumed this one.
    let replayed = system.dead_letters().replay::<Desk, Boom>(&desk, &all());
    assert_eq!((replayed.sent, replayed.left, replayed.empty), (0, 0, 1));
    assert_eq!(system.dead_letters().recent().len(), 1);
    // A message that was sent again is a new one.
    assert_eq!(system.dead_letters().counts().total(), 5);
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_or_comes_too_late_is_kept() {
    let system = System::start().unwrap();
    letters(&system).await;
    let log = Log::default();
    let desk = system.spawn(ActorConfig::named("heir").capacity(Lane::Interactive, 2), Desk::factory(&log));
    let replay = |desk: &Handle<Desk>| {
        let replayed = system.dead_letters().replay::<Desk, Note>(desk, &all());
        (replayed.sent, replayed.left, replayed.empty)
    };
    assert_eq!(replay(&desk), (2, 1, 0));
    assert_eq!(replay(&desk), (0, 1, 0));
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(replay(&desk), (1, 0, 0));
    assert_eq!(replay(&desk), (0, 0, 0));
    desk.ask(Add(1)).await.unwrap();
    assert_eq!(log.all()[2..], ["0", "1", "2"]);

    let _ = desk.stop().await;
    let replayed = system.dead_letters().replay::<Desk, Add>(&desk, &all());
    assert_eq!((replayed.sent, replayed.left), (0, 1));
    let sum = system.dead_letters().find(&all().message::<Add>());
    assert_eq!(sum[0].take::<Add>(), Some(Add(7)), "it is back in its letter");
    let replayed = system.dead_letters().replay::<Desk, Add>(&desk, &all());
    assert_eq!((replayed.left, replayed.empty), (0, 1));
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn poison_can_be_sent_again_to_an_actor_that_knows_how_to_handle_it() {
    let system = System::start().unwrap();
    let desk = system.spawn(ActorConfig::named("desk"), Desk::new);
    desk.tell_retried(Boom("poison")).await.unwrap();
    desk.ask(Add(1)).await.unwrap();

    /// Handles what a desk does not.
    struct Mended;
    impl Actor for Mended {
        type Context = Context<Self>;
    }
    impl Handler<Boom> for Mended {
        type Result = ();

        fn handle(&mut self, Boom(text): Boom, _: &mut Context<Self>) {
            assert_eq!(text, "poison");
        }
    }
    let mended = system.spawn(ActorConfig::named("mended"), || Mended);
    let poison = all().actor("desk").kind(DeadKind::Poison);
    assert_eq!(system.dead_letters().replay::<Mended, Boom>(&mended, &poison).sent, 1);
    let receipt = mended.stop().await;
    assert_eq!((receipt.handled, receipt.dead), (1, 0));
    assert!(system.dead_letters().recent().is_empty());
}
