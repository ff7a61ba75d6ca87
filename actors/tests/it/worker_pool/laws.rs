//! What holds after any history.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use actors::worker_pool::{JobClass, JobCounts, JobError, JobHandle, KeyRate, Priority, Reject, Rejection, WorkerPool};
use parking_lot::Mutex;
use patterns_core::context;
use proptest::prelude::*;
use tokio::time::{Instant, sleep, timeout};

#[derive(Clone, Debug)]
enum Step {
    Io { key: Option<u8>, priority: Priority, work: Work, deadline: Option<u64>, keep: bool },
    Cpu { key: Option<u8>, priority: Priority, panics: bool, deadline: Option<u64> },
    Await { nth: usize, polls: u8 },
    Cancel { nth: usize },
    Wait { millis: u64 },
    Resize { cpu: usize, io: usize },
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

/// What a pool is set to.
#[derive(Clone, Debug)]
struct Rules {
    rejection: Rejection,
    per_key: usize,
    global: Option<usize>,
    rate: Option<KeyRate>,
    ageing: u64,
}

/// The most that a class is ever made as wide.
const WIDEST: usize = 4;
const QUEUE: usize = 4;

fn rules() -> impl Strategy<Value = Rules> {
    let policies =
        [Rejection::Wait, Rejection::Fail, Rejection::CallerRuns, Rejection::DropOldest, Rejection::DropLowest];
    let global = prop::option::weighted(0.3, 1..4_usize);
    let rate = prop::option::weighted(0.3, (1..5_u32, 1..3_u32));
    (prop::sample::select(policies.to_vec()), 1..3_usize, global, rate, 0..1_000_u64).prop_map(
        |(rejection, per_key, global, rate, ageing)| {
            let rate = rate.map(|(starts, burst)| KeyRate::per_second(starts).burst(burst));
            Rules { rejection, per_key, global, rate, ageing }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let millis = 0..2_000_u64;
    let work = prop_oneof![
        4 => millis.clone().prop_map(Work::Nap),
        1 => millis.clone().prop_map(Work::Panic),
        2 => millis.clone().prop_map(Work::Polite),
        1 => Just(Work::Deaf),
    ];
    let key = prop::option::of(0..3_u8);
    let priority = prop::sample::select(vec![Priority::Low, Priority::Normal, Priority::Normal, Priority::High]);
    let deadline = prop::option::of(0..3_000_u64);
    prop_oneof![
        12 => (key.clone(), priority.clone(), work, deadline.clone(), any::<bool>())
            .prop_map(|(key, priority, work, deadline, keep)| Step::Io { key, priority, work, deadline, keep }),
        6 => (key, priority, any::<bool>(), deadline)
            .prop_map(|(key, priority, panics, deadline)| Step::Cpu { key, priority, panics, deadline }),
        3 => (any::<usize>(), 0..3_u8).prop_map(|(nth, polls)| Step::Await { nth, polls }),
        4 => any::<usize>().prop_map(|nth| Step::Cancel { nth }),
        6 => millis.prop_map(|millis| Step::Wait { millis }),
        1 => (1..=WIDEST, 1..=WIDEST).prop_map(|(cpu, io)| Step::Resize { cpu, io }),
    ]
}

/// Some steps, perhaps with the pool's end in between.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    (prop::collection::vec(step(), 1..80), prop::option::weighted(0.3, 0..80_usize)).prop_map(|(mut steps, close)| {
        if let Some(at) = close.filter(|at| *at < steps.len()) {
            steps.insert(at, Step::Close);
        }
        steps
    })
}

/// As the how many-eth of its key a job was submitted, and when it was started.
type Start = (u64, Instant);

/// When the jobs of each key were started, by class and key.
#[derive(Default)]
struct Starts(Mutex<HashMap<(bool, u8), Vec<Start>>>);

impl Starts {
    fn note(&self, is_io: bool, key: Option<u8>, nth: u64) {
        if let Some(key) = key {
            self.0.lock().entry((is_io, key)).or_default().push((nth, Instant::now()));
        }
    }

