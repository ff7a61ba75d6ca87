//! What others do at the same time, and what takes long.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use actors::jobs::driver::{
    Accepted, Answer, DriverError, Effects, End, Entered, JobDriver, JobFilter, JobState, NewJob, PostgresDriver,
    QueueLimits, Take, TakenJob,
};
use tokio::time::{sleep, timeout};

use super::{driver, enter, job, number, pool, take, wish};
use crate::pool_support::{bounded, eventually, millis, postgres as server};

fn done(job: &TakenJob, effects: Option<Effects>) -> Answer {
    Answer { effects, ..Answer::new(job.id, job.fence, End::Done { output: None }) }
}

#[tokio::test]
async fn a_take_that_is_called_again_while_it_is_under_way_gives_the_same_jobs() {
    let Some(server) = server("the same take at the same time").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        let jobs: Vec<_> = (0..20).map(|n| job("q", &n.to_string())).collect();
        driver.enqueue(None, &jobs).await.unwrap();
        let limited = QueueLimits { running: Some(100), rate: None };
        for (serial, limits) in (1..).zip([QueueLimits::default(), limited]) {
            driver.limit("q", &limits).await.unwrap();
            // Both have found something, and neither has begun.
            let holds = pool.acquire().await.unwrap();
            let lock = "begin; select 1 from durable_owner where owner = 'worker' for update";
            holds.batch_execute(lock).await.unwrap();
            let take = || {
                let (driver, wish) = (driver.clone(), Take { most: 5, ..wish("worker", serial, "q") });
                tokio::spawn(async move { driver.take(&wish).await.unwrap().expect("the owner is there").jobs })
            };
            let (first, second) = (take(), take());
            let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
            while number(&pool, waiting).await < 2 {
                sleep(millis(5)).await;
            }
            holds.batch_execute("commit").await.unwrap();
            let fences = |jobs: Vec<TakenJob>| jobs.iter().map(|job| (job.kind.clone(), job.fence.0)).collect();
            let first: BTreeSet<(String, u64)> = fences(first.await.unwrap());
            assert_eq!((first.len(), &first), (5, &fences(second.await.unwrap())), "with {limits:?}");
        }
        assert_eq!(number(&pool, "select count(*) from durable_job where state = 'running'").await, 10);
    })
    .await;
}

#[tokio::test]
async fn effects_that_take_longer_together_than_there_is_time_get_through_bit_by_bit() {
    let Some(server) = server("many slow effects of jobs").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        let jobs: Vec<_> = (0..64).map(|n| job("q", &n.to_string())).collect();
        driver.enqueue(None, &jobs).await.unwrap();
        let slow = || {
            PostgresDriver::effects(|tx| {
                Box::pin(async move {
                    tx.batch_execute("select pg_sleep(0.05)").await?;
                    Ok(())
                })
            })
        };
        let taken = take(&driver, "worker", 1, "q").await;
        let answers: Vec<_> = taken.iter().map(|job| done(job, Some(slow()))).collect();
        assert_eq!(answers.len(), 64);
        let mut tries = 0;
        let accepted = loop {
            tries += 1;
            assert!(tries < 20, "they don't get through");
            // All of them take more than three seconds.
            if let Ok(accepted) = timeout(millis(2_500), driver.answer("worker", &answers)).await {
                break accepted.unwrap();
            }
        };
        assert!(tries > 1, "there was time for all of them");
        assert_eq!(accepted, vec![Accepted::Kept; 64]);
        assert_eq!(number(&pool, "select count(*) from durable_job where state = 'done'").await, 64);
    })
    .await;
}

#[tokio::test]
async fn effects_that_wait_for_a_lock_fail_by_themselves() {
    let Some(server) = server("effects of jobs that are locked out").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        let holds = pool.acquire().await.unwrap();
        holds.batch_execute("create table account (name text); insert into account values ('held')").await.unwrap();
        holds.batch_execute("begin; select 1 from account for update").await.unwrap();
        driver.enqueue(None, &[job("q", "held"), job("q", "free")]).await.unwrap();
        let update = |name: &'static str| {
            PostgresDriver::effects(move |tx| {
                Box::pin(async move {
                    tx.execute("update account set name = name where name = $1", &[&name]).await?;
                    Ok(())
                })
            })
        };
        let taken = take(&driver, "worker", 1, "q").await;
        let answers = [done(&taken[0], Some(update("held"))), done(&taken[1], Some(update("free")))];
        let accepted = driver.answer("worker", &answers).await.unwrap();
        assert!(matches!(&accepted[0], Accepted::Failed(why) if why.contains("lock timeout")), "{accepted:?}");
        assert_eq!(accepted[1], Accepted::Kept);
        holds.batch_execute("rollback").await.unwrap();
        assert_eq!(driver.answer("worker", &answers[..1]).await.unwrap(), [Accepted::Kept]);
    })
    .await;
}

