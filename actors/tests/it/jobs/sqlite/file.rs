//! The file: what it must be, and what is in it later.

use std::time::Duration;

use actors::jobs::driver::{
    Accepted, Answer, DriverError, End, Entered, Eviction, JobDriver, JobState, NewJob, Owner, SqliteDriver,
};
use actors::scheduler::store::SqliteStore;
use tokio::time::{sleep, timeout};

use super::{DURABLE, folder, id, job, kinds, open, pool, take_all};

#[tokio::test(start_paused = true)]
async fn what_was_answered_is_there_after_reopening() {
    let folder = folder();
    let (first_pool, driver) = open(&folder).await;
    driver.enqueue(None, &[job("1"), job("2"), job("3")]).await.unwrap();
    let taken = take_all(&driver, "a").await;
    let end = End::Done { output: Some("7".to_owned()) };
    let accepted = driver.answer("a", &[Answer::new(taken[0].id, taken[0].fence, end)]).await.unwrap();
    assert_eq!(accepted, [Accepted::Kept]);
    let before = (driver.counts().await.unwrap(), driver.look(&[id("1"), id("2"), id("3")]).await.unwrap());
    drop((driver, first_pool));

    let (_pool, driver) = open(&folder).await;
    let after = (driver.counts().await.unwrap(), driver.look(&[id("1"), id("2"), id("3")]).await.unwrap());
    assert_eq!(after, before);
    assert_eq!(driver.leave("a").await.unwrap(), Eviction::Gone { handed_back: 2, poisoned: 0 });
    // Each is suspect now, and one of these is taken at a time.
    assert_eq!(kinds(&take_all(&driver, "b").await), ["2"]);
    // Places go on where they were.
    assert_eq!(driver.enqueue(None, &[job("4")]).await.unwrap(), [Entered::New]);
    assert_eq!(driver.look(&[id("4")]).await.unwrap()[0].as_ref().unwrap().seq, 4);
}

#[tokio::test(start_paused = true)]
async fn connections_whose_commits_may_be_lost_are_refused_with_what_to_write() {
    let folder = folder();
    for (n, mode) in ["off", "normal"].into_iter().enumerate() {
        let file = folder.path().join(format!("{n}.db"));
        let error = SqliteDriver::new(pool(&file, &format!("pragma synchronous = {mode}")).await).await.unwrap_err();
        assert!(error.is_final(), "{error:?}");
        let text = error.to_string();
        let expected = format!("synchronous = {n}");
        let to_write = r#"SqliteManager::init("pragma synchronous = full; pragma fullfsync = on")"#;
        assert!(text.contains(&expected) && text.contains(to_write), "{text}");
        // And nothing was made.
        let pool = pool(&file, "").await;
        let tables = pool.call(|db| db.query_row("select count(*) from sqlite_schema", (), |row| row.get::<_, u32>(0)));
        assert_eq!(tables.await.unwrap(), 0);
    }
    let extra = pool(&folder.path().join("extra.db"), "pragma synchronous = extra; pragma fullfsync = on").await;
    assert!(SqliteDriver::new(extra).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_file_of_a_later_version_is_refused() {
    let folder = folder();
    let (pool, driver) = open(&folder).await;
    driver.enqueue(None, &[job("1")]).await.unwrap();
    let later = pool.transaction(|tx| tx.execute("insert into durable_job_version values (99)", ()));
    later.await.unwrap();
    let error = SqliteDriver::new(pool.clone()).await.unwrap_err();
    assert!(error.is_final() && error.to_string().contains("version 99"), "{error}");
    // It is as it was.
    assert!(driver.look(&[id("1")]).await.unwrap()[0].is_some());
}

#[tokio::test(start_paused = true)]
async fn what_would_not_be_kept_as_it_is_is_refused_and_nothing_beside_it_is_entered() {
    let folder = folder();
    let (_pool, driver) = open(&folder).await;
    let long = "q".repeat(2_001);
    let odd = [
        NewJob { queue: long.clone(), ..job("2") },
        NewJob { kind: "a\0".to_owned(), ..job("2") },
        NewJob { payload: "x".repeat((1 << 20) + 1), ..job("2") },
    ];
    for odd in odd {
        let refused = driver.enqueue(None, &[job("1"), odd.clone()]).await;
        assert!(matches!(refused, Err(DriverError::Refused(_))), "{refused:?}");
        assert_eq!(driver.look(&[id("1"), id("2")]).await.unwrap(), [None, None]);
    }
    assert!(driver.enter(&Owner { owner: long.clone(), instance: None, poison: 3 }).await.unwrap_err().is_final());
    assert!(driver.pause(&long, true).await.unwrap_err().is_final());
    // What fits exactly is kept.
    let most = NewJob { key: Some("k".repeat(2_000)), payload: "x".repeat(1 << 20), ..job("1") };
    assert_eq!(driver.enqueue(None, &[most]).await.unwrap(), [Entered::New]);
    let taken = take_all(&driver, "a").await;
    let too_long = End::Done { output: Some("x".repeat((1 << 20) + 1)) };
    let refused = driver.answer("a", &[Answer::new(taken[0].id, taken[0].fence, too_long)]).await;
    assert!(refused.unwrap_err().is_final());
    assert_eq!(driver.look(&[id("1")]).await.unwrap()[0].as_ref().unwrap().state, JobState::Running);
}

/// Gives a sign of life more than once a second.
async fn beats_for(driver: &SqliteDriver, times: u32) {
    for _ in 0..times {
        assert!(driver.beat("b").await.unwrap().is_some());
        sleep(Duration::from_millis(700)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_wake_nobody() {
    let folder = folder();
    let (_pool, driver) = open(&folder).await;
    let (_other_pool, other) = open(&folder).await;
    driver.enqueue(None, &[job("1")]).await.unwrap();
    assert_eq!(take_all(&other, "b").await.len(), 1);
    let (mark, queues) = (driver.mark(), ["q".to_owned()]);
    let is_woken = tokio::select! {
        () = driver.woken(&queues, mark) => true,
        () = beats_for(&other, 15) => false,
    };
    assert!(!is_woken, "a sign of life is nothing to wait for");
    assert!(driver.beat("b").await.unwrap().is_some());
    assert_eq!(driver.mark(), mark);
    // What comes from there afterwards is.
    other.enqueue(None, &[job("2")]).await.unwrap();
    timeout(Duration::from_secs(3), driver.woken(&queues, mark)).await.expect("something came");
}

#[tokio::test(start_paused = true)]
async fn the_schedulers_store_may_be_in_the_same_file() {
    let folder = folder();
    let (_pool, driver) = open(&folder).await;
    SqliteStore::open(folder.path().join("jobs.db")).await.unwrap();
    let again = SqliteDriver::new(pool(&folder.path().join("jobs.db"), DURABLE).await).await.unwrap();
    assert_eq!(again.enqueue(None, &[job("1")]).await.unwrap(), [Entered::New]);
    assert_eq!(driver.look(&[id("1")]).await.unwrap()[0].as_ref().unwrap().kind, "1");
}
