//! A busy actor and its neighbours, on a real clock.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use actors::actix::{Actor, Context, Handler, Message};
use actors::mailbox::{MailboxConfig, Reply};
use actors::{ActorConfig, Lane, System, WeakHandle};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, timeout};

/// When a timer is due, and how many messages of the busy actor have begun since then.
#[derive(Default)]
struct Overdue {
    due: Mutex<Option<Instant>>,
    since: AtomicUsize,
}

/// Computes for a while at every message, and sends itself another one.
struct Busy {
    me: WeakHandle<Self>,
    overdue: Arc<Overdue>,
}

impl Actor for Busy {
    type Context = Context<Self>;
}

struct Compute(Duration);

impl Message for Compute {
    type Result = ();
}

impl Handler<Compute> for Busy {
    type Result = ();

    fn handle(&mut self, Compute(time): Compute, _: &mut Context<Self>) {
        let started = Instant::now();
        if self.overdue.due.lock().is_some_and(|due| due <= started) {
            self.overdue.since.fetch_add(1, SeqCst);
        }
        while started.elapsed() < time {
            std::hint::spin_loop();
        }
        if let Some(me) = self.me.upgrade() {
            // Full or stopped: then there is enough to do, or nothing any more.
            let _ = me.try_tell(Compute(time));
        }
    }
}

/// Says how many messages a timer was late by. Of the clock a machine may take more than they do.
struct Neighbour(Arc<Overdue>);

impl Actor for Neighbour {
    type Context = Context<Self>;
}

struct Nap(Duration);

impl Message for Nap {
    type Result = usize;
}

impl Handler<Nap> for Neighbour {
    type Result = Reply<usize>;

    fn handle(&mut self, Nap(time): Nap, _: &mut Context<Self>) -> Self::Result {
        let overdue = Arc::clone(&self.0);
        Reply::new(async move {
            overdue.since.store(0, SeqCst);
            *overdue.due.lock() = Some(Instant::now() + time);
            sleep(time).await;
            *overdue.due.lock() = None;
            overdue.since.load(SeqCst)
        })
    }
}

/// By how many messages a 10 ms timer is late beside an actor that is never idle: half of the time, at most.
async fn lateness() -> usize {
    let overdue = Arc::<Overdue>::default();
    let system = System::start().unwrap();
    let mailbox = MailboxConfig::default().capacity(Lane::Interactive, 500);
    let counted = Arc::clone(&overdue);
    let busy = move |me: &WeakHandle<Busy>| Busy { me: me.clone(), overdue: Arc::clone(&counted) };
    let busy = system.spawn_with(ActorConfig::named("busy").mailbox(mailbox), busy);
    let neighbour = system.spawn(ActorConfig::named("neighbour"), move || Neighbour(Arc::clone(&overdue)));
    for _ in 0..400 {
        busy.tell(Compute(Duration::from_micros(100))).await.unwrap();
    }
    let mut late = Vec::new();
    for _ in 0..41 {
        late.push(neighbour.ask(Nap(Duration::from_millis(10))).await.unwrap());
    }
    let handled = busy.status().handled;
    assert!(handled > 1_000, "it was busy: {handled} messages");
    let _ = system.shutdown(Duration::from_secs(1)).await;
    late.sort();
    late[late.len() / 2]
}

#[tokio::test]
async fn a_busy_actor_delays_a_neighbours_timer_by_a_few_milliseconds_at_most() {
    // A turn lasts a millisecond, which is ten messages. Turns of 128 of them and nothing else would make it 64.
    let late = timeout(Duration::from_secs(30), lateness()).await.unwrap();
    assert!(late < 40, "late by {late} messages of 0.1 ms");
}
