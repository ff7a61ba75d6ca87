use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::{FaultReport, Faults, FaultsBuilder};
use crate::context::Context;
use crate::outcome::catch_panic;
use crate::reaper::Reaper;

/// Virtual time that a scenario, and what it leaves behind, may each take.
const PATIENCE: Duration = Duration::from_secs(3600);

impl FaultsBuilder {
    /// Runs `scenario` once for each seed, each time on a runtime and a paused clock of its own, and says what was
    /// injected in all.
    ///
    /// The scenario gets the faults and checks its own invariants: `assert!` as in any test. What it hands over to
    /// its [`Reaper`] is waited for.
    ///
    /// # Panics
    ///
    /// - Where the scenario panics. The message begins with the seed that does it: `with seed 17: ..`. Build with
    ///   that [`seed`](Self::seed) to see it again.
    /// - Where the scenario or what it leaves behind has not ended after an hour of virtual time.
    /// - Where a rule makes no sense: see [`build`](Self::build).
    /// - Inside of a tokio runtime: call it from a plain `#[test]`.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::retry::Retry;
    /// use patterns_core::testing::{Fault, Faults, Injected, When};
    /// use std::time::Duration;
    ///
    /// # fn main() {
    /// let report = Faults::builder().inject(Fault::Error, When::Chance(0.3)).sweep(0..50, async |faults| {
    ///     let retry = Retry::fixed(Duration::from_millis(10)).max_attempts(20);
    ///     let fetched = retry.run(|| faults.run(async { Ok::<_, Injected>("page") })).await;
    ///     assert_eq!(fetched.unwrap(), "page");
    /// });
    /// assert_eq!(report.passed, 50);
    /// assert!(report.errors > 0);
    /// # }
    /// ```
    #[track_caller]
    pub fn sweep(&self, seeds: impl IntoIterator<Item = u64>, scenario: impl AsyncFn(Faults)) -> FaultReport {
        assert!(Handle::try_current().is_err(), "a sweep builds its own runtimes: call it from a plain `#[test]`");
        let mut total = FaultReport::default();
        for seed in seeds {
            match catch_panic(|| run(self.clone().seed(seed), &scenario)) {
                Ok(report) => total += report,
                Err(panic) => match panic.place() {
                    Some(place) => panic!("with seed {seed}: {} (at {place})", panic.message()),
                    None => panic!("with seed {seed}: {}", panic.message()),
                },
            }
        }
        total
    }
}

fn run(builder: FaultsBuilder, scenario: &impl AsyncFn(Faults)) -> FaultReport {
    let runtime =
        Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime of the current thread");
    LocalSet::new().block_on(&runtime, async {
        let faults = match builder.build() {
            Ok(faults) => faults,
            Err(error) => panic!("{error}"),
        };
        let reaper = Reaper::new();
        let scoped = Context::root(reaper.clone()).scope(scenario(faults.clone()));
        assert!(timeout(PATIENCE, scoped).await.is_ok(), "the scenario did not end within {PATIENCE:?}");
        let settled = timeout(PATIENCE, reaper.drained()).await.is_ok();
        assert!(settled, "not settled after {PATIENCE:?}, still running: {:?}", reaper.live());
        faults.report()
    })
}
