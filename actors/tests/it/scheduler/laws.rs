//! What holds after any history.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use actors::scheduler::messages::Action;
use actors::scheduler::{
    CatchUp, FiringCounts, Overlap, ScheduleError, ScheduleHandle, Scheduler, SchedulerState, VirtualClock,
};
use jiff::SignedDuration;
use patterns_core::context;
use proptest::prelude::*;
use tokio::time::{Duration, Instant, advance, sleep};

use super::{instants, millis, settle, start_with};

#[derive(Clone, Copy, Debug)]
enum Work {
    Nap(u64),
    Fail(u64),
    Panic(u64),
    /// Stops when it is asked to.
    Polite(u64),
    /// Only ever dropped.
    Deaf,
}

#[derive(Clone, Debug)]
enum Step {
    Every {
        name: u8,
        period: u64,
        policies: Policies,
        times: Option<u64>,
        immediately: bool,
        work: Work,
    },
    Cron {
        name: u8,
        seconds: u64,
        policies: Policies,
        times: Option<u64>,
        work: Work,
    },
    After {
        name: u8,
        delay: u64,
        work: Work,
    },
    Control(Action, usize),
    CancelAll,
    Wait(u64),
    Jump(u64),
    /// Of the wall clock, in milliseconds.
    SetClock(i64),
    CloseAll,
}

#[derive(Clone, Copy, Debug)]
struct Policies {
    overlap: Overlap,
    catch_up: CatchUp,
    jitter: u64,
}

fn policies() -> impl Strategy<Value = Policies> {
    let overlap = [Overlap::Skip, Overlap::Allow, Overlap::Queue(2), Overlap::CancelOther];
    let all = |seconds, at_most| CatchUp::All { within: Duration::from_secs(seconds), at_most };
    let catch_up = [CatchUp::Skip, CatchUp::Latest, all(5, 10), all(100, 2)];
    let jitter = prop_oneof![3 => Just(0), 1 => 1..3_000_u64];
    let parts = (prop::sample::select(overlap.to_vec()), prop::sample::select(catch_up.to_vec()), jitter);
    parts.prop_map(|(overlap, catch_up, jitter)| Policies { overlap, catch_up, jitter })
}

