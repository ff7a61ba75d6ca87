use std::marker::PhantomData;

use super::*;

/// Goes on along a route.
struct Node;

impl Actor for Node {
    type Context = Context<Self>;
}

/// How an actor on the route answers.
#[derive(Clone, Copy, Debug)]
enum How {
    /// It is held.
    Atomic,
    /// By futures that do not hold it.
    Reply,
    Detached,
    ActFuture,
}

type Route = Vec<(Handle<Node>, How)>;

/// Has the actor ask the next one of the route, and answer when that has.
#[derive(Message)]
#[rtype(result = "Result<(), AskError>")]
struct Go<K: 'static>(Route, PhantomData<K>);

enum Atomic {}
enum Replied {}
enum Detached {}
enum ActFuture {}

async fn go(mut route: Route) -> Result<(), AskError> {
    if route.is_empty() {
        return Ok(());
    }
    let (next, how) = route.remove(0);
    match how {
        How::Atomic => next.ask(Go::<Atomic>(route, PhantomData)).await?,
        How::Reply => next.ask(Go::<Replied>(route, PhantomData)).await?,
        How::Detached => next.ask(Go::<Detached>(route, PhantomData)).await?,
        How::ActFuture => next.ask(Go::<ActFuture>(route, PhantomData)).await?,
    }
}

impl Handler<Go<Atomic>> for Node {
    type Result = AtomicResponse<Self, Result<(), AskError>>;

    fn handle(&mut self, Go(route, _): Go<Atomic>, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(Box::pin(go(route).into_actor(self)))
    }
}

impl Handler<Go<Replied>> for Node {
    type Result = Reply<Result<(), AskError>>;

    fn handle(&mut self, Go(route, _): Go<Replied>, _: &mut Context<Self>) -> Self::Result {
        Reply::new(go(route))
    }
}

impl Handler<Go<Detached>> for Node {
    type Result = ResponseFuture<Result<(), AskError>>;

    fn handle(&mut self, Go(route, _): Go<Detached>, _: &mut Context<Self>) -> Self::Result {
        Box::pin(go(route))
    }
}

impl Handler<Go<ActFuture>> for Node {
    type Result = ResponseActFuture<Self, Result<(), AskError>>;

    fn handle(&mut self, Go(route, _): Go<ActFuture>, _: &mut Context<Self>) -> Self::Result {
        Box::pin(go(route).into_actor(self))
    }
}

/// Holds the actor for a while.
#[derive(Message)]
#[rtype(result = "()")]
struct Rest(Duration);

impl Handler<Rest> for Node {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, Rest(pause): Rest, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(Box::pin(sleep(pause).into_actor(self)))
    }
}

fn nodes(system: &System) -> [Handle<Node>; 3] {
    ["a", "b", "c"].map(|name| system.spawn(ActorConfig::named(name).capacity(Lane::Interactive, 1), || Node))
}

