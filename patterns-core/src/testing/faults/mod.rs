use std::collections::BTreeMap;
use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

mod builder;
mod draw;
mod injected;
mod report;
mod rule;
mod sweep;

pub use builder::{FaultsBuilder, FaultsError};
pub use injected::Injected;
pub use report::FaultReport;
use rule::{Call, Rule};
pub use rule::{Fault, When};

/// Makes async operations fail on purpose, and the same ones each time. Clones are the same faults.
///
/// Errors, delays, hangs, panics and lost replies come by chance, by count or in a window of virtual time
/// ("down from 10 s to 20 s"). Whether a call goes wrong depends on the seed, its point, its number there and the
/// rules, and on nothing else: not on what happens at other points, nor on the version of a random number generator.
/// The seed is part of every error and panic, and [`sweep`](FaultsBuilder::sweep) names the one that broke the test.
///
/// However, calls of one point that race on several threads get their numbers in the order of that race.
///
/// It stands for the world outside: its delays and hangs don't look at the ambient token or deadline, whoever calls
/// has to.
///
/// # Comparison to a mock
///
/// An [`AsyncMock`](super::AsyncMock) replaces a function, and is told what each call does. This goes around the real
/// one, or a fake that works.
///
/// # Examples
///
/// ```
/// use patterns_core::testing::{Fault, Faults, When};
/// use std::io;
/// use std::time::Duration;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let faults = Faults::builder()
///     .seed(42)
///     .inject(Fault::Error, When::Between(Duration::from_secs(10), Duration::from_secs(20)))
///     .inject_at("db", Fault::Delay(Duration::from_millis(300)), When::Every(3))
///     .build()?;
/// let db = faults.at("db");
/// let query = async || db.run(async { Ok::<_, io::Error>("a row") }).await;
///
/// assert_eq!(query().await?, "a row");
/// sleep(Duration::from_secs(15)).await;
/// assert_eq!(query().await.unwrap_err().to_string(), "injected error in call 2 at `db` (seed 42)");
/// sleep(Duration::from_secs(15)).await;
/// let began = Instant::now();
/// assert_eq!(query().await?, "a row");
/// assert_eq!(began.elapsed(), Duration::from_millis(300));
///
/// let report = faults.report();
/// assert_eq!((report.calls, report.passed, report.errors, report.delays), (3, 1, 1, 1));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
    /// The point whose calls these are; empty where none was named.
    at: &'static str,
}

struct Shared {
    seed: u64,
    rules: Vec<Rule>,
    begun: Instant,
    /// By point: as many as are named in the program.
    reports: Mutex<BTreeMap<&'static str, FaultReport>>,
}

/// A call that goes wrong.
struct Struck {
    /// Tells of it; also what an error is.
    told: Injected,
    delay: Duration,
}

impl Faults {
    /// Builds faults from rules.
    pub fn builder() -> FaultsBuilder {
        FaultsBuilder::default()
    }

    /// The same faults at a point of this name. Its calls are counted and decided on by themselves, and rules may be
    /// for it alone ([`inject_at`](FaultsBuilder::inject_at)).
    #[must_use]
    pub fn at(&self, point: &'static str) -> Self {
        Self { shared: Arc::clone(&self.shared), at: point }
    }

    /// Carries out `operation`, unless this call is to go wrong.
    ///
    /// # Errors
    ///
    /// What the operation returned, or an [`Injected`] error in its place.
    ///
    /// # Panics
    ///
    /// Where the fault is [`Fault::Panic`]: the message is that of an [`Injected`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe if `operation` is: dropping this drops it. The call has been counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::testing::{Fault, Faults, Injected, When};
    /// use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// // A transfer that is tried again because nobody heard that it was done.
    /// let balance = AtomicU32::new(100);
    /// let withdraw = async || {
    ///     balance.fetch_sub(10, SeqCst);
    ///     Ok::<_, Injected>(())
    /// };
    /// let bank = Faults::builder().inject(Fault::LostReply, When::Nth(1)).build()?;
    /// if bank.run(withdraw()).await.is_err() {
    ///     bank.run(withdraw()).await?;
    /// }
    /// assert_eq!(balance.load(SeqCst), 80, "withdrawn twice");
    /// # Ok(()) }
    /// ```
    pub async fn run<T, E, F>(&self, operation: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Injected>,
    {
        match self.begin(true) {
            None => operation.await,
            Some(struck) if struck.told.fault == Fault::LostReply => {
                drop(operation.await);
                Err(struck.told.into())
            }
            Some(struck) => {
                struck.carry_out().await?;
                operation.await
            }
        }
    }

    /// A place in the code where something may go wrong: a call of [`at(name)`](Self::at) around nothing.
    ///
    /// # Errors
    ///
    /// An [`Injected`] error.
    ///
    /// # Panics
    ///
    /// Where the fault is [`Fault::Panic`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. The call has been counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::testing::{Fault, Faults, When};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let faults = Faults::builder().inject_at("before commit", Fault::Error, When::Nth(2)).build()?;
    /// assert!(faults.point("before commit").await.is_ok());
    /// assert!(faults.point("after commit").await.is_ok());
    /// assert_eq!(faults.point("before commit").await.unwrap_err().call(), 2);
    /// # Ok(()) }
    /// ```
    pub async fn point(&self, name: &'static str) -> Result<(), Injected> {
        match self.at(name).begin(false) {
            None => Ok(()),
            Some(struck) => struck.carry_out().await,
        }
    }

    /// The seed with which the same happens again.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.shared.seed
    }

    /// What was done to the calls of all points.
    #[must_use]
    pub fn report(&self) -> FaultReport {
        let mut total = FaultReport::default();
        for report in self.shared.reports.lock().values() {
            total += *report;
        }
        total
    }

    /// What was done to the calls of this point.
    #[must_use]
    pub fn report_at(&self, point: &'static str) -> FaultReport {
        self.shared.reports.lock().get(point).copied().unwrap_or_default()
    }

    /// Counts a call, and decides whether it goes wrong.
    fn begin(&self, replies: bool) -> Option<Struck> {
        let Shared { seed, rules, begun, reports } = &*self.shared;
        let mut reports = reports.lock();
        let report = reports.entry(self.at).or_default();
        let call = Call { at: self.at, number: report.calls + 1, age: begun.elapsed(), replies };
        let hit = rules.iter().enumerate().find(|(number, rule)| rule.strikes(&call, *seed, *number));
        report.count(hit.map(|(_, rule)| rule.fault));
        let (number, rule) = hit?;
        let told = Injected { fault: rule.fault, at: self.at, call: call.number, seed: *seed };
        Some(Struck { told, delay: rule.delay(&call, *seed, number) })
    }
}

impl Struck {
    async fn carry_out(self) -> Result<(), Injected> {
        match self.told.fault {
            Fault::Error | Fault::LostReply => Err(self.told),
            Fault::Delay(_) | Fault::DelayBetween(..) => {
                sleep(self.delay).await;
                Ok(())
            }
            Fault::Hang => pending().await,
            Fault::Panic => panic!("{}", self.told),
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults")
            .field("seed", &self.seed())
            .field("at", &self.at)
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
