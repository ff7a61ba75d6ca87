//! Random operations against a plain model: order, bound, duplicates, and where every item is.
use std::collections::HashSet;

use patterns_core::queue::{Job, OnDrop, Order, Overflow, Put, PutError, Shutdown, WorkQueue};
use proptest::prelude::*;

/// An item: its key, and its priority.
type Item = (u8, i64);

const MAX_ATTEMPTS: u32 = 2;

#[derive(Clone, Debug)]
enum Op {
    Put(Item),
    Get,
    Ack(usize),
    Fail(usize),
    Requeue(usize),
    Drop(usize),
    Feed(usize, Item),
    FeedAll(usize, Vec<Item>),
    Forget(u8),
    Close,
    Shutdown,
}

#[derive(Clone, Copy, Debug)]
struct Config {
    bound: usize,
    order: Order,
    overflow: Overflow,
    prioritised: bool,
    dedupes: bool,
}

/// What the queue should be, as plainly as it can be said: the items in the order in which they came.
struct Model {
    config: Config,
    waiting: Vec<(Item, u32)>,
    seen: HashSet<u8>,
    closed: bool,
    stopped: bool,
    put: u64,
}

impl Model {
    fn rank(&self, item: Item) -> i64 {
        if self.config.prioritised { item.1 } else { 0 }
    }

    /// Of those with the best rank the oldest or the newest.
    fn next(&self) -> Option<usize> {
        let best = self.waiting.iter().map(|(item, _)| self.rank(*item)).max()?;
        let mut of_best = (0..self.waiting.len()).filter(|at| self.rank(self.waiting[*at].0) == best);
        if self.config.order == Order::Fifo { of_best.next() } else { of_best.next_back() }
    }

    fn put(&mut self, item: Item, from_job: bool) -> Result<Put<Item>, PutError<Item>> {
        if self.stopped || (self.closed && !from_job) {
            return Err(PutError::Closed(item));
        }
        if self.config.dedupes && self.seen.contains(&item.0) {
            return Ok(Put::Duplicate(item));
        }
        let mut result = Put::Queued;
        if !from_job && self.waiting.len() >= self.config.bound {
            let worst = self.waiting.iter().map(|(item, _)| self.rank(*item)).min().unwrap();
            if self.config.overflow != Overflow::DropOldest || self.rank(item) < worst {
                return Err(PutError::Full(item));
            }
            let at = self.waiting.iter().position(|(item, _)| self.rank(*item) == worst).unwrap();
            let (oldest, _) = self.waiting.remove(at);
            self.seen.remove(&oldest.0);
            result = Put::Displaced(oldest);
        }
        self.seen.insert(item.0);
        self.waiting.push((item, 0));
        self.put += 1;
        Ok(result)
    }
}

fn same(actual: &Result<Put<Item>, PutError<Item>>, expected: &Result<Put<Item>, PutError<Item>>) -> bool {
    match (actual, expected) {
        (Ok(actual), Ok(expected)) => actual == expected,
        (Err(PutError::Full(actual)), Err(PutError::Full(expected)))
        | (Err(PutError::Closed(actual)), Err(PutError::Closed(expected))) => actual == expected,
        _ => false,
    }
}

fn item() -> impl Strategy<Value = Item> {
    (0..12_u8, -2..3_i64)
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => item().prop_map(Op::Put),
        6 => Just(Op::Get),
        3 => any::<usize>().prop_map(Op::Ack),
        1 => any::<usize>().prop_map(Op::Fail),
        2 => any::<usize>().prop_map(Op::Requeue),
        2 => any::<usize>().prop_map(Op::Drop),
        3 => (any::<usize>(), item()).prop_map(|(job, item)| Op::Feed(job, item)),
        1 => (any::<usize>(), prop::collection::vec(item(), 0..8)).prop_map(|(job, items)| Op::FeedAll(job, items)),
        1 => (0..12_u8).prop_map(Op::Forget),
        1 => prop::bool::weighted(0.1).prop_map(|close| if close { Op::Close } else { Op::Get }),
        1 => prop::bool::weighted(0.1).prop_map(|stop| if stop { Op::Shutdown } else { Op::Get }),
    ]
}

fn config() -> impl Strategy<Value = Config> {
    let order = prop_oneof![Just(Order::Fifo), Just(Order::Lifo)];
    let overflow = prop_oneof![Just(Overflow::Wait), Just(Overflow::Reject), Just(Overflow::DropOldest)];
    (1..6_usize, order, overflow, any::<bool>(), any::<bool>()).prop_map(
        |(bound, order, overflow, prioritised, dedupes)| Config { bound, order, overflow, prioritised, dedupes },
    )
}

