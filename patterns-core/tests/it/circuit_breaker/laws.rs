//! Random calls against plain models.
use std::collections::VecDeque;

use patterns_core::circuit_breaker::{Call, CircuitBreaker, State};
use proptest::prelude::*;

use crate::support::secs;

fn on_a_paused_clock<R>(f: impl AsyncFnOnce() -> R) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(f())
}

#[derive(Clone, Copy, Debug)]
enum End {
    Ok,
    Failed,
    Ignored,
    Dropped,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![4 => Just(End::Ok), 2 => Just(End::Failed), 1 => Just(End::Ignored), 1 => Just(End::Dropped)]
}

fn finish(call: Call<'_>, end: End) {
    match end {
        End::Ok => call.success(),
        End::Failed => call.failure(),
        End::Ignored => call.ignore(),
        End::Dropped => drop(call),
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Enter,
    /// Ends one of the calls that are out.
    End(usize, End),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![Just(Step::Enter), (any::<usize>(), end()).prop_map(|(nth, end)| Step::End(nth, end))]
}

proptest! {
    #[test]
    fn closed_it_counts_as_a_plain_model_does(
        window in 1..20_usize,
        ends in prop::collection::vec(end(), 0..80),
        rate in 1..=10_u32,
    ) {
        let rate = f64::from(rate) / 10.0;
        on_a_paused_clock(async || {
            let breaker =
                CircuitBreaker::builder("b").window_calls(window).min_calls(window).failure_rate(rate).build().unwrap();
            let mut model = VecDeque::new();
            for end in ends {
                finish(breaker.try_enter().unwrap(), end);
                if let End::Ok | End::Failed = end {
                    model.push_back(matches!(end, End::Failed));
                    if model.len() > window {
                        model.pop_front();
                    }
                }
                let failed = model.iter().filter(|failed| **failed).count();
                let opens = model.len() == window && failed as f64 / window as f64 >= rate;
                prop_assert_eq!(breaker.state() == State::Open, opens);
                if opens {
                    return Ok(());
                }
                prop_assert_eq!((breaker.status().calls, breaker.status().failed), (model.len(), failed));
            }
            Ok(())
        })?;
    }

    #[test]
    fn half_open_it_lets_in_exactly_its_probes_whatever_their_order(
        probes in 1..6_u32,
        steps in prop::collection::vec(step(), 0..60),
    ) {
        on_a_paused_clock(async || {
            let breaker =
                CircuitBreaker::builder("b").consecutive_failures(1).probes(probes).jitter(0.0).build().unwrap();
            breaker.try_enter().unwrap().failure();
            tokio::time::sleep(secs(5)).await;
            let (mut out, mut ok) = (Vec::new(), 0);
            for step in steps {
                match step {
                    Step::Enter => match breaker.try_enter() {
                        Ok(call) => out.push(call),
                        Err(_) => prop_assert_eq!(out.len() as u32 + ok, probes, "turned away with a probe to spare"),
                    },
                    Step::End(_, _) if out.is_empty() => {}
                    Step::End(nth, end) => {
                        let nth = nth % out.len();
                        finish(out.swap_remove(nth), end);
                        ok += u32::from(matches!(end, End::Ok));
                        match end {
                            End::Failed => prop_assert_eq!(breaker.state(), State::Open),
                            _ if ok == probes => prop_assert_eq!(breaker.state(), State::Closed),
                            _ => prop_assert_eq!(breaker.state(), State::HalfOpen),
                        }
                        if breaker.state() != State::HalfOpen {
                            return Ok(());
                        }
                    }
                }
                prop_assert!(out.len() as u32 + ok <= probes);
                if breaker.state() == State::HalfOpen {
                    prop_assert_eq!(breaker.status().probes, out.len() as u32);
                }
            }
            Ok(())
        })?;
    }
}
