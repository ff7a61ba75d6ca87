//! Where durable schedules and their firings are kept, so that a crash neither doubles nor loses one.
//!
//! A schedule that is [durable](super::Every::durable) is registered by its name. Each of its firings is *claimed*,
//! keyed by schedule and instant, before its job begins, and *finished* with an outcome afterwards. From that follow:
//!
//! 1. **Nothing fires twice.** Of all schedulers with the same store, in whatever life, one gets the claim.
//! 2. **Nothing is missed in silence.** After a crash the scheduler goes on behind the last instant that was decided;
//!    what has passed since then falls under the schedule's [`CatchUp`](super::CatchUp), and is counted.
//! 3. **A crash in the middle shows.** A firing that was claimed and never finished is found when the lease of whoever
//!    claimed it is over, is counted as interrupted, and runs again only if the schedule
//!    [says so](super::OnInterrupted).
//!
//! # The contract of a store
//!
//! Two relations are enough, and a third for leases:
//!
//! | relation | key | columns |
//! |---|---|---|
//! | schedules | name | definition (JSON), `anchor`, `runs`, `passed` (may be null), `floor` (may be null), `keep` |
//! | firings | schedule, instant | state (*claimed*, *interrupted*, *finished*, *released*), owner, claimed at, finished at, triggered, outcome |
//! | leases | owner | until |
//!
//! Each method is atomic: it has happened as a whole or not at all, also if its future is dropped, or the
//! process dies; and what it has answered survives a crash. Batches are there to be written in one transaction. They
//! hold at most 512 items.
//!
//! Each method may be called again with the same arguments because its answer was lost, and must then have the same
//! effect as if it had been called once. What that means is said at each.
//!
//! The store has no clock: every instant comes from the scheduler, as its wall clock shows it. Instants have
//! nanoseconds, and must come back unchanged. Those of the years 1678 to 2261, of which the nanoseconds since 1970 fit
//! an `i64`, are enough: for others a store may fail. Names are any text, and compare byte by byte; a store
//! may refuse a schedule whose name has a NUL in it, or more than 2,000 bytes.
//!
//! A store that fails is asked again, with growing pauses; until it answers, no durable job begins. A call that takes
//! longer than the scheduler's [`store_timeout`](super::SchedulerConfig::store_timeout) is dropped and counts as
//! failed. It may panic, too.
mod error;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod records;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod rules;
#[cfg(feature = "sqlite")]
mod sqlite;

use async_trait::async_trait;
use jiff::Timestamp;

