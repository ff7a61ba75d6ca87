//! Random operations and limits against a plain simulation.
use std::cell::Cell;
use std::time::Duration;

use patterns_core::policy::{Policy, PolicyCause};
use patterns_core::retry::Retry;
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use crate::support::ms;

#[derive(Clone, Copy, Debug)]
struct Config {
    /// Milliseconds, all of them.
    limit: u64,
    attempt_limit: u64,
    pause: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ok,
    Failed,
    AttemptTimedOut,
    TimedOut,
}

/// Of a call: how it ended, when, and how many attempts it made.
type Ended = (End, Duration, usize);

/// The plan says how long each attempt takes by itself, and whether it succeeds then.
fn run(config: Config, plan: &[(u64, bool)]) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let retry = Retry::fixed(ms(config.pause)).max_attempts(u32::try_from(plan.len()).unwrap());
        let policy = Policy::new().timeout(ms(config.limit)).retry(retry).attempt_timeout(ms(config.attempt_limit));
        let (start, attempts) = (Instant::now(), Cell::new(0));
        let result = policy.run(async || {
            let (takes, succeeds) = plan[attempts.get()];
            attempts.set(attempts.get() + 1);
            sleep(ms(takes)).await;
            if succeeds { Ok(()) } else { Err("down") }
        });
        let end = match result.await.map_err(|error| error.into_cause()) {
            Ok(()) => End::Ok,
            Err(PolicyCause::Failed(_)) => End::Failed,
            Err(PolicyCause::AttemptTimedOut(_)) => End::AttemptTimedOut,
            Err(PolicyCause::TimedOut(_)) => End::TimedOut,
            Err(other) => panic!("{other:?}"),
        };
        (end, start.elapsed(), attempts.get())
    })
}

/// What a policy should do, as plainly as it can be said.
fn expected(config: Config, plan: &[(u64, bool)]) -> Ended {
    let Config { limit, attempt_limit, pause } = config;
    let mut now = 0;
    for (number, (takes, succeeds)) in plan.iter().enumerate() {
        let attempts = number + 1;
        let (end, at) = match (*takes <= attempt_limit, succeeds) {
            (true, true) => (End::Ok, now + takes),
            (true, false) => (End::Failed, now + takes),
            (false, _) => (End::AttemptTimedOut, now + attempt_limit),
        };
        // Of two limits that pass at the same time the outer one speaks; a result is never thrown away.
        let too_late = if end == End::AttemptTimedOut { at >= limit } else { at > limit };
        if too_late {
            return (End::TimedOut, ms(limit), attempts);
        }
        if end == End::Ok || attempts == plan.len() || at + pause >= limit {
            return (end, ms(at), attempts);
        }
        now = at + pause;
    }
    unreachable!("the last attempt returns")
}

fn config() -> impl Strategy<Value = Config> {
    (1_u64..400, 1_u64..80, 1_u64..50).prop_map(|(limit, attempt_limit, pause)| Config { limit, attempt_limit, pause })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_call_ends_as_and_when_a_plain_simulation_says(
        config in config(),
        plan in prop::collection::vec((1_u64..120, prop::bool::weighted(0.2)), 1..8),
    ) {
        prop_assert_eq!(run(config, &plan), expected(config, &plan));
    }
}
