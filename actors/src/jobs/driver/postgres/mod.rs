mod answer;
mod columns;
mod control;
mod effects;
mod ends;
mod enqueue;
mod enter;
mod floors;
mod heads;
mod late;
mod leader;
mod ledger;
mod locked;
mod look;
mod owners;
mod queues;
mod schema;
mod setback;
mod shares;
mod take;
mod tx;
mod wakes;
mod wish;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::rules::{check, check_answer, check_name};
use super::{
    Accepted, Answer, Beat, DriverError, Effects, Entered, Eviction, JobDriver, JobFilter, JobId, JobRecord, JobState,
    Leadership, NewJob, Owner, Owners, Prune, QueueCounts, QueueLimits, Take, Taken, Turns,
};
use crate::ConnectionPool;
use crate::connection_pool::postgres::PostgresManager;
use ends::Ends;
use floors::Floors;
use shares::shares;
use wakes::Wakes;

/// A driver in a PostgreSQL database, 13 or later: for workers on any number of machines. A clone is the same driver.
///
/// Jobs can be entered [in a transaction of the user's](Self::put_in), and rows be written [in the one that ends a
/// job](Self::effects).
///
/// | guarantee | |
/// |---|---|
/// | survives | the process, the server, and a power cut, also where `synchronous_commit` is off; whether a standby has it too is that setting's |
/// | machines | any number |
/// | at least once, fenced, in the order of each key | yes |
/// | next jobs, and rows, with the end of a job | yes |
/// | put in the user's own transaction | yes |
/// | done once only | no: who is given up while he works is followed by another |
/// | jobs without keys in their order | but for those that somebody else is just taking |
/// | whose clock | the server's, for due times, windows and rates |
/// | wake-up | at once by `NOTIFY`, whoever did it |
///
/// However:
///
/// - A server with `fsync` off loses what it has acknowledged in a power cut. Nobody looks whether it is.
/// - The database must be in UTF-8, or it could not hold every text. Of an error that has a NUL in it, which is no
///   text to PostgreSQL, another character is kept in its place.
/// - Who takes may leave out what somebody else is taking at that moment. That is then said by a
///   [`next`](Taken::next) of zero.
/// - Jobs with keys are written one line after the other: many that are entered into one line at the same time wait
///   for each other.
/// - Commits that wake somebody take turns on the server, as each `NOTIFY` does.
/// - [`counts`](JobDriver::counts) counts all jobs that are kept.
/// - Where the URL names several hosts, it must say `target_session_attrs=read-write`, or after a failover the
///   connections may be those of a standby. One whose server takes no writes is given up as soon as that shows.
/// - The connections must be the server's own, or a proxy's that keeps one for each session: prepared statements are
///   kept, and pgbouncer in the mode `transaction` would mix them up.
/// - Where the server's clock is set back, a rate of a queue goes by the new time, and may be exceeded by one burst; a
///   rate that [turns](JobDriver::turns) are reserved of can't tell, and stands still until the clock has caught up.
///
/// # How it works
///
/// The tables are in the first schema of the connections' search path: `durable_job`, `durable_line`, `durable_sole`,
/// `durable_held_on`, `durable_owner`, `durable_queue`, `durable_rate`, `durable_leader` and `durable_job_version`.
/// Instants are nanoseconds since 1970, ids sixteen bytes. A program may look into them, as in `select encode(id,
/// 'hex'), state, to_timestamp(due / 1e9) from durable_job`.
///
/// *No deadlocks*: whatever is locked is locked in one order: the leader, owners, queues, lines, unique keys, jobs;
/// and of each kind in the order of their keys. Who looks for jobs skips those that are locked. *First of its key*: a
/// job's line is locked before anybody enters a job into it, or ends one of it; only the next statement looks who is
/// there, so it sees all that happened in the line. *Fences*: an owner's row is locked by each of its takes, and
/// deleted by its eviction, so there is no job of an owner who is gone.
///
/// *Transactions*: each call is one, or two, and to prune several, at the isolation that it needs, whatever the
/// server's default is. It is begun anew where others were in its way, or the connection turns out to be broken. A
/// batch with many effects, or with megabytes of text, is cut into several, each of which counts once it is written.
///
/// *Few ways to the server*: statements are prepared once for each connection, and those that need not wait for an
/// answer are sent together. To enter a batch of plain jobs is one way there and back, to take or answer for one two.
/// To find nothing is one, and writes nothing.
///
/// *Wake-ups* come by `LISTEN`, on a connection that is not the pool's. It is made when somebody first
/// [waits](JobDriver::woken), so a driver that only enters jobs has none, and ends with the last clone of the driver.
/// When it was lost and is there again, everybody is woken.
///
/// Calls obey the ambient deadline, but not the ambient token: a queue that is being stopped still has something to
/// write. So the pool must live for longer than the queue; a system that has started both in this order stops them in
/// the reverse one.
///
/// # Examples
///
/// ```no_run
/// use actors::connection_pool::postgres::PostgresManager;
/// use actors::jobs::JobId;
/// use actors::jobs::driver::{Entered, JobDriver, NewJob, PostgresDriver};
/// use actors::{ConnectionPool, System};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let manager = PostgresManager::new("postgres://app:secret@localhost/shop")?;
/// let pool = ConnectionPool::builder(manager).max_size(4).start(&system).await?;
/// let driver = PostgresDriver::new(pool).await?;
///
/// let job = NewJob::new(JobId::of(&["welcome", "ada"]), "mail", "welcome", r#"{"to":"ada"}"#);
/// let entered = driver.enqueue(None, &[job]).await?;
/// assert!(matches!(entered[..], [Entered::New | Entered::Known]));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresDriver {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: ConnectionPool<PostgresManager>,
    floors: Arc<Floors>,
    wakes: Wakes,
}

