//! The driver of durable jobs on a real PostgreSQL server: its contract, transactions of users, and a server that
//! goes away.

mod chaos;
mod effects;
mod listening;
mod same_time;
mod unique;

use std::time::Duration;

use actors::connection_pool::postgres::PostgresManager;
use actors::jobs::JobId;
use actors::jobs::driver::{
    DriverError, Due, Entered, JobDriver, JobState, NewJob, Owner, PostgresDriver, Take, TakenJob, Unique,
};
use actors::{ConnectionPool, System};
use integration_tests::Postgres;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::jobs_conformance::{World, conforms};
use crate::pool_support::{bounded, is_all_on_disk, millis, postgres as server};

type Pool = ConnectionPool<PostgresManager>;

async fn pool(server: &Postgres, parameters: &str) -> Pool {
    let system = System::start().expect("there is a thread for it");
    let manager = PostgresManager::new(&server.url(parameters)).expect("it is a URL");
    ConnectionPool::builder(manager).max_size(6).start(&system).await.expect("the server answers")
}

async fn driver(pool: &Pool) -> PostgresDriver {
    PostgresDriver::new(pool.clone()).await.expect("the server answers")
}

/// Settings of the session, as a parameter of a URL.
fn options(settings: &[&str]) -> String {
    let settings: Vec<_> = settings.iter().map(|setting| format!("-c%20{}", setting.replace('=', "%3D"))).collect();
    format!("options={}", settings.join("%20"))
}

fn job(queue: &str, name: &str) -> NewJob {
    NewJob::new(JobId::of(&[queue, name]), queue, name, "{}")
}

async fn enter(driver: &PostgresDriver, owner: &str) {
    let owner = Owner { owner: owner.to_owned(), instance: None, poison: 3 };
    assert!(driver.enter(&owner).await.unwrap());
}

fn wish(owner: &str, serial: u64, queue: &str) -> Take {
    let (owner, queues) = (owner.to_owned(), vec![queue.to_owned()]);
    Take { owner, serial, queues, most: 512, suspect: true, ageing: Duration::from_secs(60) }
}

async fn take(driver: &PostgresDriver, owner: &str, serial: u64, queue: &str) -> Vec<TakenJob> {
    driver.take(&wish(owner, serial, queue)).await.unwrap().expect("the owner is there").jobs
}

async fn number(pool: &Pool, ask: &str) -> i64 {
    pool.acquire().await.unwrap().query_one(ask, &[]).await.unwrap().get(0)
}

/// On the server's clock, which nobody moves.
struct OnPostgres(Pool);

impl World for OnPostgres {
    type Driver = PostgresDriver;

    async fn open(&self) -> PostgresDriver {
        driver(&self.0).await
    }

    async fn pass(&self, units: u32) {
        sleep(self.unit() * units).await;
    }

    fn unit(&self) -> Duration {
        millis(200)
    }
}

#[tokio::test]
async fn the_driver_on_postgres_conforms() {
    let Some(server) = server("the driver of jobs on PostgreSQL").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        conforms(&OnPostgres(pool.clone())).await;
        assert_eq!(pool.status().counts.check_failed, 0);
        // What is only there to be locked goes when nobody needs it any more.
        let left = "select count(*) from durable_line l where not exists (
            select from durable_job j where j.line = l.line and j.state in ('waiting', 'running'))";
        assert_eq!(number(&pool, left).await, 0);
        assert_eq!(number(&pool, "select count(*) from durable_sole where job is null").await, 0);
    })
    .await;
}

