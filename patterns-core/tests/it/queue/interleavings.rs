//! Random interleavings of producers, workers and cancellations over random graphs.
//!
//! An executor of this file's own polls, in random order, only tasks that were woken: a lost wake-up
//! shows as a standstill. A worker's `get` is dropped now and then, at random.
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use patterns_core::queue::{GetError, Job, OnDrop, Order, WorkQueue};
use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Task {
    fut: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Flag>,
    /// Tells the task to drop what it waits for and begin anew.
    cancel: Rc<Cell<bool>>,
}

/// Polls woken tasks in random order until all have ended; an error is a standstill.
fn run(mut tasks: Vec<Task>, rng: &mut SmallRng, mut cancels: u32) -> Result<(), TestCaseError> {
    while !tasks.is_empty() {
        if cancels > 0 && rng.random_range(0..4) == 0 {
            cancels -= 1;
            let task = &tasks[rng.random_range(0..tasks.len())];
            task.cancel.set(true);
            task.woken.0.store(true, Ordering::SeqCst);
        }
        let woken: Vec<_> = (0..tasks.len()).filter(|at| tasks[*at].woken.0.load(Ordering::SeqCst)).collect();
        prop_assert!(!woken.is_empty(), "standstill: {} tasks wait for ever", tasks.len());
        let at = woken[rng.random_range(0..woken.len())];
        let task = &mut tasks[at];
        task.woken.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&task.woken));
        if task.fut.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            drop(tasks.swap_remove(at));
        }
    }
    Ok(())
}

/// `fut`, or `None` once the task is told to drop it.
async fn cancellable<F: Future>(cancel: &Cell<bool>, fut: F) -> Option<F::Output> {
    let mut fut = std::pin::pin!(fut);
    std::future::poll_fn(|cx| {
        if cancel.take() {
            return Poll::Ready(None);
        }
        fut.as_mut().poll(cx).map(Some)
    })
    .await
}

async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct World {
    queue: WorkQueue<usize>,
    graph: Vec<Vec<usize>>,
    /// How often each page was finished: acknowledged or failed.
    finished: RefCell<BTreeMap<usize, u32>>,
    rng: RefCell<SmallRng>,
    joined: Cell<bool>,
}

impl World {
    fn dice(&self, sides: u32) -> u32 {
        self.rng.borrow_mut().random_range(0..sides)
    }

    async fn get(&self, cancel: &Cell<bool>) -> Result<Job<usize>, GetError> {
        loop {
            if let Some(result) = cancellable(cancel, self.queue.get()).await {
                return result;
            }
        }
    }

    async fn work(&self, job: Job<usize>) {
        assert!(!self.joined.get(), "`join` returned although {} was out", *job);
        for _ in 0..self.dice(3) {
            pause().await;
        }
        // A lost attempt: the page must come again.
        if job.attempt() < 3 {
            match self.dice(8) {
                0 => return drop(job),
                1 => return job.requeue().unwrap(),
                _ => {}
            }
        }
        let links = self.graph[*job].clone();
        if self.dice(2) == 0 {
            job.put_all(links).unwrap();
        } else {
            for link in links {
                let _ = job.put(link).unwrap();
                if self.dice(3) == 0 {
                    pause().await;
                }
            }
        }
        *self.finished.borrow_mut().entry(*job).or_default() += 1;
        if self.dice(6) == 0 {
            job.fail("broken");
        } else {
            job.ack();
        }
    }
}

fn task(fut: impl FnOnce(Rc<Cell<bool>>) -> Pin<Box<dyn Future<Output = ()>>>) -> Task {
    let cancel = Rc::new(Cell::new(false));
    let woken = Arc::new(Flag(AtomicBool::new(true)));
    Task { fut: fut(Rc::clone(&cancel)), woken, cancel }
}

fn reachable(graph: &[Vec<usize>], seeds: &[usize]) -> Vec<usize> {
    let mut seen = vec![false; graph.len()];
    let mut stack = seeds.to_vec();
    while let Some(page) = stack.pop() {
        if !std::mem::replace(&mut seen[page], true) {
            stack.extend(&graph[page]);
        }
    }
    (0..graph.len()).filter(|page| seen[*page]).collect()
}

fn crawl(
    graph: Vec<Vec<usize>>,
    seeds: Vec<usize>,
    bound: usize,
    workers: usize,
    order: Order,
    seed: u64,
) -> Result<(), TestCaseError> {
    let seeds: Vec<_> = seeds.into_iter().map(|page| page % graph.len()).collect();
    let expected = reachable(&graph, &seeds);
    let queue = WorkQueue::builder(bound)
        .order(order)
        .dedupe_by(|page: &usize| *page)
        .on_drop(OnDrop::Requeue { max_attempts: 5 })
        .build()
        .unwrap();
    let world = Rc::new(World {
        queue,
        graph,
        finished: RefCell::default(),
        rng: RefCell::new(SmallRng::seed_from_u64(seed)),
        joined: Cell::new(false),
    });
    let mut tasks = Vec::new();
    for _ in 0..workers {
        let world = Rc::clone(&world);
        tasks.push(task(|cancel| {
            Box::pin(async move {
                while let Ok(job) = world.get(&cancel).await {
                    world.work(job).await;
                }
            })
        }));
    }
    // Each seed has its own putter; the last one joins and closes, as in a real crawl.
    let left = Rc::new(Cell::new(seeds.len()));
    for page in seeds {
        let (world, left) = (Rc::clone(&world), Rc::clone(&left));
        tasks.push(task(|cancel| {
            Box::pin(async move {
                let mut slot = Some(page);
                while slot.is_some() {
                    cancellable(&cancel, world.queue.put_from(&mut slot)).await;
                }
                left.set(left.get() - 1);
                if left.get() == 0 {
                    while cancellable(&cancel, world.queue.join()).await.is_none() {}
                    world.joined.set(true);
                    assert_eq!(world.queue.stats().unfinished, 0);
                    world.queue.close();
                }
            })
        }));
    }
    run(tasks, &mut SmallRng::seed_from_u64(seed ^ 0x5eed), 60)?;

    let finished = world.finished.borrow();
    prop_assert!(finished.values().all(|times| *times == 1), "worked on twice: {:?}", finished);
    prop_assert_eq!(finished.keys().copied().collect::<Vec<_>>(), expected.clone());
    let stats = world.queue.stats();
    prop_assert_eq!(stats.accounted_for(), stats.put);
    prop_assert_eq!(stats.acked + stats.failed, expected.len() as u64);
    Ok(())
}

fn graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (1..30_usize).prop_flat_map(|pages| prop::collection::vec(prop::collection::vec(0..pages, 0..6), pages..=pages))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_reachable_page_is_finished_exactly_once_and_join_returns_exactly_then(
        graph in graph(),
        seeds in prop::collection::vec(any::<usize>(), 1..6),
        bound in 1..4_usize,
        workers in 1..5_usize,
        lifo in any::<bool>(),
        seed in any::<u64>(),
    ) {
        crawl(graph, seeds, bound, workers, if lifo { Order::Lifo } else { Order::Fifo }, seed)?;
    }
}