impl PostgresDriver {
    /// The driver in the database of a pool, of which each call takes one connection. The tables are made if they are
    /// missing, and brought up to date if an earlier version of this crate has made them; several programs may do
    /// that at the same time.
    ///
    /// # Errors
    ///
    /// - [`DriverError::Failed`]: there is no connection to be had; the server refused it, as it does where the user
    ///   may not make tables; the ambient deadline passed.
    /// - [`DriverError::Refused`]: a later version of this crate has made the tables; the database is not in UTF-8.
    ///
    /// Without these it waits for as long as another makes the tables.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the tables are made or not.
    pub async fn new(pool: ConnectionPool<PostgresManager>) -> Result<Self, DriverError> {
        let driver = Self { inner: Arc::new(Inner { pool, floors: Arc::default(), wakes: Wakes::default() }) };
        driver.on_one(|tx| driver.migrate(tx)).await?;
        Ok(driver)
    }

    /// There may be jobs that are due earlier than those that were seen.
    fn forget(&self, ends: &Ends) {
        ends.earlier().for_each(|queue| self.inner.floors.forget(queue));
    }
}

#[async_trait]
impl JobDriver for PostgresDriver {
    async fn enqueue(&self, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        jobs.iter().try_for_each(check)?;
        let mut entered = Vec::with_capacity(jobs.len());
        for share in shares(jobs) {
            entered.extend(self.on_one(move |tx| self.try_enqueue(tx, term, share)).await?);
        }
        Ok(entered)
    }

    async fn take(&self, take: &Take) -> Result<Option<Taken>, DriverError> {
        self.on_one(move |tx| self.try_take(tx, take)).await
    }

    async fn answer(&self, owner: &str, answers: &[Answer]) -> Result<Vec<Accepted>, DriverError> {
        answers.iter().try_for_each(check_answer)?;
        let mut accepted = Vec::with_capacity(answers.len());
        for share in shares(answers) {
            accepted.extend(self.on_one(move |tx| self.try_answer(tx, owner, share)).await?);
        }
        Ok(accepted)
    }

    fn takes(&self, effects: &Effects) -> bool {
        effects.get::<effects::Rows>().is_some()
    }

    async fn enter(&self, owner: &Owner) -> Result<bool, DriverError> {
        check_name("owner", &owner.owner)?;
        owner.instance.as_deref().map_or(Ok(()), |instance| check_name("instance", instance))?;
        self.on_one(move |tx| self.try_enter_owner(tx, owner)).await
    }

    async fn beat(&self, owner: &str) -> Result<Option<Beat>, DriverError> {
        self.on_one(move |tx| self.try_beat(tx, owner)).await
    }

    async fn owners(&self) -> Result<Owners, DriverError> {
        self.on_one(move |tx| self.try_owners(tx)).await
    }

    async fn evict(&self, owner: &str, beat: u64) -> Result<Eviction, DriverError> {
        self.on_one(move |tx| self.try_evict(tx, owner, Some(beat))).await
    }

    async fn leave(&self, owner: &str) -> Result<Eviction, DriverError> {
        self.on_one(move |tx| self.try_evict(tx, owner, None)).await
    }

    async fn campaign(&self, owner: &str) -> Result<Option<Leadership>, DriverError> {
        self.on_one(move |tx| self.try_campaign(tx, owner)).await
    }

    async fn resign(&self, leadership: &Leadership) -> Result<(), DriverError> {
        self.on_one(move |tx| self.try_resign(tx, leadership)).await
    }

    async fn turns(&self, turns: &Turns) -> Result<Duration, DriverError> {
        check_name("rate", &turns.name)?;
        self.on_one(move |tx| self.try_turns(tx, turns)).await
    }

    async fn limit(&self, queue: &str, limits: &QueueLimits) -> Result<(), DriverError> {
        check_name("queue", queue)?;
        self.on_one(move |tx| self.try_limit(tx, queue, limits)).await
    }

    async fn pause(&self, queue: &str, paused: bool) -> Result<(), DriverError> {
        check_name("queue", queue)?;
        self.on_one(move |tx| self.try_pause(tx, queue, paused)).await
    }

    async fn cancel(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        self.on_one(move |tx| self.try_cancel(tx, job)).await
    }

    async fn retry(&self, job: JobId) -> Result<Option<JobState>, DriverError> {
        self.on_one(move |tx| self.try_retry(tx, job)).await
    }

    async fn look(&self, jobs: &[JobId]) -> Result<Vec<Option<JobRecord>>, DriverError> {
        self.on_one(move |tx| self.try_look(tx, jobs)).await
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, DriverError> {
        self.on_one(move |tx| self.try_list(tx, filter)).await
    }

    async fn counts(&self) -> Result<Vec<QueueCounts>, DriverError> {
        self.on_one(move |tx| self.try_counts(tx)).await
    }

    async fn prune(&self, prune: &Prune) -> Result<u64, DriverError> {
        let deleted = self.on_one(move |tx| self.try_prune(tx, prune)).await?;
        // Only then: however many keys there are, they keep no jobs from being deleted. Each share of them is committed,
        // so whoever has no time for all gets through them bit by bit.
        if deleted < prune.most as u64 {
            while self.on_one(move |tx| self.try_free(tx)).await? {}
        }
        Ok(deleted)
    }

    fn mark(&self) -> u64 {
        self.inner.wakes.mark()
    }

    async fn woken(&self, queues: &[String], mark: u64) {
        let Inner { pool, floors, wakes } = &*self.inner;
        wakes.woken(pool, floors, queues, mark).await;
    }
}