pub use error::StoreError;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use records::{
    Claim, ClaimKind, Definition, Finished, FiringOutcome, FiringRecord, Kind, Lease, Passed, Recovered, Registered,
    Registration, Unclaimed, Verdict,
};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// Keeps durable schedules. See the [module](self) for the contract.
#[async_trait]
pub trait ScheduleStore: Send + Sync + 'static {
    /// Enters a schedule, or finds it.
    ///
    /// - Unknown: it is entered, with the `anchor` given, no `runs`, and null for `passed` and `floor`.
    /// - Known: the definition and `keep` are replaced by those given; everything else stays, the anchor too. But if its
    ///   kind is [`Every`](Kind::Every) or [`Cron`](Kind::Cron), and another than it was, its earlier instants are not
    ///   those that it has now: none up to `now` is due, so `passed` becomes `now`.
    ///
    /// The answer tells the anchor that is kept; `runs`; `last`, the latest of all instants not later than
    /// [`now`](Registration::now) that are in `passed` or have a firing that is neither released nor triggered; how many
    /// of its firings are claimed or interrupted; and its latest firings, up to `keep`, in the order of their instants.
    ///
    /// Called again: the same.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from doing that, as for every method.
    async fn register(&self, registration: &Registration) -> Result<Registered, StoreError>;

    /// Claims firings for the lease's owner, and renews that lease. There is one verdict for each claim, in their
    /// order.
    ///
    /// For each, in order, with `row` the firing of that schedule and instant:
    ///
    /// 1. No such schedule: [`Verdict::Unknown`].
    /// 2. `row` is claimed or interrupted, and its owner is the lease's: its state becomes claimed, and the verdict is
    ///    [`Verdict::New`]. This is how a claim is repeated whose answer was lost, and how an interrupted firing is
    ///    run again.
    /// 3. There is a `row` that is not released, or the claim's kind is [`ClaimKind::Again`]: [`Verdict::Taken`].
    /// 4. Its kind is [`ClaimKind::Due`], and its instant is not later than the schedule's `floor`:
    ///    [`Verdict::Taken`], as somebody may have had it, and it is not remembered.
    /// 5. The claim has a limit, and the schedule's `runs` have reached it: [`Verdict::Exhausted`].
    /// 6. Otherwise `row` is made, or made anew, claimed by the lease's owner at the claim's `at`, and triggered if its
    ///    kind is [`ClaimKind::Trigger`]; `runs` grows by one; [`Verdict::New`].
    ///
    /// # Errors
    ///
    /// See [`register`](Self::register).
    async fn claim(&self, lease: &Lease, claims: &[Claim]) -> Result<Vec<Verdict>, StoreError>;

    /// Notes for schedules that instants were decided without a claim: they were missed, or came in a pause. A store
    /// need keep no more of them than the latest; one that is asked what became of each keeps them all. After a crash
    /// the same may come again with another count, and with the same first instant; then that counts. Other schedulers
    /// with the same store may have claimed some of them. If the wall clock is set back, what was missed may come yet.
    ///
    /// For each whose schedule is known: `passed` becomes `through` if it is null, or earlier than `through`, or later
    /// than `now` (the wall clock was set back). Its firings from `first` to `through` that are released are deleted: they
    /// are among those that were decided.
    ///
    /// Called again: no further effect.
    ///
    /// # Errors
    ///
    /// See [`register`](Self::register).
    async fn pass(&self, now: Timestamp, passed: &[Passed]) -> Result<(), StoreError>;

    /// Finishes firings, and renews the lease.
    ///
    /// For each, with `row` the firing of that schedule and instant: nothing is done unless `row` is claimed or
    /// interrupted, and its owner is the lease's. (Otherwise somebody has taken it over, or this is said a second
    /// time.) With [`FiringOutcome::Released`] it becomes released, with any other outcome finished. The outcome and
    /// the time are kept. If the outcome [is no run](FiringOutcome::is_run), the schedule's `runs` shrinks by one.
    ///
    /// A store need not keep more than the schedule's `keep` latest firings that are finished or released, and may
    /// delete others, those with the earliest instants first. Then `floor` becomes the latest instant that was deleted
    /// and not triggered, unless it is later already. It never deletes what is claimed or interrupted.
    ///
    /// Called again: no further effect.
    ///
    /// # Errors
    ///
    /// See [`register`](Self::register).
    async fn finish(&self, lease: &Lease, finished: &[Finished]) -> Result<(), StoreError>;

    /// Renews the lease, and takes over what others have left unfinished.
    ///
    /// Every firing of `schedules` that is claimed or interrupted, whose owner is not the lease's, and whose owner's
    /// lease is unknown or over (its `until` is earlier than `now`), becomes interrupted, and its owner becomes the
    /// lease's. Of several who ask at the same time, one gets it.
    ///
    /// The answer has one item for each of `schedules`, in their order: the instants of its firings that are now
    /// interrupted with the lease's owner as theirs, in order, also those from earlier calls; the instants of its
    /// firings that are released, in order; and how many are claimed or interrupted with another owner. For an unknown
    /// schedule, none.
    ///
    /// A store may delete leases that are over and own nothing that is unfinished.
    ///
    /// Called again: the same answer.
    ///
    /// # Errors
    ///
    /// See [`register`](Self::register).
    async fn recover(&self, lease: &Lease, now: Timestamp, schedules: &[String]) -> Result<Vec<Recovered>, StoreError>;

    /// Deletes a schedule with all of its firings; whether there was one.
    ///
    /// # Errors
    ///
    /// See [`register`](Self::register).
    async fn forget(&self, schedule: &str) -> Result<bool, StoreError>;
}