impl Policies {
    fn width(self) -> usize {
        if self.overlap == Overlap::Allow { LIMIT } else { 1 }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let span = 0..3_000_u64;
    let work = prop_oneof![
        4 => span.clone().prop_map(Work::Nap),
        1 => span.clone().prop_map(Work::Fail),
        1 => span.clone().prop_map(Work::Panic),
        2 => span.clone().prop_map(Work::Polite),
        1 => Just(Work::Deaf),
    ];
    let times = prop::option::of(1..6_u64);
    let every = (0..4_u8, 1..2_000_u64, policies(), times.clone(), any::<bool>(), work.clone());
    let cron = (0..4_u8, 1..20_u64, policies(), times, work.clone());
    let actions = [Action::Cancel, Action::Close, Action::Pause, Action::Resume, Action::Trigger];
    let action = prop::sample::select(actions.to_vec());
    let step = prop_oneof![
        8 => every.prop_map(|(name, period, policies, times, immediately, work)| {
            Step::Every { name, period, policies, times, immediately, work }
        }),
        4 => cron.prop_map(|(name, seconds, policies, times, work)| {
            Step::Cron { name, seconds, policies, times, work }
        }),
        4 => (0..4_u8, span.clone(), work).prop_map(|(name, delay, work)| Step::After { name, delay, work }),
        9 => (action, any::<usize>()).prop_map(|(action, nth)| Step::Control(action, nth)),
        1 => Just(Step::CancelAll),
        8 => span.clone().prop_map(Step::Wait),
        3 => (0..20_000_u64).prop_map(Step::Jump),
        2 => (-60_000..60_000_i64).prop_map(Step::SetClock),
        1 => Just(Step::CloseAll),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the jobs of one schedule themselves know.
#[derive(Default)]
struct Watch {
    begun: AtomicU64,
    inside: AtomicUsize,
    most: AtomicUsize,
}

struct Inside(Arc<Watch>);

impl Inside {
    fn enter(watch: &Arc<Watch>) -> Self {
        watch.begun.fetch_add(1, SeqCst);
        watch.most.fetch_max(watch.inside.fetch_add(1, SeqCst) + 1, SeqCst);
        Self(watch.clone())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, SeqCst);
    }
}

async fn work(work: Work, watch: Arc<Watch>) -> Result<(), String> {
    let _inside = Inside::enter(&watch);
    match work {
        Work::Nap(span) => sleep(millis(span)).await,
        Work::Fail(span) => {
            sleep(millis(span)).await;
            return Err("as drawn".to_owned());
        }
        Work::Panic(span) => {
            sleep(millis(span)).await;
            panic!("as drawn");
        }
        Work::Polite(span) => drop(context::sleep(millis(span)).await),
        Work::Deaf => std::future::pending().await,
    }
    Ok(())
}

struct Made {
    schedule: ScheduleHandle,
    watch: Arc<Watch>,
    width: usize,
    times: Option<u64>,
}

const LIMIT: usize = 3;

impl Made {
    fn check(&self) {
        let counts = self.schedule.status().counts;
        assert!(counts.balances(), "{counts:?}");
        assert!(self.watch.most.load(SeqCst) <= self.width);
        assert!(self.times.is_none_or(|times| counts.runs <= times));
        // A run that was cancelled before its task was polled never called its job.
        let begun = self.watch.begun.load(SeqCst);
        assert!(begun <= counts.runs && counts.runs <= begun + counts.cancelled + counts.running);
    }
}

async fn control(schedule: &ScheduleHandle, action: Action) -> Result<bool, ScheduleError> {
    match action {
        Action::Cancel => schedule.cancel().await,
        Action::Close => schedule.close().await,
        Action::Pause => schedule.pause().await,
        Action::Resume => schedule.resume().await,
        _ => schedule.trigger().await,
    }
}

async fn play(steps: Vec<Step>) {
    let clock = VirtualClock::starting_at(super::at("2026-03-29T00:59:30Z"));
    let builder = Scheduler::builder().overlap_limit(LIMIT).grace(millis(500)).clock(clock.clone());
    let scheduler = start_with(builder);
    let mut made: Vec<Made> = Vec::new();
    for step in steps {
        match step {
            Step::Every { name, period, policies, times, immediately, work: kind } => {
                let watch = Arc::new(Watch::default());
                let mut every = scheduler.every(format!("{name}"), millis(period)).overlap(policies.overlap);
                every = every.catch_up(policies.catch_up).jitter(millis(policies.jitter));
                if immediately {
                    every = every.immediately();
                }
                if let Some(times) = times {
                    every = every.times(times);
                }
                let job = {
                    let watch = watch.clone();
                    move || work(kind, watch.clone())
                };
                if let Ok(schedule) = every.run(job).await {
                    made.push(Made { schedule, watch, width: policies.width(), times });
                }
            }
            Step::Cron { name, seconds, policies, times, work: kind } => {
                let watch = Arc::new(Watch::default());
                let expression = format!("*/{seconds} * * * * *");
                let mut cron = scheduler.cron(format!("{name}"), expression, "Europe/Berlin").overlap(policies.overlap);
                cron = cron.catch_up(policies.catch_up).jitter(millis(policies.jitter));
                if let Some(times) = times {
                    cron = cron.times(times);
                }
                let job = {
                    let watch = watch.clone();
                    move || work(kind, watch.clone())
                };
                if let Ok(schedule) = cron.run(job).await {
                    made.push(Made { schedule, watch, width: policies.width(), times });
                }
            }
            Step::After { name, delay, work: kind } => {
                let watch = Arc::new(Watch::default());
                let job = {
                    let watch = watch.clone();
                    move || work(kind, watch)
                };
                if let Ok(schedule) = scheduler.after(format!("{name}"), millis(delay)).run(job).await {
                    made.push(Made { schedule, watch, width: 1, times: Some(1) });
                }
            }
            Step::Control(action, nth) if !made.is_empty() => {
                control(&made[nth % made.len()].schedule, action).await.expect("the actor runs");
            }
            Step::Control(..) => {}
            Step::CancelAll => {
                scheduler.cancel_all().await.expect("the actor runs");
            }
            Step::Wait(span) => sleep(millis(span)).await,
            Step::Jump(span) => advance(millis(span)).await,
            Step::SetClock(by) => clock.step(SignedDuration::from_millis(by)),
            Step::CloseAll => scheduler.close(),
        }
        made.iter().for_each(Made::check);
        let status = scheduler.status();
        assert!(status.counts.balances(), "{status:?}");
        assert!(status.next.is_none() || status.state == SchedulerState::Open);
    }
    let receipt = scheduler.drain(Instant::now() + Duration::from_secs(2)).await;
    assert!(receipt.is_complete() && receipt.counts.balances(), "{receipt}");
    let mut sum = FiringCounts::default();
    for made in &made {
        made.check();
        sum += made.schedule.ended().await.expect("nobody interrupts this").counts;
    }
    assert_eq!(sum, receipt.counts);
    assert_eq!(scheduler.status().state, SchedulerState::Closed);
}

/// Runs on a paused clock of its own.
fn on_paused_clock(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime of this thread").block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_instant_and_every_run_is_accounted_for_after_any_history(steps in steps()) {
        on_paused_clock(play(steps));
    }

    /// However the clock gets there: what is due is what has come, and what follows is the next of the grid.
    #[test]
    fn a_schedule_keeps_to_its_grid_whatever_the_clock_does(
        period in 1..5_000_u64,
        immediately: bool,
        moves in prop::collection::vec((any::<bool>(), 0..30_000_u64), 1..12),
    ) {
        on_paused_clock(async {
            let scheduler = super::start();
            let begun = Instant::now();
            let mut every = scheduler.every("grid", millis(period));
            if immediately {
                every = every.immediately();
            }
            let every = every.run(async || {}).await.unwrap();
            for (jumps, span) in moves {
                if jumps { advance(millis(span)).await } else { sleep(millis(span)).await }
                settle().await;
                let come = u64::try_from(begun.elapsed().as_nanos() / millis(period).as_nanos()).unwrap();
                let status = every.status();
                let (due, _, skipped, _) = instants(status.counts);
                assert_eq!((due, skipped), (come + u64::from(immediately), 0));
                assert_eq!(status.next, Some(begun + millis(period) * u32::try_from(come + 1).unwrap()));
            }
        });
    }
}
