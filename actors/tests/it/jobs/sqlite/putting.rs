//! Jobs that are put in a transaction of the user's own.

use std::time::Duration;

use actors::connection_pool::sqlite::CallError;
use actors::connection_pool::sqlite::rusqlite::{Connection, TransactionBehavior};
use actors::jobs::driver::{DriverError, Due, Entered, JobDriver, NewJob, SqliteDriver, Unique};
use tokio::time::timeout;

use super::{folder, id, job, kinds, open, take_all};

/// It is put by the machine's clock, which is not the test's.
fn at_once(name: &str) -> NewJob {
    NewJob { due: Due::At("2000-01-01T00:00:00Z".parse().unwrap()), ..job(name) }
}

#[tokio::test(start_paused = true)]
async fn jobs_are_put_if_and_only_if_the_users_transaction_is_committed() {
    let folder = folder();
    let (pool, driver) = open(&folder).await;
    let fails = pool.transaction(|tx| -> Result<(), DriverError> {
        tx.execute("insert into note values ('lost')", ())?;
        assert_eq!(SqliteDriver::put_in(tx, &[at_once("lost")])?, [Entered::New]);
        Err(DriverError::new("the user thinks better of it"))
    });
    assert!(matches!(fails.await, Err(CallError::Failed(_))));
    assert_eq!(driver.look(&[id("lost")]).await.unwrap(), [None]);
    assert!(driver.counts().await.unwrap().is_empty());

    let kept = pool.transaction(|tx| -> Result<_, DriverError> {
        tx.execute("insert into note values ('kept')", ())?;
        SqliteDriver::put_in(tx, &[at_once("1"), at_once("2"), at_once("1")])
    });
    assert_eq!(kept.await.unwrap(), [Entered::New, Entered::New, Entered::Known]);
    assert_eq!(kinds(&take_all(&driver, "a").await), ["1", "2"]);
    assert_eq!(driver.counts().await.unwrap()[0].entered(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_leaves_the_users_transaction_as_it_was() {
    let folder = folder();
    let (pool, driver) = open(&folder).await;
    let goes_on = pool.transaction(|tx| -> Result<_, DriverError> {
        let unique = Some(Unique { key: "u".to_owned(), window: Duration::ZERO });
        let long = NewJob { payload: "x".repeat((1 << 20) + 1), ..at_once("2") };
        let refused = SqliteDriver::put_in(tx, &[NewJob { unique: unique.clone(), ..at_once("1") }, long]);
        assert!(refused.unwrap_err().is_final());
        // It holds nothing.
        SqliteDriver::put_in(tx, &[NewJob { unique, ..at_once("3") }])
    });
    assert_eq!(goes_on.await.unwrap(), [Entered::New]);
    assert_eq!(kinds(&take_all(&driver, "a").await), ["3"]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_any_program_may_put_jobs_and_workers_learn_of_them() {
    let folder = folder();
    let (_pool, driver) = open(&folder).await;
    let file = folder.path().join("jobs.db");
    let mut foreign = Connection::open(&file).unwrap();
    let mark = driver.mark();
    let tx = foreign.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    SqliteDriver::put_in(&tx, &[at_once("lost")]).unwrap();
    tx.rollback().unwrap();
    assert_eq!(driver.look(&[id("lost")]).await.unwrap(), [None]);

    let tx = foreign.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    assert_eq!(SqliteDriver::put_in(&tx, &[at_once("1")]).unwrap(), [Entered::New]);
    tx.commit().unwrap();
    timeout(Duration::from_secs(2), driver.woken(&["q".to_owned()], mark)).await.expect("something came");
    assert_eq!(kinds(&take_all(&driver, "a").await), ["1"]);

    // A file that no driver was in has no place for them.
    let mut empty = Connection::open(folder.path().join("empty.db")).unwrap();
    let tx = empty.transaction().unwrap();
    let error = SqliteDriver::put_in(&tx, &[at_once("1")]).unwrap_err();
    assert!(error.to_string().contains("no such table"), "{error}");
}
