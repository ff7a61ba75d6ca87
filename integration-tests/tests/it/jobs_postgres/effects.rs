//! Rows that are written with the end of a job.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use actors::connection_pool::postgres::{PostgresError, PostgresManager};
use actors::jobs::driver::{Accepted, Answer, DeadReason, Effects, End, JobDriver, JobState, PostgresDriver, TakenJob};
use actors::{ConnectionPool, System};

use super::{driver, enter, job, number, pool, take};
use crate::pool_support::{bounded, postgres as server};

pub(super) fn dead(error: &str) -> End {
    End::Dead { reason: DeadReason::Terminated, error: error.to_owned() }
}

fn done() -> End {
    End::Done { output: Some("1".to_owned()) }
}

/// Answers, and it counts.
pub(super) async fn end(driver: &PostgresDriver, owner: &str, job: &TakenJob, end: End) {
    let answer = Answer::new(job.id, job.fence, end);
    assert_eq!(driver.answer(owner, &[answer]).await.unwrap(), [Accepted::Kept]);
}

/// Writes a row of this name, and counts how often that was done.
fn row(name: &str, times: &Arc<AtomicU32>) -> Effects {
    let (name, times) = (name.to_owned(), Arc::clone(times));
    PostgresDriver::effects(move |tx| {
        let (name, times) = (name.clone(), Arc::clone(&times));
        Box::pin(async move {
            times.fetch_add(1, SeqCst);
            tx.execute("insert into effect values ($1)", &[&name]).await?;
            Ok(())
        })
    })
}

#[tokio::test]
async fn rows_are_written_with_the_end_of_their_job_or_not_at_all() {
    let Some(server) = server("effects of jobs").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let driver = driver(&pool).await;
        pool.acquire().await.unwrap().batch_execute("create table effect (name text primary key)").await.unwrap();
        enter(&driver, "worker").await;
        let names = ["good", "twice", "panics", "hides", "foreign", "stale", "plain"];
        let jobs: Vec<_> = names.iter().map(|name| job("effects", name)).collect();
        driver.enqueue(None, &jobs).await.unwrap();
        let taken = take(&driver, "worker", 1, "effects").await;
        let times = Arc::<AtomicU32>::default();
        let panics = PostgresDriver::effects(|_| Box::pin(async { panic!("in the middle") }));
        let hides = PostgresDriver::effects(|tx| {
            Box::pin(async move {
                tx.execute("insert into effect values ('hidden')", &[]).await?;
                let failed: Result<_, PostgresError> = tx.execute("insert into nowhere values (1)", &[]).await;
                assert!(failed.is_err());
                Ok(())
            })
        });
        let foreign = Effects::new("of another driver");
        assert!(driver.takes(&row("x", &times)) && !driver.takes(&foreign));
        let effects =
            [row("good", &times), row("good", &times), panics, hides, foreign, row("stale", &times)].map(Some);
        let mut answers: Vec<_> = taken
            .iter()
            .zip(effects.into_iter().chain([None]))
            .map(|(job, effects)| Answer { effects, next: vec![], ..Answer::new(job.id, job.fence, done()) })
            .collect();
        answers[5].fence.0 += 1;
        let accepted = driver.answer("worker", &answers).await.unwrap();
        let failed = |at: usize, with: &str| {
            let Accepted::Failed(error) = &accepted[at] else { panic!("{:?}", accepted[at]) };
            assert!(error.contains(with), "{error}");
        };
        assert_eq!((&accepted[0], &accepted[6]), (&Accepted::Kept, &Accepted::Kept));
        failed(1, "duplicate key");
        failed(2, "in the middle");
        failed(3, "aborted");
        failed(4, "another driver's");
        assert_eq!(accepted[5], Accepted::Stale);
        assert_eq!(number(&pool, "select count(*) from effect where name = 'good'").await, 1);
        assert_eq!(number(&pool, "select count(*) from effect").await, 1);
        // Said again, it is not done again.
        assert_eq!(times.load(SeqCst), 2);
        assert_eq!(driver.answer("worker", &answers[..1]).await.unwrap(), [Accepted::Kept]);
        assert_eq!(times.load(SeqCst), 2);
        // One that has failed can be answered for in another way.
        assert_eq!(driver.look(&[taken[1].id]).await.unwrap()[0].as_ref().unwrap().state, JobState::Running);
        end(&driver, "worker", &taken[1], dead("duplicate key")).await;
    })
    .await;
}

#[tokio::test]
async fn effects_leave_the_patience_of_the_pool_as_it_was() {
    let Some(server) = server("settings of effects of jobs").await else { return };
    bounded(async {
        let system = System::start().expect("there is a thread for it");
        let manager = PostgresManager::new(&server.url("")).expect("it is a URL").init("set lock_timeout = '7s'");
        let pool = ConnectionPool::builder(manager).max_size(2).start(&system).await.expect("the server answers");
        let driver = driver(&pool).await;
        enter(&driver, "worker").await;
        pool.acquire().await.unwrap().batch_execute("create table patience (time text)").await.unwrap();
        driver.enqueue(None, &[job("effects", "1"), job("effects", "2")]).await.unwrap();
        let notes = PostgresDriver::effects(|tx| {
            Box::pin(async move {
                tx.batch_execute("insert into patience values (current_setting('lock_timeout'))").await?;
                tx.batch_execute("set local lock_timeout = '1s'").await?;
                Ok(())
            })
        });
        let taken = take(&driver, "worker", 1, "effects").await;
        let answers =
            taken.iter().map(|job| Answer { effects: Some(notes.clone()), ..Answer::new(job.id, job.fence, done()) });
        let accepted = driver.answer("worker", &answers.collect::<Vec<_>>()).await.unwrap();
        assert_eq!(accepted, [Accepted::Kept, Accepted::Kept]);
        assert_eq!(number(&pool, "select count(*) from patience where time = '7s'").await, 2);
    })
    .await;
}
