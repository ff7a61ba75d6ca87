//! What holds after any history.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use actors::worker_pool::{JobCounts, JobError, JobHandle, Rejection, WorkerPool};
use parking_lot::Mutex;
use patterns_core::context;
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

#[derive(Clone, Debug)]
enum Step {
    Io { key: Option<u8>, work: Work, deadline: Option<u64>, keep: bool },
    Cpu { key: Option<u8>, panics: bool, deadline: Option<u64> },
    Await { nth: usize, polls: u8 },
    Cancel { nth: usize },
    Wait { millis: u64 },
    Close,
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Nap(u64),
    Panic(u64),
    /// Stops when it is asked to.
    Polite(u64),
    /// Only ever dropped.
    Deaf,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let millis = 0..2_000_u64;
    let work = prop_oneof![
        4 => millis.clone().prop_map(Work::Nap),
        1 => millis.clone().prop_map(Work::Panic),
        2 => millis.clone().prop_map(Work::Polite),
        1 => Just(Work::Deaf),
    ];
    let key = prop::option::of(0..3_u8);
    let deadline = prop::option::of(0..3_000_u64);
    let step = prop_oneof![
        12 => (key.clone(), work, deadline.clone(), any::<bool>())
            .prop_map(|(key, work, deadline, keep)| Step::Io { key, work, deadline, keep }),
        6 => (key, any::<bool>(), deadline).prop_map(|(key, panics, deadline)| Step::Cpu { key, panics, deadline }),
        3 => (any::<usize>(), 0..3_u8).prop_map(|(nth, polls)| Step::Await { nth, polls }),
        4 => any::<usize>().prop_map(|nth| Step::Cancel { nth }),
        6 => millis.prop_map(|millis| Step::Wait { millis }),
        1 => Just(Step::Close),
    ];
    prop::collection::vec(step, 1..80)
}

/// How many jobs of each key run, and the most that ever did.
#[derive(Default)]
struct Watch(Mutex<HashMap<Option<u8>, (usize, usize)>>);

struct Inside {
    watch: Arc<Watch>,
    key: Option<u8>,
}

impl Inside {
    fn enter(watch: &Arc<Watch>, key: Option<u8>) -> Self {
        for key in [None, key] {
            let mut counts = watch.0.lock();
            let (now, most) = counts.entry(key).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        Self { watch: watch.clone(), key }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        for key in [None, self.key] {
            self.watch.0.lock().entry(key).or_default().0 -= 1;
        }
    }
}

async fn work(work: Work, watch: Arc<Watch>, key: Option<u8>) {
    let _inside = key.map(|_| Inside::enter(&watch, key));
    match work {
        Work::Nap(millis) => sleep(Duration::from_millis(millis)).await,
        Work::Panic(millis) => {
            sleep(Duration::from_millis(millis)).await;
            panic!("as drawn");
        }
        Work::Polite(millis) => drop(context::sleep(Duration::from_millis(millis)).await),
        Work::Deaf => pending().await,
    }
}

/// What the handles say, kind by kind.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    done: u64,
    panicked: u64,
    cancelled: u64,
    expired: u64,
    rejected: u64,
}

impl Tally {
    fn note(&mut self, result: &Result<(), JobError>) {
        *match result {
            Ok(()) => &mut self.done,
            Err(JobError::Panicked(_)) => &mut self.panicked,
            Err(JobError::Cancelled(_)) => &mut self.cancelled,
            Err(JobError::Expired(_)) => &mut self.expired,
            Err(JobError::Rejected(_)) => &mut self.rejected,
            Err(other) => panic!("{other}"),
        } += 1;
    }
}

fn in_flight(counts: &JobCounts) -> u64 {
    let JobCounts { submitted, done, failed, panicked, cancelled, expired, rejected, .. } = *counts;
    submitted.checked_sub(done + failed + panicked + cancelled + expired + rejected).expect("the law holds")
}