#[tokio::test]
async fn it_conforms_also_where_a_server_would_not_wait_for_the_disk_and_isolates_too_much() {
    let Some(server) = server("the driver of jobs on PostgreSQL, with other defaults").await else { return };
    bounded(async {
        let isolation = "default_transaction_isolation=serializable";
        let read_only = "default_transaction_read_only=on";
        let pool = pool(&server, &options(&[isolation, "synchronous_commit=off", read_only])).await;
        let shown = pool.acquire().await.unwrap().query_one("show default_transaction_isolation", &[]).await;
        assert_eq!(shown.unwrap().get::<_, String>(0), "serializable");
        conforms(&OnPostgres(pool.clone())).await;

        let driver = driver(&pool).await;
        let observer = pool.acquire().await.unwrap();
        let is_kept = async |name: String| {
            driver.enqueue(None, &[job("disk", &name)]).await.unwrap();
            is_all_on_disk(&observer).await
        };
        for n in 0..20 {
            // Another one, as the server may have written something of its own just then: it does now and then.
            let is_on_disk = is_kept(n.to_string()).await || is_kept(format!("{n} again")).await;
            assert!(is_on_disk, "what was answered is not on the disk");
        }
    })
    .await;
}

#[tokio::test]
async fn eight_may_make_the_tables_at_the_same_time() {
    let Some(server) = server("making the jobs' tables").await else { return };
    bounded(async {
        let mut pools = Vec::new();
        for _ in 0..4 {
            pools.push(pool(&server, "").await);
        }
        let mut tasks = JoinSet::new();
        for n in 0..8 {
            let pool = pools[n % pools.len()].clone();
            tasks.spawn(async move {
                let driver = PostgresDriver::new(pool).await.unwrap();
                driver.enqueue(None, &[job("made", "the same")]).await.unwrap()[0]
            });
        }
        let entered = tasks.join_all().await;
        assert_eq!(entered.iter().filter(|entered| **entered == Entered::New).count(), 1, "{entered:?}");
        // Those of a later version are not touched.
        let later = pools[0].acquire().await.unwrap();
        later.batch_execute("insert into durable_job_version values (99)").await.unwrap();
        let error = PostgresDriver::new(pools[0].clone()).await.unwrap_err();
        assert!(error.is_final() && error.to_string().contains("of version 99"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn jobs_of_a_users_transaction_are_there_if_it_is_committed() {
    let Some(server) = server("jobs in a user's transaction").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        pool.acquire().await.unwrap().batch_execute("create table customer (name text)").await.unwrap();
        let unique = Some(Unique { key: "ada".to_owned(), window: Duration::ZERO });
        let jobs = [
            NewJob { key: Some("ada".to_owned()), unique, ..job("mail", "first") },
            NewJob { key: Some("ada".to_owned()), ..job("mail", "second") },
            job("mail", "plain"),
        ];
        let insert = "insert into customer values ('ada')";
        let rolled_back = pool
            .transaction(async |tx| {
                tx.execute(insert, &[]).await?;
                assert_eq!(PostgresDriver::put_in(tx, &jobs).await?, [Entered::New; 3]);
                Err::<(), _>(DriverError::new("the user thought better of it"))
            })
            .await;
        assert!(rolled_back.is_err());
        assert_eq!(driver.look(&[jobs[0].id, jobs[1].id, jobs[2].id]).await.unwrap(), [const { None }; 3]);
        assert_eq!(number(&pool, "select count(*) from customer").await, 0);

        // Until it is committed nobody sees them, and the commit wakes.
        let queues = ["mail".to_owned()];
        timeout(Duration::from_secs(20), driver.woken(&queues, 0)).await.expect("it hears");
        let mark = driver.mark();
        let entered = pool
            .transaction(async |tx| {
                tx.execute(insert, &[]).await?;
                let entered = PostgresDriver::put_in(tx, &jobs).await?;
                assert!(take(&driver, "worker", 1, "mail").await.is_empty());
                Ok::<_, DriverError>(entered)
            })
            .await;
        assert_eq!(entered.unwrap(), [Entered::New; 3]);
        timeout(Duration::from_secs(20), driver.woken(&queues, mark)).await.expect("the commit wakes");
        let taken = take(&driver, "worker", 2, "mail").await;
        assert_eq!(taken.iter().map(|job| &*job.kind).collect::<Vec<_>>(), ["first", "plain"]);
        assert_eq!(number(&pool, "select count(*) from customer").await, 1);

        // Where it would not see who is before it, a job with a key is refused, and one without is not.
        let isolated = pool
            .transaction(async |tx| {
                tx.batch_execute("set transaction isolation level repeatable read").await?;
                let error = PostgresDriver::put_in(tx, &jobs[..1]).await.unwrap_err();
                assert!(error.is_final() && error.to_string().contains("expected read committed"), "{error}");
                PostgresDriver::put_in(tx, &[job("mail", "isolated")]).await
            })
            .await;
        assert_eq!(isolated.unwrap(), [Entered::New]);
    })
    .await;
}

#[tokio::test]
async fn to_find_nothing_writes_nothing() {
    let Some(server) = server("looking for jobs in vain").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "idle").await;
        let later = NewJob { due: Due::After(Duration::from_secs(3_600)), ..job("idle", "later") };
        driver.enqueue(None, &[later]).await.unwrap();
        // Whoever writes gets the next number of a transaction.
        let written = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
        let before = number(&pool, written).await;
        for serial in 1..=20 {
            assert!(take(&driver, "idle", serial, "idle").await.is_empty());
        }
        assert_eq!(number(&pool, written).await, before);
    })
    .await;
}

