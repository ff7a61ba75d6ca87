//! Actors: messages that nobody waits for, questions, and what an actor takes in memory.
//!
//! It is the same actor everywhere: it adds up the numbers that it is sent, and answers with the sum when it is
//! asked. All run on the same runtime: one thread for the actor and its sender, or one for each. Mailboxes have
//! room for 1,024 messages; who sends to one without a bound lets others run after as many.
mod by_actix;
mod by_channel;
mod by_crossbeam;
mod by_kameo;
mod by_ours;
mod by_ractor;
mod by_xtra;
mod counter;
mod elsewhere;

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::yield_now;

use self::by_actix::ByActix;
use self::by_channel::ByChannel;
use self::by_crossbeam::ByCrossbeam;
use self::by_kameo::ByKameo;
use self::by_ours::ByOurs;
use self::by_ractor::ByRactor;
use self::by_xtra::ByXtra;
use self::elsewhere::{Elsewhere, elsewhere};
use super::ct;
use crate::harness::{Row, Skipped, Target, alone, calibrated, can_tell_memory, resident};

const CAPACITY: usize = 1_024;
const IN_FLIGHT: u64 = 64;
const ACTORS: usize = 100_000;
/// The mailbox of an actor of which there are many; actix's default.
const SMALL: usize = 16;

/// An actor that adds up what it is sent, as its senders hold it.
trait Summing: Clone + Send + Sync + 'static {
    /// Starts so many, each with room for so many messages, where that can be said.
    fn start(actors: usize, capacity: usize) -> impl Future<Output = Vec<Self>> + Send;

    /// Sends a number, and waits at most for room.
    fn tell(&self, n: u64) -> impl Future<Output = ()> + Send;

    /// Sends a number, and waits for the sum so far.
    fn ask(&self, n: u64) -> impl Future<Output = u64> + Send;

    /// Runs `flow` as a task on this thread, beside the actors that it starts.
    fn here<T: Send + 'static>(runtime: &Runtime, flow: impl Future<Output = T> + Send + 'static) -> T {
        runtime.block_on(async { tokio::spawn(flow).await.expect("a flow doesn't panic") })
    }

    /// Starts one on a thread of its own, which ends after what is returned is dropped.
    fn elsewhere() -> (Self, Option<Elsewhere>) {
        let (actor, thread) = elsewhere(one::<Self>);
        (actor, Some(thread))
    }
}

pub(super) fn tell_same_thread() -> Result<Row, Skipped> {
    Ok(Row::new("actor_tell_same_thread", "ns/message", Target::Ratio(0.8))
        .ours("Handle::tell", told::<ByOurs>())
        .peer("actix do_send", told::<ByActix>())
        .peer("ractor cast", told::<ByRactor>())
        .peer("kameo tell", told::<ByKameo>())
        .peer("xtra send, detached", told::<ByXtra>())
        .limit("bare channel (tokio mpsc)", told::<ByChannel>()))
}

pub(super) fn tell_cross_thread() -> Result<Row, Skipped> {
    Ok(Row::new("actor_tell_cross_thread", "ns/message", Target::Ratio(0.5))
        .ours("Handle::tell", told_across::<ByOurs>())
        .peer("actix do_send", told_across::<ByActix>())
        .peer("ractor cast", told_across::<ByRactor>())
        .peer("kameo tell", told_across::<ByKameo>())
        .peer("xtra send, detached", told_across::<ByXtra>())
        .limit("crossbeam-channel", told_across::<ByCrossbeam>()))
}

/// One question after the other.
pub(super) fn ask_same_thread() -> Result<Row, Skipped> {
    Ok(Row::new("actor_ask_same_thread", "ns/ask", Target::Ratio(1.1))
        .ours("Handle::ask", asked::<ByOurs>())
        .peer("actix send", asked::<ByActix>())
        .peer("ractor call", asked::<ByRactor>())
        .peer("kameo ask", asked::<ByKameo>())
        .peer("xtra send", asked::<ByXtra>())
        .limit("bare channel and oneshot", asked::<ByChannel>()))
}

/// Sixty-four tasks that ask an actor on another thread, each one question after the other.
pub(super) fn ask_64_in_flight() -> Result<Row, Skipped> {
    Ok(Row::new("actor_ask_64_in_flight", "ns/ask", Target::Ratio(0.7))
        .ours("Handle::ask", asked_across::<ByOurs>())
        .peer("actix other arbiter", asked_across::<ByActix>()))
}

