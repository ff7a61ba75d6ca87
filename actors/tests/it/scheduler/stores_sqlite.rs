//! The store in a SQLite file.

use actors::connection_pool::sqlite::rusqlite::Connection;
use actors::scheduler::store::{
    Claim, ClaimKind, Definition, FiringOutcome, Kind, Lease, Registration, ScheduleStore, SqliteStore, Verdict,
};
use actors::scheduler::{Scheduler, VirtualClock};
use jiff::{SignedDuration, Timestamp};
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use tempfile::TempDir;
use tokio::select;
use tokio::time::{Instant, sleep};

use super::conformance::conforms;
use super::{Instants, at, millis, secs, start_with};

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for temporary files")
}

async fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path().join("schedules.db")).await.expect("there is a folder for it")
}

fn lease() -> Lease {
    Lease { owner: "a".to_owned(), until: at("2026-05-01T13:00:00Z") }
}

fn registration(keep: usize) -> Registration {
    let now = at("2026-05-01T12:00:00Z");
    let kind = Kind::Every { period: secs(1), immediately: false };
    Registration { definition: Definition::new("x", kind), anchor: now, now, keep }
}

/// As many as there may be in a batch.
fn claims() -> Vec<Claim> {
    let claim = |n| {
        let instant = at("2026-05-01T12:00:00Z") + SignedDuration::from_nanos(n);
        Claim { schedule: "x".to_owned(), instant, kind: ClaimKind::Due, limit: None, at: instant }
    };
    (1..=512).map(claim).collect()
}

#[tokio::test]
async fn the_store_on_sqlite_conforms() {
    let folder = folder();
    conforms(async || open(&folder).await).await;
}

