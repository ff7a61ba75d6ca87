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
