//! Random operations against a plain model: who runs, who waits, and how each job ended.
//!
//! Threads are real; each step waits until they have done what the model says they do.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::time::Duration;

use patterns_core::blocking::{BlockingError, BlockingPool, JobHandle};
use patterns_core::context::{Context, Interrupt};
use proptest::prelude::*;
use tokio::time::{Instant, timeout};

use super::{Gate, gated, pool};
use crate::support::secs;

#[derive(Clone, Copy, Debug)]
enum Op {
    /// A late one has a deadline that has passed.
    Submit {
        panics: bool,
        late: bool,
    },
    Finish(usize),
    Leave(usize),
    Cancel(usize),
    Close,
    ShutdownNow,
}

/// A job that was submitted; its number is its place in the list.
struct Job {
    gate: Option<Gate>,
    handle: Option<JobHandle<usize>>,
    panics: bool,
    late: bool,
}

/// An entry of the queue. One whose job will not start any more is dead, and keeps its place.
struct Entry {
    job: usize,
    dead: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    submitted: u64,
    rejected: u64,
    ok: u64,
    panicked: u64,
    abandoned_ended: u64,
    expired: u64,
    cancelled: u64,
    discarded: u64,
}

struct World {
    pool: BlockingPool,
    threads: usize,
    places: usize,
    jobs: Vec<Job>,
    waiting: VecDeque<Entry>,
    running: Vec<usize>,
    closed: bool,
    counts: Counts,
}

/// Nothing here takes long, unless something hangs.
async fn soon<F: Future>(fut: F) -> F::Output {
    timeout(secs(30), fut).await.expect("something hangs")
}