#[tokio::test]
async fn a_batch_that_is_dropped_in_the_middle_is_found_as_a_whole_or_not_at_all() {
    let mut dropped = 0;
    // From before it begins to about when it ends.
    for round in 0..40_u32 {
        let folder = folder();
        let store = open(&folder).await;
        store.register(&registration(1_000)).await.unwrap();
        let (lease, claims, begun) = (lease(), claims(), Instant::now());
        let clock = async {
            while begun.elapsed() < millis(1) * round / 2 {
                tokio::task::yield_now().await;
            }
        };
        select! {
            biased;
            _ = store.claim(&lease, &claims) => {}
            () = clock => dropped += 1,
        }
        drop(store);

        let store = open(&folder).await;
        let known = store.register(&registration(1_000)).await.unwrap();
        assert!([0, 512].contains(&known.runs) && known.unfinished == known.runs, "{}", known.runs);
        // Said again, it is granted, and counted once.
        assert_eq!(store.claim(&lease, &claims).await.unwrap(), [Verdict::New; 512]);
        assert_eq!(store.register(&registration(1_000)).await.unwrap().runs, 512);
    }
    assert!(dropped > 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_a_call_was_dropped_on_goes_on() {
    let folder = folder();
    let store = open(&folder).await;
    store.register(&registration(1_000)).await.unwrap();
    for turns in 0..20 {
        let (lease, claims) = (lease(), claims());
        let few = async {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
        };
        select! {
            biased;
            _ = store.claim(&lease, &claims) => {}
            () = few => {}
        }
        // At once, and with what the call may still be at.
        let runs = store.register(&registration(1_000)).await.unwrap().runs;
        assert!([0, 512].contains(&runs), "{runs}");
    }
    assert_eq!(store.claim(&lease(), &claims()).await.unwrap(), [Verdict::New; 512]);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_lives_on_in_the_file() {
    let folder = folder();
    let clock = VirtualClock::starting_at(at("2026-05-01T12:00:00Z"));
    let runs = Instants::default();
    for _ in 0..3 {
        let scheduler = start_with(Scheduler::builder().clock(clock.clone()).store(open(&folder).await));
        let every = scheduler.every("x", secs(10)).durable();
        let every = every.run(runs.job(millis(100))).await.unwrap();
        sleep(secs(24)).await;
        let receipt = scheduler.drain(Instant::now() + secs(5)).await;
        assert!(receipt.is_complete() && receipt.counts.balances(), "{receipt}");
        assert_eq!(every.status().counts.done, receipt.counts.runs, "{receipt}");
    }
    let expected = ["12:00:10", "12:00:20", "12:00:30", "12:00:40", "12:00:50", "12:01:00", "12:01:10"];
    assert_eq!(runs.times(), expected);
    let recent = open(&folder).await.register(&registration(100)).await.unwrap().recent;
    assert!(recent.len() == 7 && recent.iter().all(|firing| firing.outcome == Some(FiringOutcome::Done)));
}

#[tokio::test(start_paused = true)]
async fn a_scheduler_that_is_stopped_can_still_write() {
    let folder = folder();
    let store = open(&folder).await;
    let token = CancelToken::new();
    token.cancel("its scheduler was stopped");
    let stopped = Context::current().with_token(token);
    let known = stopped.scope(store.register(&registration(10))).await.unwrap();
    assert_eq!(known.runs, 0);
    assert!(stopped.scope(store.forget("x")).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn others_can_look_into_the_file_and_keep_tables_of_their_own_in_it() {
    let folder = folder();
    let file = folder.path().join("schedules.db");
    let db = Connection::open(&file).unwrap();
    db.execute_batch("create table page (url text); pragma user_version = 7").unwrap();
    let store = open(&folder).await;
    store.register(&registration(10)).await.unwrap();
    store.claim(&lease(), &claims()[..1]).await.unwrap();
    let firing = "select name, instant, state from durable_firing join durable_schedule on id = schedule";
    let firing = db.query_row(firing, (), |row| <(String, i64, String)>::try_from(row)).unwrap();
    assert_eq!(firing, ("x".to_owned(), 1_777_636_800_000_000_001, "claimed".to_owned()));
    let version: i64 = db.query_row("pragma user_version", (), |row| row.get(0)).unwrap();
    assert_eq!(version, 7);
}

#[tokio::test(start_paused = true)]
async fn what_it_cannot_use_is_refused() {
    let folder = folder();
    let refused = async |name: &str| SqliteStore::open(folder.path().join(name)).await.unwrap_err().to_string();
    let no_folder = refused("nowhere/schedules.db").await;
    assert!(no_folder.starts_with("the store failed: cannot open the database "), "{no_folder}");
    // And why.
    assert!(no_folder.contains("unable to open database file"), "{no_folder}");
    std::fs::write(folder.path().join("text"), "this is no database, but a text of some length ".repeat(50)).unwrap();
    assert!(refused("text").await.starts_with("the store failed: "));
    assert!(SqliteStore::open(":memory:").await.is_err());

    // Made by a later version of this crate.
    let store = open(&folder).await;
    let db = Connection::open(folder.path().join("schedules.db")).unwrap();
    db.execute("insert into durable_version values (99)", ()).unwrap();
    let newer = refused("schedules.db").await;
    assert!(newer.ends_with("its tables are of version 99, and this program knows them up to 2"), "{newer}");
    // Whoever has it open already goes on.
    store.register(&registration(10)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_instant_that_it_cannot_count_fails_and_harms_nobody() {
    let folder = folder();
    let store = open(&folder).await;
    store.register(&registration(10)).await.unwrap();
    let mut far = claims();
    far.truncate(2);
    far[1].instant = Timestamp::MAX;
    let error = store.claim(&lease(), &far).await.unwrap_err().to_string();
    assert!(error.ends_with("is not within the years 1678 to 2261"), "{error}");
    // Nothing of the batch was written.
    assert_eq!(store.register(&registration(10)).await.unwrap().runs, 0);
    // A schedule of which this is the only instant is refused, or it would hold up all the others.
    let once = Kind::At { at: Timestamp::MIN };
    let error = store.register(&Registration { definition: Definition::new("once", once), ..registration(10) }).await;
    assert!(error.unwrap_err().to_string().ends_with("is not within the years 1678 to 2261"));
    let for_ever = Lease { until: Timestamp::MAX, ..lease() };
    assert_eq!(store.claim(&for_ever, &far[..1]).await.unwrap(), [Verdict::New]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_gone_is_an_error_and_not_an_empty_store() {
    let folder = folder();
    let store = open(&folder).await;
    store.register(&registration(10)).await.unwrap();
    // After a failure the file is opened anew.
    let db = Connection::open(folder.path().join("schedules.db")).unwrap();
    db.execute_batch("alter table durable_schedule rename to hidden").unwrap();
    assert!(store.register(&registration(10)).await.is_err());
    db.execute_batch("alter table hidden rename to durable_schedule").unwrap();
    store.register(&registration(10)).await.unwrap();
    db.execute_batch("alter table durable_schedule rename to hidden").unwrap();
    assert!(store.register(&registration(10)).await.is_err());
    drop(db);
    std::fs::remove_file(folder.path().join("schedules.db")).unwrap();
    let error = store.register(&registration(10)).await.unwrap_err().to_string();
    assert!(error.starts_with("the store failed: cannot open the database "), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_may_make_the_file_at_the_same_time() {
    for _ in 0..10 {
        let folder = folder();
        let file = folder.path().join("schedules.db");
        let open = || {
            let file = file.clone();
            tokio::spawn(async move { SqliteStore::open(file).await.map(drop) })
        };
        let opened: Vec<_> = (0..4).map(|_| open()).collect();
        for opened in opened {
            opened.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn tables_of_the_first_version_are_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    let known = store.register(&registration(10)).await.unwrap();
    drop(store);
    let db = Connection::open(folder.path().join("schedules.db")).unwrap();
    db.execute_batch(
        "alter table durable_firing drop column triggered; delete from durable_version where version = 2;",
    )
    .unwrap();
    drop(db);
    let store = open(&folder).await;
    assert_eq!(store.register(&registration(20)).await.unwrap().anchor, known.anchor);
    let path = folder.path().join("schedules.db");
    conforms(async || SqliteStore::open(&path).await.unwrap()).await;
}
