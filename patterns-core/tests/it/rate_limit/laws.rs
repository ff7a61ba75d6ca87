//! Random arrivals, weights and departures against the law, the order, and a plain simulation.
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use patterns_core::rate_limit::{Quota, RateLimiter};
use proptest::prelude::*;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

#[derive(Clone, Debug)]
struct Arrival {
    /// Milliseconds since the one before.
    after: u64,
    cost: u32,
    /// Leaves after this many milliseconds, if it still waits.
    patience: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Config {
    /// Milliseconds.
    spacing: u64,
    burst: u32,
}

/// Of each arrival that was admitted: its number, when in nanoseconds, and its cost; in the order of admission.
type Admissions = Vec<(usize, u128, u32)>;

fn simulate(quota: Quota, arrivals: &[Arrival]) -> Admissions {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let admissions = Rc::new(RefCell::new(Vec::new()));
    LocalSet::new().block_on(&runtime, async {
        let limiter = RateLimiter::new(quota);
        let start = Instant::now();
        let mut tasks = Vec::new();
        for (number, arrival) in arrivals.iter().cloned().enumerate() {
            if arrival.after > 0 {
                sleep(Duration::from_millis(arrival.after)).await;
            }
            let (limiter, admissions) = (limiter.clone(), Rc::clone(&admissions));
            tasks.push(tokio::task::spawn_local(async move {
                let acquire = limiter.acquire_many(arrival.cost);
                let admitted = match arrival.patience {
                    Some(patience) => timeout(Duration::from_millis(patience), acquire).await.is_ok(),
                    None => acquire.await.is_ok(),
                };
                if admitted {
                    admissions.borrow_mut().push((number, start.elapsed().as_nanos(), arrival.cost));
                }
            }));
            // It has its place before the next one comes.
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(limiter.status().waiting, 0);
    });
    Rc::into_inner(admissions).unwrap().into_inner()
}

/// First come, first served, with a bucket: what the limiter should do, as plainly as it can be said.
fn expected(config: Config, arrivals: &[Arrival]) -> Admissions {
    let (mut arrived, mut free, mut full_at) = (0, 0, 0);
    arrivals
        .iter()
        .enumerate()
        .map(|(number, arrival)| {
            arrived += arrival.after;
            let cost = u64::from(arrival.cost) * config.spacing;
            let room_at = (full_at + cost).saturating_sub(u64::from(config.burst) * config.spacing);
            free = room_at.max(arrived).max(free);
            full_at = full_at.max(free) + cost;
            (number, u128::from(free) * 1_000_000, arrival.cost)
        })
        .collect()
}

fn config() -> impl Strategy<Value = Config> {
    (1..50_u64, 1..8_u32).prop_map(|(spacing, burst)| Config { spacing, burst })
}

fn arrivals(leave: bool) -> impl Strategy<Value = Vec<Arrival>> {
    let gap = prop_oneof![3 => Just(0), 3 => 0..60_u64, 1 => 0..2_000_u64];
    let patience = if leave { prop::option::of(0..400_u64).boxed() } else { Just(None).boxed() };
    let arrival = (gap, 1..8_u32, patience).prop_map(|(after, cost, patience)| Arrival { after, cost, patience });
    prop::collection::vec(arrival, 1..60)
}

fn fit(config: Config, mut arrivals: Vec<Arrival>) -> Vec<Arrival> {
    for arrival in &mut arrivals {
        arrival.cost = arrival.cost.min(config.burst);
    }
    arrivals
}

/// In every closed window of length w: at most burst + floor(w / spacing).
fn obeys_the_law(quota: Quota, admissions: &Admissions) -> Result<(), TestCaseError> {
    for (first, (_, from, _)) in admissions.iter().enumerate() {
        let mut units = 0;
        for (_, to, cost) in &admissions[first..] {
            units += u128::from(*cost);
            let allowed = u128::from(quota.max_burst()) + (to - from) / quota.spacing().as_nanos();
            prop_assert!(units <= allowed, "{units} units in {} ns, allowed {allowed}", to - from);
        }
    }
    Ok(())
}

fn is_in_order(admissions: &Admissions) -> bool {
    admissions.is_sorted_by_key(|(number, ..)| *number)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_window_admits_more_than_the_law_and_nobody_is_overtaken(
        rate in 1_u32..5_000,
        burst in 1_u32..8,
        arrivals in arrivals(true),
    ) {
        // Any rate, so that instants fall between the timer's milliseconds.
        let quota = Quota::per_second(rate).burst(burst);
        let arrivals = fit(Config { spacing: 1, burst }, arrivals);
        let admissions = simulate(quota, &arrivals);
        obeys_the_law(quota, &admissions)?;
        prop_assert!(is_in_order(&admissions), "{admissions:?}");
    }

    #[test]
    fn everybody_is_admitted_exactly_when_a_plain_simulation_says(config in config(), arrivals in arrivals(false)) {
        let arrivals = fit(config, arrivals);
        let quota = Quota::one_per(Duration::from_millis(config.spacing)).burst(config.burst);
        prop_assert_eq!(simulate(quota, &arrivals), expected(config, &arrivals));
    }

    #[test]
    fn those_who_leave_make_nobody_later(config in config(), arrivals in arrivals(true)) {
        let arrivals = fit(config, arrivals);
        let quota = Quota::one_per(Duration::from_millis(config.spacing)).burst(config.burst);
        let mut patient = arrivals.clone();
        for arrival in &mut patient {
            arrival.patience = None;
        }
        let without = simulate(quota, &patient);
        for (number, at, _) in simulate(quota, &arrivals) {
            prop_assert!(at <= without[number].1, "{number} at {at} instead of {}", without[number].1);
        }
    }
}

#[test]
fn a_stalled_runtime_does_not_make_up_for_lost_time() {
    // Ten units fall due while nothing runs; a limiter that granted each its own slot would admit all at once.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let quota = Quota::per_second(1).burst(2);
    let admissions = Rc::new(RefCell::new(Vec::new()));
    let number = Rc::new(Cell::new(0));
    LocalSet::new().block_on(&runtime, async {
        let limiter = RateLimiter::new(quota);
        let start = Instant::now();
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let (limiter, admissions, number) = (limiter.clone(), Rc::clone(&admissions), Rc::clone(&number));
                tokio::task::spawn_local(async move {
                    limiter.acquire().await.unwrap();
                    admissions.borrow_mut().push((number.get(), start.elapsed().as_nanos(), 1));
                    number.set(number.get() + 1);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(10)).await;
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::from_secs(18), "two at 0 s, two at 10 s, then one each second");
    });
    obeys_the_law(quota, &admissions.borrow()).unwrap();
}