/// Waits for something that a thread is about to do, and that nothing else tells of.
fn eventually(what: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < secs(30) {
        if what() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

impl World {
    fn new(threads: usize, places: usize) -> Self {
        Self {
            pool: pool(threads, places),
            threads,
            places,
            jobs: Vec::new(),
            waiting: VecDeque::new(),
            running: Vec::new(),
            closed: false,
            counts: Counts::default(),
        }
    }

    /// Jobs that run or may still start, and whose caller is there.
    fn with_caller(&self) -> Vec<usize> {
        let waiting = self.waiting.iter().filter(|entry| !entry.dead).map(|entry| entry.job);
        let live = self.running.iter().copied().chain(waiting);
        live.filter(|job| self.jobs[*job].handle.is_some()).collect()
    }

    /// Marks the entry of a job that will not start any more; false where it runs.
    fn kill(&mut self, job: usize) -> bool {
        match self.waiting.iter_mut().find(|entry| entry.job == job) {
            Some(entry) => {
                entry.dead = true;
                true
            }
            None => false,
        }
    }

    /// Free threads take what waits, in order.
    async fn settle(&mut self) {
        while self.running.len() < self.threads
            && let Some(entry) = self.waiting.pop_front()
        {
            if entry.dead {
                continue;
            }
            if self.jobs[entry.job].late {
                self.counts.expired += 1;
                continue;
            }
            let gate = self.jobs[entry.job].gate.as_mut().unwrap();
            soon(gate.begun()).await.unwrap();
            self.running.push(entry.job);
        }
    }

    fn submit(&mut self, panics: bool, late: bool) -> Result<(), TestCaseError> {
        let number = self.jobs.len();
        let (gate, work) = gated(move || {
            if panics {
                // Not `panic!`: the hook would print a report for each.
                resume_unwind(Box::new("broken"));
            }
            number
        });
        let context = Context::current();
        let context = if late { context.with_deadline(Instant::now()) } else { context };
        match context.sync_scope(|| self.pool.try_submit(work)) {
            Ok(handle) => {
                prop_assert!(!self.closed && self.waiting.len() < self.places);
                self.counts.submitted += 1;
                self.waiting.push_back(Entry { job: number, dead: false });
                self.jobs.push(Job { gate: Some(gate), handle: Some(handle), panics, late });
            }
            Err(error) => {
                prop_assert_eq!(error.is_closed(), self.closed);
                prop_assert!(self.closed || (error.is_full() && self.waiting.len() == self.places));
                self.counts.rejected += 1;
            }
        }
        Ok(())
    }

    async fn finish(&mut self, at: usize) -> Result<(), TestCaseError> {
        let number = self.running.swap_remove(at % self.running.len());
        let job = &mut self.jobs[number];
        job.gate = None;
        match job.handle.take() {
            None => self.counts.abandoned_ended += 1,
            Some(handle) => match soon(handle.into_future()).await {
                Ok(value) => {
                    prop_assert!(!job.panics);
                    prop_assert_eq!(value, number);
                    self.counts.ok += 1;
                }
                Err(error) => {
                    prop_assert!(job.panics);
                    prop_assert_eq!(error.panic().unwrap().message(), "broken");
                    self.counts.panicked += 1;
                }
            },
        }
        Ok(())
    }

    fn leave(&mut self, job: usize) {
        self.jobs[job].handle = None;
        if self.kill(job) {
            let late = self.jobs[job].late;
            *(if late { &mut self.counts.expired } else { &mut self.counts.cancelled }) += 1;
        }
    }

    async fn cancel(&mut self, job: usize) -> Result<(), TestCaseError> {
        self.jobs[job].handle.as_ref().unwrap().cancel("enough");
        if self.kill(job) {
            self.counts.cancelled += 1;
            let handle = self.jobs[job].handle.take().unwrap();
            let error = soon(handle.into_future()).await.unwrap_err();
            prop_assert!(matches!(error, BlockingError::NotStarted(Interrupt::Cancelled(_))));
        }
        Ok(())
    }

    async fn shutdown_now(&mut self) -> Result<(), TestCaseError> {
        let receipt = self.pool.shutdown_now(Duration::ZERO).await;
        prop_assert_eq!(receipt.stuck.len(), self.running.len());
        for entry in self.waiting.iter_mut().filter(|entry| !entry.dead) {
            entry.dead = true;
            self.counts.discarded += 1;
        }
        self.closed = true;
        Ok(())
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        let free = self.places - self.waiting.len();
        let settled = eventually(|| {
            let status = self.pool.status();
            status.accounted_for() != status.submitted
                || (status.free_places == free
                    && status.abandoned_ended == self.counts.abandoned_ended
                    && status.expired == self.counts.expired)
        });
        let status = self.pool.status();
        prop_assert!(settled, "{:?} instead of {:?} and {} free", status, self.counts, free);
        let counts = Counts {
            submitted: status.submitted,
            rejected: status.rejected,
            ok: status.ok,
            panicked: status.panicked,
            abandoned_ended: status.abandoned_ended,
            expired: status.expired,
            cancelled: status.cancelled,
            discarded: status.discarded,
        };
        prop_assert_eq!(&counts, &self.counts);
        prop_assert_eq!(status.accounted_for(), status.submitted);
        prop_assert_eq!(status.queued, self.waiting.iter().filter(|entry| !entry.dead).count());
        prop_assert_eq!(status.running.len(), self.running.len());
        let abandoned = self.running.iter().filter(|job| self.jobs[**job].handle.is_none()).count();
        prop_assert_eq!(status.abandoned, abandoned);
        prop_assert!(status.threads <= self.threads);
        Ok(())
    }
}

async fn run(threads: usize, places: usize, ops: Vec<Op>) -> Result<(), TestCaseError> {
    let mut world = World::new(threads, places);
    for op in ops {
        let with_caller = world.with_caller();
        let pick = |at: usize| (!with_caller.is_empty()).then(|| with_caller[at % with_caller.len()]);
        match op {
            Op::Submit { panics, late } => world.submit(panics, late)?,
            Op::Finish(at) => {
                if !world.running.is_empty() {
                    world.finish(at).await?;
                }
            }
            Op::Leave(at) => {
                if let Some(job) = pick(at) {
                    world.leave(job);
                }
            }
            Op::Cancel(at) => {
                if let Some(job) = pick(at) {
                    world.cancel(job).await?;
                }
            }
            Op::Close => {
                world.pool.close();
                world.closed = true;
            }
            Op::ShutdownNow => world.shutdown_now().await?,
        }
        world.settle().await;
        world.compare()?;
    }
    // Every gate opens, and every thread ends.
    for job in &mut world.jobs {
        job.gate = None;
    }
    let receipt = world.pool.shutdown(secs(30)).await;
    prop_assert!(receipt.stuck.is_empty(), "{:?}", receipt);
    let status = world.pool.status();
    prop_assert_eq!(status.accounted_for(), status.submitted);
    prop_assert_eq!((status.queued, status.threads, status.free_places), (0, 0, places));
    Ok(())
}

fn op() -> impl Strategy<Value = Op> {
    let submit = (prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    prop_oneof![
        8 => submit.prop_map(|(panics, late)| Op::Submit { panics, late }),
        6 => any::<usize>().prop_map(Op::Finish),
        3 => any::<usize>().prop_map(Op::Leave),
        2 => any::<usize>().prop_map(Op::Cancel),
        1 => prop::bool::weighted(0.1).prop_map(|close| if close { Op::Close } else { Op::Finish(0) }),
        1 => prop::bool::weighted(0.1).prop_map(|stop| if stop { Op::ShutdownNow } else { Op::Finish(0) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_job_ends_in_one_way_and_that_is_counted(
        threads in 1..4_usize,
        places in 1..4_usize,
        ops in prop::collection::vec(op(), 0..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(threads, places, ops))?;
    }
}