/// A hundred thousand actors that have started, with their handles; `USED`: and have answered a question each.
pub(super) fn bytes<const USED: bool>(name: &'static str) -> Result<Row, Skipped> {
    can_tell_memory()?;
    Ok(Row::new(name, "bytes/actor", Target::Ratio(2.0))
        .ours("System::spawn", alone(name, "System::spawn", bytes_of::<ByOurs, USED>))
        .peer("actix", alone(name, "actix", bytes_of::<ByActix, USED>))
        .peer("ractor", alone(name, "ractor", bytes_of::<ByRactor, USED>))
        .peer("kameo", alone(name, "kameo", bytes_of::<ByKameo, USED>))
        .peer("xtra", alone(name, "xtra", bytes_of::<ByXtra, USED>)))
}

fn told<A: Summing>() -> impl FnMut() -> f64 {
    let runtime = ct();
    calibrated(move |messages| A::here(&runtime, async move { tells(one::<A>().await, messages).await }))
}

fn told_across<A: Summing>() -> impl FnMut() -> f64 {
    across(tells::<A>)
}

fn asked<A: Summing>() -> impl FnMut() -> f64 {
    let runtime = ct();
    calibrated(move |count| A::here(&runtime, async move { asks(one::<A>().await, count).await }))
}

fn asked_across<A: Summing>() -> impl FnMut() -> f64 {
    across(asks_at_once::<A>)
}

/// `flow` on this thread, with an actor that is on another one for all repetitions.
fn across<A, F>(flow: fn(A, u64) -> F) -> impl FnMut() -> f64
where
    A: Summing,
    F: Future<Output = Duration> + Send + 'static,
{
    let (actor, thread) = A::elsewhere();
    let runtime = ct();
    calibrated(move |count| {
        let _held = &thread;
        let flow = flow(actor.clone(), count);
        runtime.block_on(async { tokio::spawn(flow).await.expect("a flow doesn't panic") })
    })
}

/// Until the last message has been handled.
async fn tells<A: Summing>(actor: A, messages: u64) -> Duration {
    let before = actor.ask(0).await;
    let started = Instant::now();
    for n in 0..messages {
        actor.tell(n).await;
    }
    let all = messages * messages.saturating_sub(1) / 2;
    let mut sum = 0;
    // One answer is enough, but for xtra: it keeps no order, and may answer before it has handled the rest.
    while sum < all {
        sum = actor.ask(0).await - before;
    }
    let took = started.elapsed();
    assert_eq!(sum, all, "messages were doubled");
    took
}

async fn asks<A: Summing>(actor: A, count: u64) -> Duration {
    let started = Instant::now();
    for _ in 0..count {
        black_box(actor.ask(1).await);
    }
    started.elapsed()
}

async fn asks_at_once<A: Summing>(actor: A, count: u64) -> Duration {
    let each = count.div_ceil(IN_FLIGHT);
    let started = Instant::now();
    let tasks: Vec<_> = (0..IN_FLIGHT).map(|_| tokio::spawn(asks(actor.clone(), each))).collect();
    for task in tasks {
        task.await.expect("a task doesn't panic");
    }
    started.elapsed().mul_f64(count as f64 / (each * IN_FLIGHT) as f64)
}

fn bytes_of<A: Summing, const USED: bool>() -> f64 {
    A::here(&ct(), async {
        let before = resident();
        let actors = A::start(ACTORS, SMALL).await;
        while STARTED.load(Ordering::Relaxed) < ACTORS {
            yield_now().await;
        }
        if USED {
            for actor in &actors {
                assert_eq!(actor.ask(1).await, 1, "each has been asked once");
            }
        }
        (resident() - before) / actors.len() as f64
    })
}

async fn one<A: Summing>() -> A {
    A::start(1, CAPACITY).await.pop().expect("one was started")
}

/// How many actors of this process have begun their lives.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// To be called by each actor when it begins its life.
fn started() {
    STARTED.fetch_add(1, Ordering::Relaxed);
}

/// After a message without backpressure: lets others run when a bounded mailbox would be full.
async fn give_way(n: u64) {
    if n % CAPACITY as u64 == CAPACITY as u64 - 1 {
        yield_now().await;
    }
}
