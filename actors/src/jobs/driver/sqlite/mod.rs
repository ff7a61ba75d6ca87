mod answer;
mod calls;
mod control;
mod effects;
mod enqueue;
mod error;
mod leader;
mod look;
mod owners;
mod queues;
mod row;
mod schema;
mod take;
mod trace;
mod wake;
mod work;

use std::fmt;
use std::sync::Arc;

use rusqlite::{Connection, Transaction};

use super::rules::{check, nanos, undeterred};
use super::{DriverError, Effects, Entered, NewJob};
use crate::connection_pool::ConnectionPool;
use crate::connection_pool::sqlite::SqliteManager;
use crate::scheduler::{SystemClock, WallClock};
use effects::SqliteEffects;
use error::said;
use trace::Trace;
use wake::{Stir, Wake};
use work::Work;

/// A driver in a SQLite file: for the workers of one machine, in one process or in several. A clone is the same one.
///
/// What it has answered is on the disk, so it survives a crash of the process and of the machine. Rows of the user's in
/// the same file can be written [with the end of a job](Self::effects), and jobs put [with rows](Self::put_in).
///
/// However, a file on a network's file system must not be used by more than one machine: SQLite can't lock it there.
/// And there is one writer at a time, so what needs more writes than one disk can do needs another engine.
/// Where the machine's clock is set back, a rate of a queue goes by the new time, and may be exceeded by one burst; a rate
/// that [turns](super::JobDriver::turns) are reserved of can't tell, and stands still until the clock has caught up.
///
/// | guarantee | |
/// |---|---|
/// | survives | the process, and a power cut (`synchronous = full`, `fullfsync`) |
/// | machines | one |
/// | at least once, fenced, in the order of each key | yes |
/// | next jobs, and rows, with the end of a job | yes |
/// | put in the user's own transaction | yes |
/// | wake-up | at once for what this driver did; within a second for what others did |
///
/// # How it works
///
/// The tables `durable_job`, `durable_owner`, `durable_queue` and a few more may be in a file that has others too,
/// those of [`SqliteStore`](crate::scheduler::store::SqliteStore) among them. A program may look into them, as in
/// `select kind, state, error from durable_job where queue = 'mail'`; it must not change them.
///
/// Each call that writes is one transaction of the pool's [writer](crate::connection_pool::sqlite), which commits
/// together what comes at the same time: so what a put, a take and an answer cost is a part of one wait for the disk.
/// Calls that read have a connection of their own. Calls obey the ambient deadline, but not the ambient token: who is
/// being stopped still has something to hand back.
///
/// How many jobs of a queue are in which state is kept with the queue, as is how many run: both are changed in the
/// transactions that change the jobs, and cost no search.
///
/// While somebody waits for jobs it is looked once a second whether the file was written to; then a number in it is read,
/// which grows with each change that somebody may wait for. Beside the signs of life that is all that idling costs.
///
/// # Examples
///
/// A job that is put if and only if its row is there, and ends together with another one:
///
/// ```
/// use actors::connection_pool::sqlite::SqliteManager;
/// use actors::jobs::JobId;
/// use actors::jobs::driver::{
///     Accepted, Answer, DriverError, End, Entered, JobDriver, NewJob, Owner, SqliteDriver, Take,
/// };
/// use actors::{ConnectionPool, System};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("shop.db");
/// let system = System::start()?;
/// let tables = "create table if not exists customer (name text primary key) strict;
///     create table if not exists mail (customer text primary key) strict;";
/// let durable = "pragma synchronous = full; pragma fullfsync = on;";
/// let manager = SqliteManager::new(&file).init(format!("{durable} {tables}"));
/// let pool = ConnectionPool::builder(manager).max_size(4).start(&system).await?;
/// let driver = SqliteDriver::new(pool.clone()).await?;
///
/// let job = NewJob::new(JobId::of(&["welcome", "ada"]), "mail", "welcome", r#"{"to":"ada"}"#);
/// let entered = pool.transaction(move |tx| -> Result<_, DriverError> {
///     tx.execute("insert into customer values ('ada')", ())?;
///     SqliteDriver::put_in(tx, &[job])
/// });
/// assert_eq!(entered.await?, [Entered::New]);
///
/// driver.enter(&Owner { owner: "a".to_owned(), instance: None, poison: 3 }).await?;
/// let queues = vec!["mail".to_owned()];
/// let ageing = Duration::from_secs(60);
/// let take = Take { owner: "a".to_owned(), serial: 1, queues, most: 10, suspect: true, ageing };
/// let taken = driver.take(&take).await?.expect("the owner was entered").jobs.remove(0);
///
/// // What fails takes the answer with it, and nothing else.
/// let fails = SqliteDriver::effects(|tx| tx.execute("insert into nowhere values (1)", ()).map(drop));
/// let answer = Answer { effects: Some(fails), ..Answer::new(taken.id, taken.fence, End::Done { output: None }) };
/// let accepted = driver.answer("a", &[answer.clone()]).await?;
/// assert!(matches!(&accepted[..], [Accepted::Failed(why)] if why.contains("nowhere")));
///
/// let notes = SqliteDriver::effects(|tx| tx.execute("insert into mail values ('ada')", ()).map(drop));
/// assert_eq!(driver.answer("a", &[Answer { effects: Some(notes), ..answer }]).await?, [Accepted::Kept]);
/// let mails: u32 = pool.call(|db| db.query_row("select count(*) from mail", (), |row| row.get(0))).await?;
/// assert_eq!(mails, 1);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SqliteDriver {
    pool: ConnectionPool<SqliteManager>,
    clock: Arc<dyn WallClock>,
    wake: Arc<Wake>,
    trace: Arc<Trace>,
}