async fn play(steps: Vec<Step>, rejection: Rejection) {
    let pool = WorkerPool::builder().cpu_threads(1).io_tasks(3).queue(4).per_key(2).grace(Duration::from_millis(500));
    let workers = super::start(pool.rejection(rejection));
    let watch = Arc::new(Watch::default());
    let mut tally = Tally::default();
    let mut submitted = 0;
    let mut detached = 0;
    let mut handles: Vec<JobHandle<()>> = Vec::new();
    for step in steps {
        match step {
            Step::Io { key, work: kind, deadline, keep } => {
                let mut job = workers.submit_io(work(kind, watch.clone(), key));
                if let Some(key) = key {
                    job = job.key(format!("key {key}"));
                }
                if let Some(millis) = deadline {
                    job = job.deadline_in(Duration::from_millis(millis));
                }
                submitted += 1;
                // Whoever waits for a place gives up after a while.
                match tokio::time::timeout(Duration::from_millis(300), job.spawn()).await {
                    Ok(Ok(handle)) if keep => handles.push(handle),
                    Ok(Ok(_)) => detached += 1,
                    Ok(Err(refused)) => tally.note(&Err(refused.into())),
                    Err(_) => tally.cancelled += 1,
                }
            }
            Step::Cpu { key, panics, deadline } => {
                let mut job = workers.submit_cpu(move || assert!(!panics, "as drawn"));
                if let Some(key) = key {
                    job = job.key(format!("key {key}"));
                }
                if let Some(millis) = deadline {
                    job = job.deadline_in(Duration::from_millis(millis));
                }
                submitted += 1;
                match job.spawn().await {
                    Ok(handle) => handles.push(handle),
                    Err(refused) => tally.note(&Err(refused.into())),
                }
            }
            Step::Await { nth, polls } if !handles.is_empty() => {
                let nth = nth % handles.len();
                for _ in 0..polls {
                    if let std::task::Poll::Ready(result) = futures_util::poll!(&mut handles[nth]) {
                        tally.note(&result);
                        drop(handles.swap_remove(nth));
                        break;
                    }
                    sleep(Duration::from_millis(100)).await;
                }
            }
            Step::Cancel { nth } if !handles.is_empty() => handles[nth % handles.len()].cancel("as drawn"),
            Step::Await { .. } | Step::Cancel { .. } => {}
            Step::Wait { millis } => sleep(Duration::from_millis(millis)).await,
            Step::Close => workers.close(),
        }
        let status = workers.status();
        in_flight(&status.counts);
        assert_eq!(status.counts.submitted, submitted);
        assert!(status.io.running <= 3 && status.cpu.running <= 1);
        assert!(status.io.queued <= 4 + 4 && status.io.held <= 4, "{status:?}");
    }
    let receipt = workers.drain(Instant::now() + Duration::from_secs(2)).await;
    assert!(receipt.is_complete(), "{receipt}");
    for handle in handles {
        tally.note(&handle.await);
    }
    let counts = receipt.counts;
    assert_eq!(in_flight(&counts), 0);
    let known = tally.done + tally.panicked + tally.cancelled + tally.expired + tally.rejected;
    assert_eq!(known + detached, submitted);
    let pairs = [
        (tally.done, counts.done),
        (tally.panicked, counts.panicked),
        (tally.cancelled, counts.cancelled),
        (tally.expired, counts.expired),
        (tally.rejected, counts.rejected),
    ];
    let unknown: u64 = pairs.iter().map(|(known, counted)| counted.checked_sub(*known).expect("counted")).sum();
    assert_eq!(unknown, detached, "{tally:?} {counts:?}");
    for (key, (now, most)) in watch.0.lock().iter() {
        assert_eq!(*now, 0);
        assert!(key.is_none() || *most <= 2, "{most} jobs of one key ran at the same time");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_job_ends_exactly_once_and_is_counted_as_what_its_handle_says(
        steps in steps(),
        wait in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(steps, if wait { Rejection::Wait } else { Rejection::Fail }));
    }
}