    fn check(&self, rules: &Rules) {
        for ((is_io, key), starts) in self.0.lock().iter() {
            // Two threads may be overtaken by each other between taking a job and running it.
            if *is_io || rules.per_key == 1 {
                assert!(starts.is_sorted_by_key(|(nth, _)| *nth), "key {key}: {starts:?}");
            }
            let Some(rate) = rules.rate else { continue };
            let spacing = rate.per / rate.starts;
            for (first, (_, from)) in starts.iter().enumerate() {
                for (last, (_, to)) in starts.iter().enumerate().skip(first) {
                    let within = to.saturating_duration_since(*from).as_nanos() / spacing.as_nanos();
                    let many = (last - first + 1) as u128;
                    assert!(many <= u128::from(rate.burst) + within, "key {key}: {starts:?}");
                }
            }
        }
    }
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

async fn work(work: Work, watch: Arc<Watch>, starts: Arc<Starts>, key: Option<u8>, nth: u64) {
    starts.note(true, key, nth);
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
    dropped: u64,
}

impl Tally {
    fn note(&mut self, result: &Result<(), JobError>) {
        *match result {
            Ok(()) => &mut self.done,
            Err(JobError::Panicked(_)) => &mut self.panicked,
            Err(JobError::Cancelled(_)) => &mut self.cancelled,
            Err(JobError::Expired(_)) => &mut self.expired,
            Err(JobError::Rejected(Reject::Dropped { .. })) => &mut self.dropped,
            Err(JobError::Rejected(_)) => &mut self.rejected,
            Err(other) => panic!("{other}"),
        } += 1;
    }
}

fn in_flight(counts: &JobCounts) -> u64 {
    let JobCounts { submitted, done, failed, panicked, cancelled, expired, rejected, dropped, .. } = *counts;
    let ended = done + failed + panicked + cancelled + expired + rejected + dropped;
    submitted.checked_sub(ended).expect("the law holds")
}

async fn play(steps: Vec<Step>, rules: Rules) {
    let mut pool = WorkerPool::builder().cpu_threads(1).io_tasks(3).queue(QUEUE).grace(Duration::from_millis(500));
    pool = pool.per_key(rules.per_key).rejection(rules.rejection).ageing(Duration::from_millis(rules.ageing));
    if let Some(global) = rules.global {
        pool = pool.global(global);
    }
    if let Some(rate) = rules.rate {
        pool = pool.rate(rate);
    }
    let workers = super::start(pool);
    let (watch, starts) = (Arc::new(Watch::default()), Arc::new(Starts::default()));
    let mut tally = Tally::default();
    let mut submitted = 0;
    let mut detached = 0;
    let mut handles: Vec<JobHandle<()>> = Vec::new();
    // Whoever waits for a place, or runs its job itself, gives up after a while.
    let patience = Duration::from_millis(300);
    for step in steps {
        match step {
            Step::Io { key, priority, work: kind, deadline, keep } => {
                submitted += 1;
                let job = work(kind, watch.clone(), starts.clone(), key, submitted);
                let mut job = workers.submit_io(job).priority(priority);
                if let Some(key) = key {
                    job = job.key(format!("key {key}"));
                }
                if let Some(millis) = deadline {
                    job = job.deadline_in(Duration::from_millis(millis));
                }
                match timeout(patience, job.spawn()).await {
                    Ok(Ok(handle)) if keep => handles.push(handle),
                    Ok(Ok(_)) => detached += 1,
                    Ok(Err(refused)) => tally.note(&Err(refused.into())),
                    Err(_) => tally.cancelled += 1,
                }
            }
            Step::Cpu { key, priority, panics, deadline } => {
                submitted += 1;
                let (starts, nth) = (starts.clone(), submitted);
                let job = move || {
                    starts.note(false, key, nth);
                    assert!(!panics, "as drawn");
                };
                let mut job = workers.submit_cpu(job).priority(priority);
                if let Some(key) = key {
                    job = job.key(format!("key {key}"));
                }
                if let Some(millis) = deadline {
                    job = job.deadline_in(Duration::from_millis(millis));
                }
                match timeout(patience, job.spawn()).await {
                    Ok(Ok(handle)) => handles.push(handle),
                    Ok(Err(refused)) => tally.note(&Err(refused.into())),
                    Err(_) => tally.cancelled += 1,
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
            Step::Resize { cpu, io } => {
                for (class, to) in [(JobClass::Cpu, cpu), (JobClass::Io, io)] {
                    // A closed pool keeps its size.
                    let _ = workers.resize(class, to);
                }
            }
            Step::Close => workers.close(),
        }
        let status = workers.status();
        in_flight(&status.counts);
        assert_eq!(status.counts.submitted, submitted);
        assert!(status.io.running <= WIDEST && status.cpu.running <= WIDEST, "{status:?}");
        assert!(rules.global.is_none_or(|global| status.io.running <= global), "{status:?}");
        for class in [status.cpu, status.io] {
            // Threads that are about to end may still count as free.
            let free = rules.global.map_or(2 * WIDEST, |global| global.min(2 * WIDEST));
            assert!(class.queued <= QUEUE + free && class.held <= QUEUE, "{status:?}");
        }
    }
    let receipt = workers.drain(Instant::now() + Duration::from_secs(2)).await;
    assert!(receipt.is_complete(), "{receipt}");
    for handle in handles {
        tally.note(&handle.await);
    }
    let counts = receipt.counts;
    assert_eq!(in_flight(&counts), 0);
    let known = tally.done + tally.panicked + tally.cancelled + tally.expired + tally.rejected + tally.dropped;
    assert_eq!(known + detached, submitted);
    let pairs = [
        (tally.done, counts.done),
        (tally.panicked, counts.panicked),
        (tally.cancelled, counts.cancelled),
        (tally.expired, counts.expired),
        (tally.rejected, counts.rejected),
        (tally.dropped, counts.dropped),
    ];
    let unknown: u64 = pairs.iter().map(|(known, counted)| counted.checked_sub(*known).expect("counted")).sum();
    assert_eq!(unknown, detached, "{tally:?} {counts:?}");
    let status = workers.status();
    for class in [status.cpu, status.io] {
        assert_eq!((class.queued, class.held, class.waiting), (0, 0, 0));
    }
    for (key, (now, most)) in watch.0.lock().iter() {
        assert_eq!(*now, 0);
        assert!(key.is_none() || *most <= rules.per_key, "{most} jobs of one key ran at the same time");
    }
    starts.check(&rules);
}

fn on_a_paused_clock(played: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime of this thread").block_on(played);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_job_ends_exactly_once_and_is_counted_as_what_its_handle_says(steps in steps(), rules in rules()) {
        on_a_paused_clock(play(steps, rules));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn so_do_the_jobs_of_a_thousand_steps(steps in prop::collection::vec(step(), 1_500), rules in rules()) {
        on_a_paused_clock(play(steps, rules));
    }
}
