use std::sync::Arc;
use std::time::Duration;

use actors::dead_letters::DeadLetterConfig;
use actors::prelude::*;
use actors::{DeadLetter, DeadReason};
use parking_lot::Mutex;

use crate::desk::{Add, Boom, Desk, Note, Quit, note};

mod replay;

async fn quit_with(system: &System, notes: u32) {
    let desk = system.spawn(ActorConfig::named("desk").capacity(Lane::Interactive, 2_000), Desk::new);
    desk.tell(Quit).await.unwrap();
    for n in 0..notes {
        desk.tell(note(n)).await.unwrap();
    }
    let _ = desk.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_letter_says_what_was_lost_by_whom_and_why_and_has_the_message() {
    let system = System::start().unwrap();
    quit_with(&system, 1).await;
    let letters = system.dead_letters().recent();
    let letter = &letters[0];
    assert_eq!((letter.actor(), letter.incarnation()), ("desk", 1));
    assert!(letter.message_type().ends_with("desk::Note"));
    assert_eq!(letter.reason().to_string(), "the actor stopped first: it stopped itself");
    assert_eq!(letter.take::<Add>(), None, "of another type");
    assert_eq!(letter.take::<Note>(), Some(note(0)));
    assert_eq!(letter.take::<Note>(), None, "taken once");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_a_handler_panicked_over_is_named_with_the_panic() {
    let system = System::start().unwrap();
    let desk = system.spawn(ActorConfig::named("desk"), Desk::new);
    desk.tell(Boom("lost")).await.unwrap();
    desk.ask(Add(1)).await.unwrap();
    let letters = system.dead_letters().recent();
    assert!(matches!(letters[0].reason(), DeadReason::Panicked(panic) if panic.message() == "lost"));
    assert_eq!(letters[0].take::<Boom>(), None, "the handler had consumed it");
    assert_eq!(system.dead_letters().counts().panicked, 1);
}

#[tokio::test(start_paused = true)]
async fn only_the_latest_are_kept_but_all_are_counted() {
    for (capacity, kept) in [(3, 3), (0, 0), (1024, 10)] {
        let system = System::builder().dead_letters(DeadLetterConfig::default().capacity(capacity)).start().unwrap();
        quit_with(&system, 10).await;
        let letters = system.dead_letters();
        assert_eq!(letters.recent().len(), kept);
        if let Some(last) = letters.recent().last() {
            assert_eq!(last.take::<Note>(), Some(note(9)));
        }
        assert_eq!((letters.counts().stopped, letters.counts().total()), (10, 10));
        assert_eq!(letters.drain().len(), kept);
        assert!(letters.recent().is_empty());
        assert_eq!(letters.counts().total(), 10);
    }
}

#[tokio::test(start_paused = true)]
async fn every_sink_sees_every_letter_and_one_that_panics_harms_nobody() {
    let system = System::start().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    system.dead_letters().subscribe(|_: &Arc<DeadLetter>| panic!("a bad sink"));
    system.dead_letters().subscribe(move |letter: &Arc<DeadLetter>| sink.lock().push(letter.to_string()));
    quit_with(&system, 2).await;
    assert_eq!(seen.lock().len(), 2);
    assert!(seen.lock()[0].contains("Note for desk#1: the actor stopped first"));
    assert_eq!(system.dead_letters().counts().total(), 2);
}

/// Panics when dropped.
#[derive(Message)]
#[rtype(result = "()")]
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("grenade");
    }
}

impl Handler<Grenade> for Desk {
    type Result = ();

    fn handle(&mut self, grenade: Grenade, _: &mut Context<Self>) {
        drop(grenade);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_destructor_panics_harms_nobody() {
    let system = System::builder().dead_letters(DeadLetterConfig::default().capacity(1)).start().unwrap();
    let desk = system.spawn(ActorConfig::named("desk"), Desk::new);
    desk.tell(Quit).await.unwrap();
    desk.tell(Grenade).await.unwrap();
    desk.tell(note("pushes it out of the ring")).await.unwrap();
    let _ = desk.stopped().await;
    assert_eq!(system.dead_letters().counts().stopped, 2);

    let desk = system.spawn(ActorConfig::named("desk"), Desk::new);
    assert!(desk.ask(Grenade).await.unwrap_err().panic().is_some());
    assert_eq!(desk.ask(Add(1)).await.unwrap(), 1);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(system.audit().balances());
}
