//! Unique keys: what is held, and what is deleted as nobody holds it any more.

use std::time::Duration;

use actors::jobs::driver::{Entered, JobDriver, JobState, NewJob, PostgresDriver, Prune, Unique};
use tokio::time::sleep;

use super::effects::{dead, end};
use super::{Pool, driver, enter, job, number, pool, take};
use crate::pool_support::{bounded, millis, postgres as server};

/// A job whose name is its unique key.
fn unique(name: &str, window: Duration) -> NewJob {
    NewJob { unique: Some(Unique { key: name.to_owned(), window }), ..job("unique", name) }
}

/// No job is old enough to be deleted.
async fn sweep(driver: &PostgresDriver) {
    let hour = Duration::from_secs(3_600);
    assert_eq!(driver.prune(&Prune { over: hour, dead: None, most: 10 }).await.unwrap(), 0);
}

/// How many unique keys there are, and how many of them are to be looked at once they are due.
async fn keys(pool: &Pool) -> (i64, i64) {
    let soles = number(pool, "select count(*) from durable_sole").await;
    (soles, number(pool, "select count(*) from durable_held_on").await)
}

#[tokio::test]
async fn unique_keys_go_when_their_job_is_over_and_their_window_is() {
    let Some(server) = server("unique keys of jobs").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        let (short, hour) = (millis(300), Duration::from_secs(3_600));
        let jobs = [
            unique("at once", Duration::ZERO),
            unique("short", short),
            unique("tried again", short),
            unique("long", hour),
        ];
        assert_eq!(driver.enqueue(None, &jobs).await.unwrap(), [Entered::New; 4]);
        let taken = take(&driver, "worker", 1, "unique").await;
        let waits = unique("waits", Duration::ZERO);
        driver.enqueue(None, std::slice::from_ref(&waits)).await.unwrap();
        // Nobody looks through those whose jobs are not over.
        assert_eq!(keys(&pool).await, (5, 0));
        for taken in &taken {
            end(&driver, "worker", taken, dead("no")).await;
        }
        assert_eq!(driver.retry(jobs[2].id).await.unwrap(), Some(JobState::Waiting));
        sleep(short).await;
        sweep(&driver).await;
        assert_eq!(keys(&pool).await, (3, 1), "beside what is held by its job there is only the long one");
        let others = ["waits", "tried again", "long", "short"];
        let others =
            others.map(|key| NewJob { unique: unique(key, hour).unique, ..job("unique", &format!("{key} 2")) });
        let entered = driver.enqueue(None, &others).await.unwrap();
        let held = [waits.id, jobs[2].id, jobs[3].id].map(Entered::Duplicate);
        assert_eq!((&entered[..3], entered[3]), (&held[..], Entered::New));
        // Its window is over already.
        driver.cancel(jobs[2].id).await.unwrap();
        assert_eq!(keys(&pool).await, (3, 1));
    })
    .await;
}

#[tokio::test]
async fn a_unique_key_that_somebody_looks_at_when_its_job_ends_is_deleted_later() {
    let Some(server) = server("unique keys of jobs that are looked at").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        driver.enqueue(None, &[unique("looked at", Duration::ZERO)]).await.unwrap();
        let taken = take(&driver, "worker", 1, "unique").await;
        let looks = pool.acquire().await.unwrap();
        looks.batch_execute("begin; select 1 from durable_sole for update").await.unwrap();
        end(&driver, "worker", &taken[0], dead("no")).await;
        assert_eq!(keys(&pool).await, (1, 1));
        sweep(&driver).await;
        assert_eq!(keys(&pool).await, (1, 1), "it is not forgotten");
        looks.batch_execute("rollback").await.unwrap();
        sweep(&driver).await;
        assert_eq!(keys(&pool).await, (0, 0));
    })
    .await;
}

#[tokio::test]
async fn all_unique_keys_that_nobody_holds_are_got_through_share_by_share() {
    let Some(server) = server("many unique keys of jobs").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        // Of jobs that were deleted long ago; each is noted for one more, which lost it to them.
        let many = "
            insert into durable_sole (sole, job, seq, until)
            select decode(md5(n::text), 'hex'), '\\x00', -n, 0 from generate_series(1, 2500) as n;
            insert into durable_held_on (until, sole, seq)
            select n, sole, seq - n from durable_sole cross join generate_series(0, 1) as n";
        pool.acquire().await.unwrap().batch_execute(many).await.unwrap();
        assert_eq!(keys(&pool).await, (2_500, 5_000));
        sweep(&driver).await;
        assert_eq!(keys(&pool).await, (0, 0));
    })
    .await;
}
