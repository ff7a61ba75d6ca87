//! Entering jobs.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::{join, join3, join4};

use super::super::rules::{check, number};
use super::super::{DriverError, Entered, NewJob};
use super::PostgresDriver;
use super::columns::{Columns, ENTER, id, is_late};
use super::enter::{NOTIFY, STATEMENTS, lock, maybe_empty, settle, write};
use super::ledger::Shared;
use super::setback::Setback;
use super::tx::{BEGIN, COMMIT, Tx, prepare, rows, rows_if};
use super::wakes::came;
use crate::connection_pool::postgres::Session;

/// Whether the leader of this term leads; if so, it does until the transaction is over.
const LEADS: &str = "
    select 1 from durable_leader l join durable_owner o on o.owner = l.owner where l.only_one and l.term = $1
    for share of l for key share of o";

const ISOLATION: &str = "select current_setting('transaction_isolation')";

impl PostgresDriver {
    pub(super) async fn try_enqueue(
        &self,
        tx: Tx,
        term: Option<u64>,
        jobs: &[NewJob],
    ) -> Result<Vec<Entered>, Setback> {
        let is_plain = |job: &NewJob| job.key.is_none() && job.unique.is_none();
        let entered = if term.is_none() && jobs.iter().all(is_plain) {
            plain(&tx, jobs).await?
        } else {
            in_order(&tx, term, jobs).await?
        };
        for job in jobs.iter().filter(|job| is_late(job)) {
            self.inner.floors.forget(&job.queue);
        }
        Ok(entered)
    }

    /// Enters jobs in a transaction of the user's: they are there, and wake whoever waits for them, if and only if it
    /// is committed. One verdict for each, as of [`enqueue`](super::super::JobDriver::enqueue).
    ///
    /// The transaction is that of [`ConnectionPool::transaction`](crate::ConnectionPool::transaction), on a connection
    /// whose search path finds the driver's tables. Until its end nobody else enters a job with the same id, key or
    /// unique key, so it should be short; and where two transactions enter such by several calls, in another order,
    /// PostgreSQL may find them in a deadlock, and end one. Where jobs have keys or unique keys, it must be at the
    /// isolation *read committed*, which is PostgreSQL's default: at others it could not see what became of those
    /// before them.
    ///
    /// # Errors
    ///
    /// - [`DriverError::Refused`]: a job can't be kept as it is, or it has a key and the isolation is another; or these
    ///   are [effects](Self::effects). Nothing was changed.
    /// - [`DriverError::Failed`]: the server refused it, or is lost, or the ambient token or deadline ended the wait.
    ///   The transaction can only be rolled back.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: dropped, the transaction may have entered some of the jobs; roll it back.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use actors::ConnectionPool;
    /// use actors::connection_pool::postgres::PostgresManager;
    /// use actors::jobs::JobId;
    /// use actors::jobs::driver::{Entered, NewJob, PostgresDriver};
    ///
    /// # async fn f(pool: &ConnectionPool<PostgresManager>) -> Result<(), Box<dyn std::error::Error>> {
    /// let job = NewJob::new(JobId::of(&["welcome", "ada"]), "mail", "welcome", r#"{"to":"ada"}"#);
    /// let entered = pool
    ///     .transaction(async |tx| {
    ///         tx.execute("insert into customer (name) values ('ada')", &[]).await?;
    ///         PostgresDriver::put_in(tx, &[job]).await
    ///     })
    ///     .await?;
    /// assert_eq!(entered, [Entered::New]);
    /// # Ok(()) }
    /// ```
    pub async fn put_in(tx: &Session, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        if tx.is_within_effects() {
            return Err(DriverError::refused(
                "effects can't put jobs, which are to be put with the answer: `Run::then`",
            ));
        }
        jobs.iter().try_for_each(check)?;
        loop {
            match put_once(tx, jobs).await {
                // Who entered it has committed meanwhile, so it is seen now.
                Err(Setback::Crossed) => tx.batch_execute("rollback to savepoint durable_put").await?,
                entered => return Ok(entered?),
            }
        }
    }
}

async fn put_once(tx: &Session, jobs: &[NewJob]) -> Result<Vec<Entered>, Setback> {
    prepare(tx, &STATEMENTS).await?;
    let shared = Shared::of(jobs);
    if !shared.lines.is_empty() || !shared.soles.is_empty() {
        let isolation: String = tx.query_one(ISOLATION, &[]).await?.get(0);
        if isolation != "read committed" {
            let why = format!("a job with a key: the transaction is {isolation}, expected read committed");
            return Err(DriverError::refused(why).into());
        }
    }
    tx.batch_execute("savepoint durable_put").await?;
    let mut ledger = lock(tx, &shared, &[]).await?;
    let entered: Vec<Entered> = jobs.iter().map(|job| ledger.decide(job)).collect();
    write(tx, &ledger).await?;
    // By the time of the commit others may have taken what was entered later.
    let wakes: Vec<String> = ledger.queues.keys().map(|queue| came(queue, true)).collect();
    settle(tx, &ledger, &shared, &maybe_empty(&shared, &entered), &wakes).await?;
    tx.batch_execute("release savepoint durable_put").await?;
    Ok(entered)
}

/// Jobs that have nothing in common with others but maybe their ids.
async fn plain(tx: &Session, jobs: &[NewJob]) -> Result<Vec<Entered>, Setback> {
    prepare(tx, &[ENTER, NOTIFY]).await?;
    let (mut columns, mut queues) = (Columns::default(), BTreeMap::<&str, bool>::new());
    for job in jobs {
        columns.push(job, false);
        *queues.entry(&job.queue).or_default() |= is_late(job);
    }
    let wakes: Vec<String> = queues.into_iter().map(|(queue, late)| came(queue, late)).collect();
    let (begun, entered, notified, ended) = join4(
        tx.batch_execute(BEGIN),
        rows(tx, ENTER, &columns.values()),
        rows(tx, NOTIFY, &[&wakes]),
        tx.batch_execute(COMMIT),
    )
    .await;
    begun?;
    let entered = entered?;
    notified?;
    ended?;
    let mut new: HashSet<_> = entered.iter().map(|row| id(row.get(0))).collect();
    // Of several with the same id the first one was.
    Ok(jobs.iter().map(|job| if new.remove(&job.id) { Entered::New } else { Entered::Known }).collect())
}

/// Jobs whose verdicts depend on others.
async fn in_order(tx: &Session, term: Option<u64>, jobs: &[NewJob]) -> Result<Vec<Entered>, Setback> {
    prepare(tx, &STATEMENTS).await?;
    prepare(tx, &[LEADS]).await?;
    let shared = Shared::of(jobs);
    let number = number(term.unwrap_or_default());
    let (begun, leads, ledger) =
        join3(tx.batch_execute(BEGIN), rows_if(term.is_some(), tx, LEADS, &[&number]), lock(tx, &shared, &[])).await;
    begun?;
    let is_deposed = term.is_some() && leads?.is_empty();
    let mut ledger = ledger?;
    if is_deposed {
        tx.batch_execute("rollback").await?;
        return Ok(vec![Entered::Deposed; jobs.len()]);
    }
    let entered: Vec<Entered> = jobs.iter().map(|job| ledger.decide(job)).collect();
    write(tx, &ledger).await?;
    let wakes: Vec<String> = ledger.queues.iter().map(|(queue, late)| came(queue, *late)).collect();
    let empty = maybe_empty(&shared, &entered);
    let (settled, ended) = join(settle(tx, &ledger, &shared, &empty, &wakes), tx.batch_execute(COMMIT)).await;
    settled?;
    ended?;
    Ok(entered)
}