#[tokio::test]
async fn effects_can_not_put_jobs() {
    let Some(server) = server("effects of jobs that would put jobs").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        driver.enqueue(None, &[job("q", "1")]).await.unwrap();
        let said = Arc::<Mutex<Option<Result<Vec<Entered>, DriverError>>>>::default();
        let hears = Arc::clone(&said);
        let puts = PostgresDriver::effects(move |tx| {
            let hears = Arc::clone(&hears);
            Box::pin(async move {
                let entered = PostgresDriver::put_in(tx, &[job("q", "2")]).await;
                *hears.lock().unwrap() = Some(entered);
                Ok(())
            })
        });
        let taken = take(&driver, "worker", 1, "q").await;
        assert_eq!(driver.answer("worker", &[done(&taken[0], Some(puts))]).await.unwrap(), [Accepted::Kept]);
        let error = said.lock().unwrap().take().expect("it was called").unwrap_err();
        assert!(error.is_final() && error.to_string().contains("Run::then"), "{error}");
        assert_eq!(driver.look(&[job("q", "2").id]).await.unwrap(), [None]);
        // On the same connection, afterwards.
        let put = pool.transaction(async |tx| PostgresDriver::put_in(tx, &[job("q", "2")]).await).await;
        assert_eq!(put.unwrap(), [Entered::New]);
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_comes_again_leaves_no_line_behind() {
    let Some(server) = server("lines of jobs that are over").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        driver.enqueue(None, &[NewJob { key: Some("k".to_owned()), ..job("q", "1") }]).await.unwrap();
        let taken = take(&driver, "worker", 1, "q").await;
        for _ in 0..2 {
            assert_eq!(driver.answer("worker", &[done(&taken[0], None)]).await.unwrap(), [Accepted::Kept]);
            assert_eq!(number(&pool, "select count(*) from durable_line").await, 0);
        }
    })
    .await;
}

#[tokio::test]
async fn jobs_of_a_state_are_listed_from_all_queues() {
    let Some(server) = server("lists of jobs by their state").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        let filter = JobFilter { queue: None, kind: None, state: Some(JobState::Cancelled), before: None, most: 4 };
        assert!(driver.list(&filter).await.unwrap().is_empty());
        let queues = ["a", "b", "c"];
        for n in 0..12 {
            let one = job(queues[n % queues.len()], &n.to_string());
            driver.enqueue(None, std::slice::from_ref(&one)).await.unwrap();
            if n % 2 == 0 {
                driver.cancel(one.id).await.unwrap();
            }
        }
        let listed = async |filter: &JobFilter| {
            let records = driver.list(filter).await.unwrap();
            records.into_iter().map(|record| (record.kind, record.seq)).collect::<Vec<_>>()
        };
        let page = listed(&filter).await;
        assert_eq!(page.iter().map(|(kind, _)| &**kind).collect::<Vec<_>>(), ["10", "8", "6", "4"]);
        let rest = listed(&JobFilter { before: Some(page[3].1), ..filter.clone() }).await;
        assert_eq!(rest.iter().map(|(kind, _)| &**kind).collect::<Vec<_>>(), ["2", "0"]);
        let one = listed(&JobFilter { kind: Some("6".to_owned()), ..filter }).await;
        assert_eq!(one.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_takes_no_writes_is_not_lent_again() {
    let Some(server) = server("connections that take no writes").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let refused = pool
            .build_transaction()
            .read_only()
            .run(async |tx| tx.batch_execute("create table nowhere (name text)").await)
            .await;
        assert!(refused.is_err());
        eventually("it is closed", || pool.status().counts.closed == 1).await;
        assert_eq!(number(&pool, "select 1::bigint").await, 1);
        assert!(pool.status().counts.opened >= 2);
    })
    .await;
}
