//! Every kind of answer that a handler can give, on an actor that knows nothing of this crate.

use actors::DeadReason;
use actors::actix::MessageResponse;

use super::*;

/// An ordinary actix actor.
#[derive(Default)]
struct Every {
    handled: Arc<AtomicU64>,
}

impl Actor for Every {
    type Context = Context<Self>;
}

impl Every {
    fn note(&self, fails: bool) -> u64 {
        assert!(!fails, "as it was told");
        self.handled.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A message whose handler gives `$response`, made from the number of messages so far.
macro_rules! handled {
    ($name:ident, $result:tt, $response:ty, |$actor:ident, $count:ident, $ctx:ident| $answer:expr) => {
        #[derive(Message)]
        #[rtype(result = $result)]
        struct $name(bool);

        impl Handler<$name> for Every {
            type Result = $response;

            fn handle(&mut self, $name(fails): $name, $ctx: &mut Context<Self>) -> Self::Result {
                let _ = &$ctx;
                let $count = self.note(fails);
                let $actor = self;
                let _ = &$actor;
                $answer
            }
        }
    };
}

/// A type that can be answered with as it is.
#[derive(MessageResponse, PartialEq, Debug)]
struct Own(u64);

async fn later(count: u64) -> u64 {
    sleep(Duration::from_millis(1)).await;
    count
}

handled!(Plain, "u64", u64, |actor, count, ctx| count);
handled!(Nothing, "()", (), |actor, count, ctx| {
    let _ = count;
});
handled!(Fallible, "Result<u64, String>", Result<u64, String>, |actor, count, ctx| Err(count.to_string()));
handled!(Optional, "Option<u64>", Option<u64>, |actor, count, ctx| Some(count));
handled!(Many, "Vec<u64>", Vec<u64>, |actor, count, ctx| vec![count]);
handled!(Derived, "Own", Own, |actor, count, ctx| Own(count));
handled!(Wrapped, "u64", MessageResult<Wrapped>, |actor, count, ctx| MessageResult(count));
handled!(Detached, "u64", ResponseFuture<u64>, |actor, count, ctx| Box::pin(later(count)));
handled!(InActor, "u64", ResponseActFuture<Self, u64>, |actor, count, ctx| Box::pin(later(count).into_actor(actor)));
handled!(Exclusive, "u64", AtomicResponse<Self, u64>, |actor, count, ctx| {
    AtomicResponse::new(Box::pin(later(count).into_actor(actor)))
});
handled!(Either, "u64", ActorResponse<Self, u64>, |actor, count, ctx| {
    ActorResponse::r#async(later(count).into_actor(actor))
});
handled!(Replied, "u64", Reply<u64>, |actor, count, ctx| Reply::new(later(count)));
handled!(Waited, "u64", u64, |actor, count, ctx| {
    ctx.wait(later(count).into_actor(actor).map(|_, _, _| ()));
    count
});

/// Asks for everything, in turn, through `$send`, which gives a `Result`.
macro_rules! everything {
    (|$message:ident| $send:expr) => {{
        macro_rules! sent {
            ($what:expr) => {{
                let $message = $what;
                $send.unwrap()
            }};
        }
        assert_eq!(sent!(Plain(false)), 1);
        sent!(Nothing(false));
        assert_eq!(sent!(Fallible(false)), Err("3".to_owned()));
        assert_eq!(sent!(Optional(false)), Some(4));
        assert_eq!(sent!(Many(false)), [5]);
        assert_eq!(sent!(Derived(false)), Own(6));
        assert_eq!(sent!(Wrapped(false)), 7);
        assert_eq!(sent!(Detached(false)), 8);
        assert_eq!(sent!(InActor(false)), 9);
        assert_eq!(sent!(Exclusive(false)), 10);
        assert_eq!(sent!(Either(false)), 11);
        assert_eq!(sent!(Replied(false)), 12);
        assert_eq!(sent!(Waited(false)), 13);
    }};
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_answer_comes_as_on_plain_actix() {
    tokio::task::LocalSet::new()
        .run_until(async {
            let address = Every::default().start();
            everything!(|message| address.send(message).await);
        })
        .await;
    let system = System::start().unwrap();
    let every = system.spawn(ActorConfig::named("every"), Every::default);
    everything!(|message| every.ask(message).await);
    let audit = system.audit();
    assert_eq!((audit.handled, audit.in_flight), (13, 0));
    assert!(audit.balances());
}

#[tokio::test(start_paused = true)]
async fn what_is_told_is_handled_whatever_the_answer_would_have_been() {
    let system = System::start().unwrap();
    let handled = Arc::new(AtomicU64::new(0));
    let counter = handled.clone();
    let every = system.spawn(ActorConfig::named("every"), move || Every { handled: counter.clone() });
    macro_rules! told {
        ($($message:ident)*) => { $(every.tell($message(false)).await.unwrap();)* };
    }
    told!(Plain Nothing Fallible Optional Many Derived Wrapped Detached InActor Exclusive Either Replied Waited);
    let receipt = every.stop().await;
    assert!(receipt.is_clean());
    assert_eq!((receipt.handled, handled.load(Ordering::Relaxed)), (13, 13));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_handler_is_the_askers_whatever_the_answer_would_have_been() {
    let system = System::start().unwrap();
    let restart = actors::supervision::RestartConfig::default().max_restarts(100);
    let every = system.spawn(ActorConfig::named("every").restart(restart), Every::default);
    macro_rules! failed {
        ($($message:ident)*) => {
            $({
                let error = every.ask($message(true)).await.err().unwrap();
                assert!(matches!(&error, AskError::Panicked(panic) if panic.message() == "as it was told"), "{error}");
                // Each time from the start again.
                assert_eq!(every.ask(Plain(false)).await.unwrap(), 1);
            })*
        };
    }
    failed!(Plain Nothing Fallible Optional Many Derived Wrapped Detached InActor Exclusive Either Replied Waited);
    let status = every.status();
    assert_eq!((status.panics, status.restarts, status.handled, status.dead), (13, 13, 13, 13));
    let letters = system.dead_letters().recent();
    assert!(letters.iter().all(|letter| matches!(letter.reason(), DeadReason::Panicked(_))));
    assert!(letters.iter().all(|letter| letter.history().len() == 1));
    assert!(system.audit().balances());
}
