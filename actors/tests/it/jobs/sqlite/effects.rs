//! What is done in the transaction of an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actors::jobs::driver::{
    Accepted, Answer, DeadReason, Due, Effects, End, Entered, JobDriver, JobState, NewJob, SqliteDriver, TakenJob,
};

use super::{Pool, folder, id, job, open, take_all};

fn done(taken: &TakenJob, effects: Effects) -> Answer {
    Answer { effects: Some(effects), ..Answer::new(taken.id, taken.fence, End::Done { output: None }) }
}

fn notes(text: &'static str) -> Effects {
    SqliteDriver::effects(move |tx| tx.execute("insert into note values (?1)", (text,)).map(drop))
}

async fn all_notes(pool: &Pool) -> Vec<String> {
    let notes = pool.call(|db| {
        let mut notes = db.prepare("select text from note order by text")?;
        notes.query_map((), |row| row.get(0))?.collect::<Result<Vec<String>, _>>()
    });
    notes.await.unwrap()
}

async fn states(driver: &SqliteDriver, names: &[&str]) -> Vec<Option<JobState>> {
    let ids: Vec<_> = names.iter().map(|name| id(name)).collect();
    let found = driver.look(&ids).await.unwrap();
    found.into_iter().map(|record| record.map(|record| record.state)).collect()
}

#[tokio::test(start_paused = true)]
async fn effects_are_there_if_and_only_if_their_answer_counts() {
    let folder = folder();
    let (pool, driver) = open(&folder).await;
    driver.enqueue(None, &[job("1"), job("2"), job("3"), job("4")]).await.unwrap();
    let taken = take_all(&driver, "a").await;
    let fails = SqliteDriver::effects(|tx| {
        tx.execute("insert into note values ('of the second')", ())?;
        tx.execute("insert into nowhere values (1)", ()).map(drop)
    });
    let panics = SqliteDriver::effects(|tx| {
        tx.execute("insert into note values ('of the third')", ())?;
        panic!("no such note")
    });
    let with_next = |answer: Answer, name| Answer { next: vec![job(name)], ..answer };
    let answers = [
        with_next(done(&taken[0], notes("of the first")), "follows 1"),
        with_next(done(&taken[1], fails), "follows 2"),
        with_next(done(&taken[2], panics), "follows 3"),
        done(&taken[3], notes("of the fourth")),
    ];
    let accepted = driver.answer("a", &answers).await.unwrap();
    let [Accepted::Kept, Accepted::Failed(second), Accepted::Failed(third), Accepted::Kept] = &accepted[..] else {
        panic!("{accepted:?}");
    };
    assert!(second.contains("no such table: nowhere") && third.contains("no such note"), "{accepted:?}");
    // What failed has left nothing, and what was beside it is whole.
    assert_eq!(all_notes(&pool).await, ["of the first", "of the fourth"]);
    let seen = states(&driver, &["1", "2", "3", "4", "follows 1", "follows 2", "follows 3"]).await;
    let (over, runs, waits) = (Some(JobState::Done), Some(JobState::Running), Some(JobState::Waiting));
    assert_eq!(seen, [over, runs, runs, over, waits, None, None]);
    // It may be answered for in another way.
    let dead = End::Dead { reason: DeadReason::Exhausted, error: second.clone() };
    let accepted = driver.answer("a", &[Answer::new(taken[1].id, taken[1].fence, dead)]).await.unwrap();
    assert_eq!(accepted, [Accepted::Kept]);
}

#[tokio::test(start_paused = true)]
async fn effects_of_an_answer_that_is_repeated_or_stale_are_not_done() {
    let folder = folder();
    let (pool, driver) = open(&folder).await;
    driver.enqueue(None, &[job("1"), job("2")]).await.unwrap();
    let taken = take_all(&driver, "a").await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let counts = SqliteDriver::effects(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let answer = done(&taken[0], counts.clone());
    for _ in 0..2 {
        assert_eq!(driver.answer("a", std::slice::from_ref(&answer)).await.unwrap(), [Accepted::Kept]);
    }
    driver.leave("a").await.unwrap();
    assert_eq!(driver.answer("a", &[done(&taken[1], counts)]).await.unwrap(), [Accepted::Stale]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(all_notes(&pool).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn effects_may_put_jobs_of_their_own() {
    let folder = folder();
    let (_pool, driver) = open(&folder).await;
    driver.enqueue(None, &[job("1"), job("2")]).await.unwrap();
    let taken = take_all(&driver, "a").await;
    let puts = |name: &str, fails: bool| {
        // By the machine's clock, which is not the test's.
        let job = NewJob { due: Due::At("2000-01-01T00:00:00Z".parse().unwrap()), ..job(name) };
        SqliteDriver::effects(move |tx| {
            let entered = SqliteDriver::put_in(tx, std::slice::from_ref(&job)).unwrap();
            assert_eq!(entered, [Entered::New]);
            if fails { tx.execute("insert into nowhere values (1)", ()).map(drop) } else { Ok(()) }
        })
    };
    let with_next = |answer: Answer, name| Answer { next: vec![job(name)], ..answer };
    let answers = [
        with_next(done(&taken[0], puts("put", false)), "follows"),
        with_next(done(&taken[1], puts("not put", true)), "does not follow"),
    ];
    let accepted = driver.answer("a", &answers).await.unwrap();
    assert!(matches!(&accepted[..], [Accepted::Kept, Accepted::Failed(_)]), "{accepted:?}");
    let seen = states(&driver, &["put", "follows", "not put", "does not follow"]).await;
    let waits = Some(JobState::Waiting);
    assert_eq!(seen, [waits, waits, None, None]);
    let counts = driver.counts().await.unwrap().remove(0);
    assert_eq!((counts.entered(), counts.waiting, counts.running, counts.done), (4, 2, 1, 1));
    // Places are given out once, whoever gives them.
    let found = driver.look(&[id("2"), id("put"), id("follows")]).await.unwrap();
    let seqs: Vec<_> = found.iter().map(|record| record.as_ref().unwrap().seq).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
}

#[tokio::test(start_paused = true)]
async fn effects_of_another_driver_are_refused() {
    let folder = folder();
    let (_pool, driver) = open(&folder).await;
    assert!(driver.takes(&notes("a")) && !driver.takes(&Effects::new("another one's")));
    driver.enqueue(None, &[job("1")]).await.unwrap();
    let taken = take_all(&driver, "a").await;
    let accepted = driver.answer("a", &[done(&taken[0], Effects::new("another one's"))]).await.unwrap();
    assert!(matches!(&accepted[..], [Accepted::Failed(why)] if why.contains("SqliteDriver::effects")), "{accepted:?}");
    assert_eq!(states(&driver, &["1"]).await, [Some(JobState::Running)]);
}