fn build(config: Config) -> WorkQueue<Item> {
    let mut builder = WorkQueue::builder(config.bound)
        .order(config.order)
        .overflow(config.overflow)
        .on_drop(OnDrop::Requeue { max_attempts: MAX_ATTEMPTS });
    if config.prioritised {
        builder = builder.priority_by(|item: &Item| item.1);
    }
    if config.dedupes {
        builder = builder.dedupe_by(|item: &Item| item.0);
    }
    builder.build().unwrap()
}

fn run(config: Config, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let queue = build(config);
    let mut jobs: Vec<Job<Item>> = Vec::new();
    let mut model = Model { config, waiting: Vec::new(), seen: HashSet::new(), closed: false, stopped: false, put: 0 };
    for op in ops {
        // Operations on a job pick one of those that are out, if there is one.
        let pick = |at: usize| (!jobs.is_empty()).then(|| at % jobs.len());
        match op {
            Op::Put(item) => {
                let (actual, expected) = (queue.try_put(item), model.put(item, false));
                prop_assert!(same(&actual, &expected), "{actual:?} instead of {expected:?}");
            }
            Op::Get => match model.next() {
                Some(at) => {
                    let (item, attempt) = model.waiting.remove(at);
                    let job = queue.try_get().unwrap();
                    prop_assert_eq!((*job, job.attempt()), (item, attempt + 1));
                    jobs.push(job);
                }
                None => prop_assert_eq!(queue.try_get().unwrap_err().is_closed(), model.closed),
            },
            Op::Ack(at) => drop(pick(at).map(|at| jobs.swap_remove(at).ack())),
            Op::Fail(at) => drop(pick(at).map(|at| jobs.swap_remove(at).fail("broken"))),
            Op::Requeue(at) => {
                if let Some(at) = pick(at) {
                    let job = jobs.swap_remove(at);
                    let back = (*job, job.attempt());
                    match job.requeue() {
                        Ok(()) => model.waiting.push(back),
                        Err(job) => {
                            prop_assert!(model.stopped);
                            jobs.push(job);
                        }
                    }
                }
            }
            Op::Drop(at) => {
                if let Some(at) = pick(at) {
                    let job = jobs.swap_remove(at);
                    if job.attempt() < MAX_ATTEMPTS && !model.stopped {
                        model.waiting.push((*job, job.attempt()));
                    }
                    drop(job);
                }
            }
            Op::Feed(at, item) => {
                if let Some(at) = pick(at) {
                    let (actual, expected) = (jobs[at].put(item), model.put(item, true));
                    prop_assert!(same(&actual, &expected), "{actual:?} instead of {expected:?}");
                }
            }
            Op::FeedAll(at, items) => {
                if let Some(at) = pick(at)
                    && !model.stopped
                {
                    let put = jobs[at].put_all(items.clone()).unwrap();
                    let expected: Vec<_> = items.into_iter().map(|item| model.put(item, true).unwrap()).collect();
                    let duplicates: Vec<_> = expected.into_iter().filter_map(Put::into_inner).collect();
                    prop_assert_eq!(put.duplicates, duplicates);
                }
            }
            Op::Forget(key) => {
                if config.dedupes {
                    prop_assert_eq!(queue.forget(&key), model.seen.remove(&key));
                }
            }
            Op::Close => {
                queue.close();
                model.closed = true;
            }
            Op::Shutdown => {
                let receipt = futures_util::FutureExt::now_or_never(queue.shutdown(Shutdown::Now)).unwrap();
                prop_assert_eq!(receipt.in_flight, jobs.len());
                let mut expected = Vec::new();
                while let Some(at) = model.next() {
                    expected.push(model.waiting.remove(at).0);
                }
                prop_assert_eq!(receipt.handed_back, expected);
                model.closed = true;
                model.stopped = true;
            }
        }
        let stats = queue.stats();
        prop_assert_eq!(stats.accounted_for(), stats.put, "{:?}", stats);
        prop_assert_eq!((stats.put, stats.depth), (model.put, model.waiting.len()));
        prop_assert_eq!(stats.in_flight, jobs.len());
        prop_assert_eq!(stats.unfinished, stats.depth + stats.in_flight);
        prop_assert!(stats.peak_depth >= stats.depth);
        let joined = futures_util::FutureExt::now_or_never(queue.join()).is_some();
        prop_assert_eq!(joined, stats.unfinished == 0);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_operation_does_what_the_plain_model_does(
        config in config(),
        ops in prop::collection::vec(op(), 0..120),
    ) {
        run(config, ops)?;
    }
}