/// Nothing that could be kept shorter.
fn long(first: char) -> String {
    let mut name = first.to_string();
    for n in 0.. {
        name.push_str(&JobId::of(&[&n.to_string()]).to_string());
        if name.len() >= 2_000 {
            break;
        }
    }
    name.truncate(2_000);
    name
}

#[tokio::test]
async fn names_may_be_as_long_as_the_contract_says_and_an_error_may_hold_anything() {
    let Some(server) = server("long names of jobs").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        let (owner, queue) = (long('o'), long('q'));
        let lasting = Owner { owner: owner.clone(), instance: Some(long('i')), poison: 3 };
        assert!(driver.enter(&lasting).await.unwrap());
        let unique = Some(Unique { key: long('u'), window: Duration::from_secs(60) });
        let one = NewJob { kind: long('k'), key: Some(long('l')), unique, ..job(&queue, "one") };
        assert_eq!(driver.enqueue(None, std::slice::from_ref(&one)).await.unwrap(), [Entered::New]);
        let taken = take(&driver, &owner, 1, &queue).await.remove(0);
        assert_eq!((&taken.kind, &taken.key), (&one.kind, &one.key));
        effects::end(&driver, &owner, &taken, effects::dead("no\0text")).await;
        let record = driver.look(&[one.id]).await.unwrap().remove(0).unwrap();
        assert_eq!((record.state, record.error.as_deref()), (JobState::Dead, Some("no\u{fffd}text")));
        let error = driver.enqueue(None, &[job("a\0b", "x")]).await.unwrap_err();
        assert!(error.is_final(), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_dropped_in_the_middle_has_done_all_or_nothing() {
    let Some(server) = server("calls that are dropped").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "dropped").await;
        let mut dropped = 0;
        for round in 0..40_u64 {
            let queue = format!("dropped {round}");
            let keyed = |n: u32| NewJob { key: Some((n % 3).to_string()), ..job(&queue, &n.to_string()) };
            let jobs: Vec<_> = (0..100).map(keyed).collect();
            let limit = Duration::from_micros(round * 300);
            dropped += u32::from(timeout(limit, driver.enqueue(None, &jobs)).await.is_err());
            let records = driver.look(&jobs.iter().map(|job| job.id).collect::<Vec<_>>()).await.unwrap();
            let there = records.iter().flatten().count();
            assert!([0, 100].contains(&there), "{there}");
            driver.enqueue(None, &jobs).await.unwrap();
            let wish = wish("dropped", round + 1, &queue);
            dropped += u32::from(timeout(limit, driver.take(&wish)).await.is_err());
            // The same again: of each key the first one, once.
            let taken = driver.take(&wish).await.unwrap().unwrap().jobs;
            assert!(taken.len() == 3 && taken.iter().all(|job| job.attempt == 1), "{taken:?}");
        }
        assert!(dropped > 0);
    })
    .await;
}
