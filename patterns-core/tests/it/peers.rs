//! What tokio and its companions do where this crate does something else: the peer's behaviour is asserted
//! beside ours, so that a newer version that behaves better is noticed. Mistakes of users are in `pitfalls`.
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use patterns_core::cancel::{shield, timeout};
use patterns_core::context::{self, Context};
use patterns_core::queue::WorkQueue;
use patterns_core::reaper::Reaper;
use patterns_core::task_group::TaskGroup;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::{Log, is_never_out_of_work, ms, polled, secs};

const HOUR: Duration = Duration::from_secs(3_600);

/// Counts how many of it are alive.
struct Value(Arc<AtomicUsize>);

impl Value {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, SeqCst);
        Self(Arc::clone(alive))
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Counts how often its future is polled.
struct Counted<F> {
    fut: F,
    polls: Arc<AtomicUsize>,
}

impl<F: Future + Unpin> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        self.polls.fetch_add(1, SeqCst);
        Pin::new(&mut self.fut).poll(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_keeps_nothing_of_children_that_ended_where_an_unreaped_join_set_keeps_all() {
    const CHILDREN: usize = 1_000;
    let alive = Arc::new(AtomicUsize::new(0));
    let mut peer = JoinSet::new();
    for _ in 0..CHILDREN {
        let value = Value::new(&alive);
        peer.spawn(async move { value });
    }
    sleep(secs(1)).await;
    assert_eq!((peer.len(), alive.load(SeqCst)), (CHILDREN, CHILDREN), "tokio 1.54");

    let alive = Arc::new(AtomicUsize::new(0));
    let result = TaskGroup::new("g").run(async |group| {
        for _ in 0..CHILDREN {
            let value = Value::new(&alive);
            group.spawn("child", async move { Ok::<_, io::Error>(value) });
        }
        sleep(secs(1)).await;
        assert_eq!((group.live(), alive.load(SeqCst)), (0, 0));
        Ok(())
    });
    result.await.unwrap();
}

/// Once its task's budget is used up, each handle is "not ready", and `join_all` asks all of them.
#[tokio::test(start_paused = true)]
async fn handles_that_are_awaited_in_order_are_polled_about_once_each_where_join_all_is_quadratic() {
    const CHILDREN: usize = 10_000;
    let polls = Arc::new(AtomicUsize::new(0));
    let handles: Vec<_> = (0..CHILDREN).map(|_| tokio::spawn(async {})).collect();
    sleep(secs(1)).await;
    let counted = handles.into_iter().map(|fut| Counted { fut, polls: Arc::clone(&polls) });
    assert_eq!(join_all(counted).await.len(), CHILDREN);
    let peer = polls.swap(0, SeqCst);
    assert!(peer > 10 * CHILDREN, "futures-util 0.3.34 on tokio 1.54: {peer}");

    let result = TaskGroup::new("g").run(async |group| {
        let child = || group.spawn("child", async { Ok::<_, io::Error>(()) });
        let handles: Vec<_> = (0..CHILDREN).map(|_| child()).collect();
        sleep(secs(1)).await;
        for fut in handles {
            Counted { fut, polls: Arc::clone(&polls) }.await?;
        }
        Ok(())
    });
    result.await.unwrap();
    let ours = polls.load(SeqCst);
    assert!(ours < CHILDREN + CHILDREN / 50, "{ours}");
}

/// Blocks the thread for this long, as the virtual clock sees it.
fn block(time: Duration) {
    // The clock moves at the first poll; what is left would let others run.
    assert!(advance(time).now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_limit_cuts_no_code_that_blocks_but_such_code_can_see_how_long_it_has() {
    let blocks = || async {
        block(ms(200));
        "done"
    };
    let start = Instant::now();
    assert_eq!(tokio::time::timeout(ms(10), blocks()).await, Ok("done"), "tokio 1.54");
    assert_eq!(start.elapsed(), ms(200));

    // Nobody can cut it here either, and what is ready is not thrown away.
    let start = Instant::now();
    assert_eq!(timeout(ms(10), blocks()).await, Ok("done"));
    assert_eq!(start.elapsed(), ms(200));

    // But the limit is there to be seen, however deep, and without a parameter.
    let start = Instant::now();
    let steps = timeout(ms(10), async {
        let mut steps = 0;
        while context::remaining().is_some_and(|left| !left.is_zero()) {
            block(ms(1));
            steps += 1;
        }
        steps
    });
    assert_eq!((steps.await, start.elapsed()), (Ok(10), ms(10)));
}

/// No worse than the peer, whose `timeout` looks at the clock although the budget is used up.
#[tokio::test(start_paused = true)]
async fn a_limit_ends_work_that_never_waits_for_anything() {
    let peer = tokio::spawn(tokio::time::timeout(secs(1), is_never_out_of_work()));
    assert!(peer.await.unwrap().is_err(), "tokio 1.54");
    let ours = tokio::spawn(timeout(secs(1), is_never_out_of_work()));
    assert_eq!(ours.await.unwrap().unwrap_err().limit(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn of_two_equal_limits_the_inner_one_speaks_for_the_outer_in_the_peer() {
    let peer = tokio::time::timeout(secs(1), tokio::time::timeout(secs(1), sleep(secs(9)))).await;
    assert!(matches!(peer, Ok(Err(_))), "tokio 1.54: the outer limit has passed, and it says that all is well");
    let ours = timeout(secs(1), timeout(secs(1), sleep(secs(9)))).await;
    assert_eq!(ours.unwrap_err().limit(), secs(1));
}

tokio::task_local! {
    static REQUEST: u32;
}

#[tokio::test(start_paused = true)]
async fn what_is_ambient_reaches_the_children_of_a_group_where_a_task_local_ends_at_a_spawn() {
    let peer = REQUEST.scope(7, async {
        let spawned = tokio::spawn(async { REQUEST.try_with(|id| *id).ok() });
        let mut set = JoinSet::new();
        set.spawn(async { REQUEST.try_with(|id| *id).ok() });
        (spawned.await.unwrap(), set.join_next().await.unwrap().unwrap())
    });
    assert_eq!(peer.await, (None, None), "tokio 1.54");

    let deadline = Instant::now() + secs(7);
    let group = TaskGroup::new("g").run(async |group| {
        let child = group.spawn("child", async {
            let context = Context::current();
            Ok::<_, io::Error>((context.path().to_string(), context.deadline()))
        });
        Ok(child.await?)
    });
    let ours = Context::current().named("request-7").with_deadline(deadline).scope(group).await;
    assert_eq!(ours.unwrap(), ("request-7/g/child".to_owned(), Some(deadline)));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_child_cleans_up_where_run_until_cancelled_drops_the_future() {
    let (token, log) = (CancellationToken::new(), Log::default());
    let work = async {
        token.cancelled().await;
        sleep(secs(1)).await;
        log.add("peer cleaned");
    };
    let (peer, ()) = tokio::join!(token.run_until_cancelled(work), async {
        sleep(secs(1)).await;
        token.cancel();
    });
    assert!(peer.is_none());
    assert!(log.all().is_empty(), "tokio-util 0.7.20");

    let result = TaskGroup::new("g").run(async |group| {
        let log = log.clone();
        group.spawn("child", async move {
            let interrupt = context::sleep(HOUR).await.unwrap_err();
            sleep(secs(1)).await;
            log.add("cleaned");
            Err::<(), _>(interrupt)
        });
        sleep(secs(1)).await;
        group.cancel("enough");
        Ok(())
    });
    result.await.unwrap();
    assert_eq!(log.all(), ["cleaned"]);
}

#[tokio::test(start_paused = true)]
async fn a_reaper_with_nothing_left_is_drained_where_a_tracker_that_nobody_closed_waits_for_ever() {
    let peer = TaskTracker::new();
    peer.spawn(async {});
    assert!(tokio::time::timeout(HOUR, peer.wait()).await.is_err(), "tokio-util 0.7.20");
    assert!(peer.is_empty());

    let (ours, start) = (Reaper::new(), Instant::now());
    ours.spawn("child", async {});
    ours.drained().await;
    assert_eq!(start.elapsed(), secs(0));
    // It is not closed by that, and waits for what comes later.
    ours.spawn("later", sleep(secs(1)));
    ours.drained().await;
    assert_eq!(start.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_put_that_is_given_up_keeps_its_item_where_a_send_drops_it() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.send("first").await.unwrap();
    assert!(polled(1, sender.send("second")).await.is_none());
    drop(sender);
    assert_eq!(receiver.recv().await, Some("first"));
    assert_eq!(receiver.recv().await, None, "tokio 1.54: nobody has the second");

    let queue = WorkQueue::bounded(1);
    queue.put("first").await.unwrap();
    let mut slot = Some("second");
    assert!(polled(1, queue.put_from(&mut slot)).await.is_none());
    assert_eq!(slot, Some("second"));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_feeds_its_own_queue_ends_where_one_that_feeds_its_own_channel_waits_for_ever() {
    let links = |page: u32| [page + 1, page + 2].into_iter().filter(|link| *link < 10);
    let (sender, mut receiver) = mpsc::channel(1);
    sender.send(0).await.unwrap();
    let peer = async {
        while let Some(page) = receiver.recv().await {
            for link in links(page) {
                sender.send(link).await.unwrap();
            }
        }
    };
    assert!(tokio::time::timeout(HOUR, peer).await.is_err(), "only this worker could make the room it waits for");

    let queue = WorkQueue::builder(1).dedupe_by(|page: &u32| *page).build().unwrap();
    queue.put(0).await.unwrap();
    let worker = async {
        while let Ok(job) = queue.get().await {
            job.put_all(links(*job)).unwrap();
            job.ack();
        }
    };
    let end = async {
        queue.join().await.unwrap();
        queue.close();
    };
    let ours = async { tokio::join!(worker, end) };
    timeout(HOUR, ours).await.unwrap();
    assert_eq!(queue.stats().acked, 10);
}

#[test]
fn a_shielded_commit_is_waited_for_where_the_end_of_the_runtime_cuts_a_spawned_one() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let log = Log::default();
    let commit = |who: &'static str| {
        let log = log.clone();
        async move {
            sleep(secs(2)).await;
            log.add(format!("{who} committed"));
        }
    };
    let peer = runtime();
    peer.block_on(async {
        tokio::spawn(commit("the peer"));
        tokio::task::yield_now().await;
    });
    drop(peer);
    assert!(log.all().is_empty(), "tokio 1.54");

    let ours = runtime();
    ours.block_on(async {
        // The caller is gone after a poll; `main` waits.
        let main = async { assert!(polled(1, shield(secs(9), commit("ours"))).await.is_none()) };
        Reaper::new().run(main).await;
    });
    drop(ours);
    assert_eq!(log.all(), ["ours committed"]);
}