impl SqliteDriver {
    /// How many prepared statements a connection keeps that writes: all of the driver's, and more.
    const STATEMENTS: usize = 128;

    /// A driver in the file of these connections. The tables are made if they are missing, and brought up to date if an
    /// earlier version of this crate has made them.
    ///
    /// The connections must be such that what was committed survives a power cut, which is checked:
    /// `SqliteManager::new(file).init("pragma synchronous = full; pragma fullfsync = on")`.
    ///
    /// # Errors
    ///
    /// - [`DriverError::Refused`]: the connections are `synchronous = normal`, or `off`; or a later version of this
    ///   crate has made the tables.
    /// - [`DriverError::Failed`]: there was no connection to be had; SQLite can't make the tables; the ambient token
    ///   was cancelled, or the ambient deadline passed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the tables are made or not.
    pub async fn new(pool: ConnectionPool<SqliteManager>) -> Result<Self, DriverError> {
        let seen = pool.transaction(schema::prepare).await.map_err(said)?;
        let trace = Arc::new(Trace::of(pool.manager().path()));
        Ok(Self { pool, clock: Arc::new(SystemClock), wake: Arc::new(Wake::new(seen)), trace })
    }

    /// The same driver, which goes by this clock. All that use the file are to go by the same one. Default:
    /// [`SystemClock`], the machine's.
    #[must_use]
    pub fn with_clock(self, clock: impl WallClock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Effects that are done in the transaction of the [answer](super::Answer::effects) that they come with: `f` may
    /// write whatever it likes in the same file.
    ///
    /// If it fails, or panics, what it did is taken back, and the answer is
    /// [`Accepted::Failed`](super::Accepted::Failed); others of the same batch are not touched. It may be called again
    /// where an earlier transaction was rolled back. It holds up all who write, so it should be quick. It can't begin
    /// or end the transaction.
    pub fn effects(f: impl Fn(&Transaction<'_>) -> Result<(), rusqlite::Error> + Send + Sync + 'static) -> Effects {
        Effects::new(SqliteEffects::new(f))
    }

    /// Enters jobs in a transaction of the user's own, on whichever connection to the file, in this process or another:
    /// they are there if and only if it is committed. As by [`enqueue`](super::JobDriver::enqueue) without a term; it
    /// goes by the machine's clock.
    ///
    /// Workers learn of it within a second.
    ///
    /// # Errors
    ///
    /// None of the jobs is entered then, and the transaction may go on.
    ///
    /// - [`DriverError::Refused`]: a name has a NUL in it or more than 2,000 bytes, or a payload more than 1 MiB.
    /// - [`DriverError::Failed`]: SQLite said so; the file has no tables of the driver's.
    pub fn put_in(tx: &Transaction<'_>, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        jobs.iter().try_for_each(check)?;
        tx.execute_batch("savepoint durable_put")?;
        let mut work = Work::new(tx, nanos(SystemClock.now()));
        let entered = enqueue::enqueue(&mut work, None, jobs).and_then(|entered| work.close().map(|_| entered));
        let undo = if entered.is_err() { "rollback to durable_put; " } else { "" };
        let ended = tx.execute_batch(&format!("{undo}release durable_put"));
        // What went wrong first says more.
        let entered = entered?;
        ended?;
        Ok(entered)
    }

    /// Calls `f` in a transaction, and wakes those who wait if there may be something for them.
    async fn write<T, F>(&self, f: F) -> Result<T, DriverError>
    where
        F: FnOnce(&mut Work<'_>) -> Result<T, DriverError> + Send + 'static,
        T: Send + 'static,
    {
        let (clock, wake) = (Arc::clone(&self.clock), Arc::clone(&self.wake));
        let in_transaction = move |tx: &Transaction<'_>| -> Result<_, DriverError> {
            tx.set_prepared_statement_cache_capacity(Self::STATEMENTS);
            // Read when it is its turn: so whoever comes later has a later one.
            let mut work = Work::new(tx, nanos(clock.now()));
            let done = f(&mut work)?;
            Ok((done, work.close()?.map(|stir| Stir::new(wake, stir))))
        };
        let (done, stir) = undeterred(self.pool.transaction(in_transaction)).await.map_err(said)?;
        if let Some(stir) = stir {
            stir.committed();
        }
        Ok(done)
    }

    /// Calls `f` with what was committed at one moment.
    async fn read<T, F>(&self, f: F) -> Result<T, DriverError>
    where
        F: FnOnce(&Transaction<'_>, i64) -> Result<T, DriverError> + Send + 'static,
        T: Send + 'static,
    {
        let clock = Arc::clone(&self.clock);
        let at_one_moment = move |db: &mut Connection| -> Result<T, DriverError> {
            let tx = db.transaction()?;
            f(&tx, nanos(clock.now()))
        };
        undeterred(self.pool.call(at_one_moment)).await.map_err(said)
    }

    /// Looks for what others did, now and then, for ever. An engine that is away wakes nobody.
    async fn look_out(&self) {
        loop {
            self.wake.time_to_look().await;
            if !self.trace.may_be_new() {
                continue;
            }
            let stir = self.read(|tx, _| Ok(tx.prepare_cached(schema::STIR)?.query_row((), |row| row.get(0))?));
            match stir.await {
                Ok(stir) => self.wake.found(stir),
                Err(_) => self.trace.unsettle(),
            }
        }
    }
}

impl fmt::Debug for SqliteDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteDriver").field("pool", &self.pool).finish_non_exhaustive()
    }
}
