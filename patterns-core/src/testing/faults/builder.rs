use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::rule::Rule;
use super::{Fault, Faults, Shared, When};

/// Builds [`Faults`] from rules. Of several that hit a call the first one counts, so each call has one fault at most.
///
/// # Defaults
///
/// Seed 0 and no rule: nothing is injected, and the calls are counted.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build` or `sweep`"]
pub struct FaultsBuilder {
    seed: u64,
    rules: Vec<Rule>,
}

impl FaultsBuilder {
    /// What the random decisions are made of: with the same seed and the same calls the same ones go wrong.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds a rule for every point.
    pub fn inject(mut self, fault: Fault, when: When) -> Self {
        self.rules.push(Rule { fault, when, at: None });
        self
    }

    /// Adds a rule for one point.
    pub fn inject_at(mut self, point: &'static str, fault: Fault, when: When) -> Self {
        self.rules.push(Rule { fault, when, at: Some(point) });
        self
    }

    /// The faults. Their windows of time begin now.
    ///
    /// # Errors
    ///
    /// - [`FaultsError::Chance`]: a chance is not between 0 and 1.
    /// - [`FaultsError::NoSuchCall`]: a rule is for call 0.
    /// - [`FaultsError::EmptyWindow`]: a window ends before or when it begins.
    /// - [`FaultsError::EmptyDelay`]: a delay's upper limit is below its lower one.
    pub fn build(self) -> Result<Faults, FaultsError> {
        self.rules.iter().try_for_each(check)?;
        let Self { seed, rules } = self;
        let shared = Shared { seed, rules, begun: Instant::now(), reports: Mutex::new(BTreeMap::new()) };
        Ok(Faults { shared: Arc::new(shared), at: "" })
    }
}

fn check(rule: &Rule) -> Result<(), FaultsError> {
    match rule.when {
        When::Chance(chance) if !(0.0..=1.0).contains(&chance) => return Err(FaultsError::Chance(chance)),
        When::Every(0) | When::Nth(0) => return Err(FaultsError::NoSuchCall),
        When::Between(from, to) if from >= to => return Err(FaultsError::EmptyWindow),
        _ => {}
    }
    match rule.fault {
        Fault::DelayBetween(min, max) if min > max => Err(FaultsError::EmptyDelay),
        _ => Ok(()),
    }
}

/// A rule that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultsError {
    /// A chance is not between 0 and 1.
    #[error("a chance must be between 0 and 1, not {0}")]
    Chance(f64),
    /// A rule is for call 0.
    #[error("calls are counted from 1, so there is no call 0")]
    NoSuchCall,
    /// A window ends before or when it begins.
    #[error("a window must end after it begins")]
    EmptyWindow,
    /// A delay's upper limit is below its lower one.
    #[error("a delay's upper limit must not be below its lower one")]
    EmptyDelay,
}