/// The error of a walk, if it ends with one; it takes no time in any case.
async fn walk(system: &System, nodes: &[Handle<Node>; 3], route: &[(usize, How)]) -> Option<String> {
    let started = Instant::now();
    let rejected = system.audit().rejected;
    let result = go(route.iter().map(|(n, how)| (nodes[*n].clone(), *how)).collect()).await;
    assert_eq!(started.elapsed(), Duration::ZERO, "{route:?} {result:?}");
    let error = result.err();
    assert!(error.as_ref().is_none_or(AskError::is_cycle), "{error:?}");
    yield_now().await;
    let audit = system.audit();
    assert!(audit.balances() && audit.in_flight == 0 && audit.dead == 0, "{audit:?}");
    assert_eq!(audit.rejected - rejected, u64::from(error.is_some()), "what was refused was not sent");
    error.map(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_would_wait_for_itself_is_refused_at_once_and_names_the_way_around() {
    let system = System::start().unwrap();
    let nodes = nodes(&system);
    let (a, b, c) = (0, 1, 2);
    let (held, replies, detached) = (How::Atomic, How::Reply, How::Detached);
    for last in [held, replies, detached, How::ActFuture] {
        for (route, around) in [
            (vec![(a, held), (a, last)], "a -> a"),
            (vec![(a, held), (b, held), (a, last)], "a -> b -> a"),
            (vec![(a, held), (b, replies), (a, last)], "a -> b -> a"),
            (vec![(a, held), (b, replies), (c, held), (a, last)], "a -> b -> c -> a"),
            (vec![(a, held), (b, replies), (b, replies), (c, replies), (a, last)], "a -> b -> b -> c -> a"),
            (vec![(c, replies), (a, held), (b, held), (b, last)], "b -> b"),
            (vec![(a, detached), (a, held), (b, held), (a, last)], "a -> b -> a"),
        ] {
            let error = walk(&system, &nodes, &route).await;
            assert_eq!(error, Some(format!("asking would wait for itself: {around}")), "{route:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_can_be_answered_is_not_refused() {
    let system = System::start().unwrap();
    let nodes = nodes(&system);
    let (a, b, c) = (0, 1, 2);
    for how in [How::Reply, How::Detached, How::ActFuture] {
        for route in [
            vec![(a, how), (a, how)],
            vec![(a, how), (a, how), (a, how), (a, How::Atomic)],
            vec![(a, how), (b, How::Atomic), (a, how)],
            vec![(a, how), (b, How::Atomic), (a, How::Atomic), (c, How::Atomic)],
            vec![(a, How::Atomic), (b, how), (c, How::Atomic), (b, how)],
            vec![(a, How::Atomic), (b, How::Atomic), (c, how), (c, How::Atomic)],
        ] {
            assert_eq!(walk(&system, &nodes, &route).await, None, "{route:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_is_held_by_something_else_is_waited_for() {
    let system = System::start().unwrap();
    let [a, b, _] = nodes(&system);
    let started = Instant::now();
    // The reply of `a` asks `b`, which asks `a`, which rests: it will answer.
    let (walked, rested) = tokio::join!(
        go(vec![(a.clone(), How::Reply), (b.clone(), How::Atomic), (a.clone(), How::Reply)]),
        a.tell(Rest(SECOND))
    );
    assert!(walked.is_ok() && rested.is_ok(), "{walked:?}");
    assert_eq!(started.elapsed(), SECOND);
}

/// Asks one actor after the other, beside its own.
#[derive(Message)]
#[rtype(result = "Result<(), AskError>")]
struct Both(Handle<Node>, Handle<Node>);

impl Handler<Both> for Node {
    type Result = ResponseActFuture<Self, Result<(), AskError>>;

    fn handle(&mut self, Both(first, second): Both, _: &mut Context<Self>) -> Self::Result {
        let both = async move {
            first.ask(Rest(SECOND)).await?;
            go(vec![(second, How::Reply)]).await
        };
        Box::pin(both.into_actor(self))
    }
}

#[tokio::test(start_paused = true)]
async fn an_ask_beside_an_actor_that_is_just_let_go_is_not_taken_for_one_that_holds_it() {
    let system = System::start().unwrap();
    let [a, b, _] = nodes(&system);
    let started = Instant::now();
    let (both, rested) = tokio::join!(a.ask(Both(b.clone(), a.clone())), async {
        sleep(SECOND / 2).await;
        a.ask(Rest(SECOND)).await
    });
    // The first answer came while the actor rested. So the second ask, of the actor itself, was made in the very poll
    // in which it was let go.
    assert!(both.unwrap().is_ok() && rested.is_ok());
    assert_eq!(started.elapsed(), SECOND * 3 / 2);
    assert!(system.audit().balances());
}

#[tokio::test(start_paused = true)]
async fn a_refused_ask_harms_nobody_and_can_be_made_again() {
    let system = System::start().unwrap();
    let nodes = nodes(&system);
    for _ in 0..3 {
        assert!(walk(&system, &nodes, &[(0, How::Atomic), (0, How::Reply)]).await.is_some());
        assert!(walk(&system, &nodes, &[(0, How::Reply), (0, How::Atomic)]).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_detected_ends_with_the_timeout() {
    let system = System::start().unwrap();
    let [a, b, _] = nodes(&system);
    let started = Instant::now();
    // In the task of a `ResponseFuture` nothing tells whose answer it is.
    let route = vec![(a.clone(), How::Atomic), (b, How::Detached), (a, How::Reply)];
    assert!(go(route).await.unwrap_err().is_timeout());
    assert_eq!(started.elapsed(), SECOND * 30);
}

/// Tells the actor twice something that it has one place for, and says whether both fitted.
#[derive(Message)]
#[rtype(result = "[bool; 2]")]
struct TellTwice<K: 'static>(Handle<Node>, PhantomData<K>);

async fn tell_twice(node: Handle<Node>) -> [bool; 2] {
    let mut fitted = [false; 2];
    for fitted in &mut fitted {
        *fitted = match node.tell(Rest(Duration::ZERO)).await {
            Ok(()) => true,
            Err(error) => !error.is_full(),
        };
    }
    fitted
}

impl Handler<TellTwice<Atomic>> for Node {
    type Result = AtomicResponse<Self, [bool; 2]>;

    fn handle(&mut self, TellTwice(node, _): TellTwice<Atomic>, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(Box::pin(tell_twice(node).into_actor(self)))
    }
}

impl Handler<TellTwice<ActFuture>> for Node {
    type Result = ResponseActFuture<Self, [bool; 2]>;

    fn handle(&mut self, TellTwice(node, _): TellTwice<ActFuture>, _: &mut Context<Self>) -> Self::Result {
        Box::pin(tell_twice(node).into_actor(self))
    }
}

#[tokio::test(start_paused = true)]
async fn a_held_actor_does_not_wait_for_room_that_only_it_can_make() {
    let system = System::start().unwrap();
    let [a, ..] = nodes(&system);
    assert_eq!(a.ask(TellTwice::<Atomic>(a.clone(), PhantomData)).await.unwrap(), [true, false]);
    assert_eq!(a.ask(TellTwice::<ActFuture>(a.clone(), PhantomData)).await.unwrap(), [true, true]);
    sleep(SECOND).await;
    assert!(system.audit().balances());
    assert_eq!(system.audit().in_flight, 0);
}
