//! What actix 0.13.5 does by itself, and why its mailbox and its supervisor are not used. Where a newer version does
//! better, these fail, and something here may become simpler.

use tokio::task::LocalSet;

use super::*;

/// Sends itself a message for every message, up to so many.
struct Plain {
    handled: Arc<AtomicU64>,
}

impl Actor for Plain {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Count(u64);

impl Handler<Count> for Plain {
    type Result = ();

    fn handle(&mut self, Count(more): Count, ctx: &mut Context<Self>) {
        self.handled.fetch_add(1, Ordering::Relaxed);
        if more > 0 {
            ctx.address().do_send(Count(more - 1));
        }
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Fail;

impl Handler<Fail> for Plain {
    type Result = ();

    fn handle(&mut self, _: Fail, _: &mut Context<Self>) {
        panic!("plain");
    }
}

fn plain() -> (actors::actix::Addr<Plain>, Arc<AtomicU64>) {
    let handled = Arc::new(AtomicU64::new(0));
    (Plain { handled: handled.clone() }.start(), handled)
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_of_sixteen_takes_ten_thousand() {
    let takes = async {
        let (address, handled) = plain();
        assert!((0..10_000).all(|_| address.clone().try_send(Count(0)).is_ok()));
        while handled.load(Ordering::Relaxed) < 10_000 {
            yield_now().await;
        }
    };
    LocalSet::new().run_until(takes).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_loses_the_actor_and_its_queue_and_says_only_closed() {
    let loses = async {
        let (address, handled) = plain();
        let (failed, queued) = tokio::join!(address.send(Fail), address.send(Count(0)));
        assert!(matches!(failed, Err(actors::actix::MailboxError::Closed)));
        assert!(matches!(queued, Err(actors::actix::MailboxError::Closed)));
        assert_eq!(handled.load(Ordering::Relaxed), 0);
    };
    LocalSet::new().run_until(loses).await;
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_keeps_itself_busy_lets_nobody_else_run() {
    let starves = async {
        let (address, handled) = plain();
        address.do_send(Count(100_000));
        // It has the thread until it has nothing more to do.
        while handled.load(Ordering::Relaxed) == 0 {
            yield_now().await;
        }
        assert_eq!(handled.load(Ordering::Relaxed), 100_001);
    };
    LocalSet::new().run_until(starves).await;
}

/// Counts how often its interval fires.
struct Ticker(Arc<AtomicU64>);

impl Actor for Ticker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(Duration::from_millis(100), |ticker, _| {
            ticker.0.fetch_add(1, Ordering::Relaxed);
        });
    }
}

/// Has it wait.
#[derive(Message)]
#[rtype(result = "()")]
struct Wait(Duration);

impl Handler<Wait> for Ticker {
    type Result = ();

    fn handle(&mut self, Wait(time): Wait, ctx: &mut Context<Self>) {
        ctx.wait(sleep(time).into_actor(self));
    }
}

/// With `Scheduler::every` it is one run, and the others are counted as missed.
#[tokio::test(start_paused = true)]
async fn an_interval_makes_up_in_one_burst_for_all_the_time_that_its_actor_waited() {
    let bursts = async {
        let ticks = Arc::new(AtomicU64::new(0));
        let address = Ticker(ticks.clone()).start();
        address.do_send(Wait(Duration::from_millis(1_050)));
        sleep(Duration::from_millis(1_040)).await;
        assert_eq!(ticks.load(Ordering::Relaxed), 0);
        sleep(Duration::from_millis(20)).await;
        let ticks = ticks.load(Ordering::Relaxed);
        assert!((10..=11).contains(&ticks), "{ticks} ticks within 20 ms");
    };
    LocalSet::new().run_until(bursts).await;
}

/// Counts how often the futures in its context are polled, of which there are a thousand that never end.
struct Crowded(Arc<AtomicU64>);

impl Actor for Crowded {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        for _ in 0..1_000 {
            let polls = self.0.clone();
            let never = std::future::poll_fn(move |_| {
                polls.fetch_add(1, Ordering::Relaxed);
                std::task::Poll::<()>::Pending
            });
            ctx.spawn(never.into_actor(self));
        }
    }
}

impl Handler<Count> for Crowded {
    type Result = ();

    fn handle(&mut self, _: Count, _: &mut Context<Self>) {}
}

#[tokio::test(start_paused = true)]
async fn each_ask_has_all_futures_of_the_context_polled() {
    let polled = async {
        let polls = Arc::new(AtomicU64::new(0));
        let address = Crowded(polls.clone()).start();
        address.send(Count(0)).await.unwrap();
        let before = polls.load(Ordering::Relaxed);
        for _ in 0..10 {
            address.send(Count(0)).await.unwrap();
        }
        let polls = polls.load(Ordering::Relaxed) - before;
        assert!(polls >= 9 * 1_000, "{polls} polls");
    };
    LocalSet::new().run_until(polled).await;
}
