//! Hedged calls under every interruption.
use patterns_core::hedge::Hedge;
use patterns_core::retry::RetryBudget;
use patterns_core::testing::explore_cancellation;

use super::{slow_first, works};
use crate::support::{Log, ms, secs};

#[test]
fn an_interruption_at_any_poll_leaves_no_attempt_without_its_cleanup() {
    explore_cancellation(
        async || Log::default(),
        async |log| {
            let hedge = Hedge::after(ms(50));
            let _ = hedge.run(|number| works(log.clone(), number, slow_first(number))).await;
        },
        async |log| {
            for number in 1..=2 {
                let said = |what: &str| log.all().iter().any(|line| line.starts_with(&format!("{number} {what}")));
                assert_eq!(said("begun"), said("done") || said("cleaned up"), "{:?}", log.all());
            }
        },
    );
}

#[test]
fn an_interruption_at_any_poll_takes_no_token_without_an_attempt() {
    explore_cancellation(
        async || {
            let budget = RetryBudget::with_ratio(10, 0.0);
            (Hedge::after(ms(50)).max_attempts(3).budget(budget.clone()), budget, Log::default())
        },
        async |(hedge, _, log)| {
            let _ = hedge.run(|number| works(log.clone(), number, secs(number.into()))).await;
        },
        async |(hedge, budget, _)| {
            let hedges = hedge.status().hedges;
            assert!(hedges <= 2);
            assert_eq!(budget.available(), 10.0 - hedges as f64);
        },
    );
}
