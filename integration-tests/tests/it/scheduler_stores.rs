//! The store on a real PostgreSQL server: its contract, and what a crash of the server does to it.

use std::time::Duration;

use actors::connection_pool::postgres::PostgresManager;
use actors::scheduler::store::{
    Claim, ClaimKind, Definition, Kind, Lease, PostgresStore, Registration, ScheduleStore, Verdict,
};
use actors::{ConnectionPool, System};
use integration_tests::Postgres;
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::pool_support::{blocking, bounded, is_all_on_disk, millis, postgres as server};
use crate::scheduler_conformance::conforms;

type Pool = ConnectionPool<PostgresManager>;

async fn pool(server: &Postgres, options: &str) -> Pool {
    let system = System::start().expect("there is a thread for it");
    let manager = PostgresManager::new(&server.url(options)).expect("it is a URL");
    ConnectionPool::builder(manager).max_size(4).start(&system).await.expect("the server answers")
}

fn lease(owner: &str) -> Lease {
    Lease { owner: owner.to_owned(), until: Timestamp::now() + SignedDuration::from_secs(60) }
}

fn registration(name: &str) -> Registration {
    let kind = Kind::Every { period: Duration::from_secs(10), immediately: false };
    let now = Timestamp::now();
    Registration { definition: Definition::new(name, kind), anchor: now, now, keep: 1_000 }
}

fn claims(name: &str) -> Vec<Claim> {
    let claim = |second| {
        let instant = Timestamp::new(1_777_777_777 + i64::from(second), 1).unwrap();
        Claim { schedule: name.to_owned(), instant, kind: ClaimKind::Due, limit: None, at: instant }
    };
    (0..512).map(claim).collect()
}

#[tokio::test]
async fn the_store_on_postgres_conforms() {
    let Some(server) = server("the store on PostgreSQL").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        conforms(async || PostgresStore::new(pool.clone()).await.unwrap()).await;
        assert_eq!(pool.status().counts.check_failed, 0);
    })
    .await;
}

#[tokio::test]
async fn it_conforms_also_where_a_server_would_not_wait_for_the_disk_and_isolates_too_much() {
    let Some(server) = server("the store on PostgreSQL, with other defaults").await else { return };
    bounded(async {
        let options = "-c default_transaction_isolation=serializable -c synchronous_commit=off \
            -c default_transaction_read_only=on";
        let options = format!("options={}", options.replace(' ', "%20").replace('=', "%3D"));
        let pool = pool(&server, &options).await;
        let isolation = pool.acquire().await.unwrap().query_one("show default_transaction_isolation", &[]).await;
        assert_eq!(isolation.unwrap().get::<_, String>(0), "serializable");
        conforms(async || PostgresStore::new(pool.clone()).await.unwrap()).await;

        let store = PostgresStore::new(pool.clone()).await.unwrap();
        store.register(&registration("disk")).await.unwrap();
        let observer = pool.acquire().await.unwrap();
        let is_kept = async |n: usize| {
            store.claim(&lease("a"), &claims("disk")[n..=n]).await.unwrap();
            is_all_on_disk(&observer).await
        };
        for n in 0..20 {
            // Another one, as the server may have written something of its own just then: it does now and then.
            let is_on_disk = is_kept(2 * n).await || is_kept(2 * n + 1).await;
            assert!(is_on_disk, "what was answered is not on the disk");
        }
    })
    .await;
}

#[tokio::test]
async fn several_may_make_the_tables_at_the_same_time() {
    let Some(server) = server("making the tables").await else { return };
    bounded(async {
        let mut pools = Vec::new();
        for _ in 0..4 {
            pools.push(pool(&server, "").await);
        }
        let mut tasks = JoinSet::new();
        for (n, pool) in pools.into_iter().enumerate() {
            tasks.spawn(async move {
                let store = PostgresStore::new(pool).await.unwrap();
                store.register(&registration("x")).await.unwrap();
                let one = &claims("x")[..1];
                store.claim(&lease(&format!("owner {n}")), one).await.unwrap()[0]
            });
        }
        let verdicts = tasks.join_all().await;
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::New).count(), 1, "{verdicts:?}");
        // Those of a later version are not touched.
        let pool = pool(&server, "").await;
        let later = pool.acquire().await.unwrap();
        later.batch_execute("insert into durable_version values (99)").await.unwrap();
        let error = PostgresStore::new(pool.clone()).await.unwrap_err().to_string();
        assert!(error.contains("its tables are of version 99"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_no_text_there_is_refused_with_the_servers_words() {
    let Some(server) = server("a name with a NUL").await else { return };
    bounded(async {
        let store = PostgresStore::new(pool(&server, "").await).await.unwrap();
        let error = store.register(&registration("a\0b")).await.unwrap_err().to_string();
        assert!(error.contains("invalid byte sequence"), "{error}");
        store.register(&registration("a b")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_dropped_in_the_middle_is_written_as_a_whole_or_not_at_all() {
    let Some(server) = server("a batch that is dropped").await else { return };
    bounded(async {
        let pool = pool(&server, "").await;
        let store = PostgresStore::new(pool.clone()).await.unwrap();
        store.register(&registration("held")).await.unwrap();
        let holder = pool.acquire().await.unwrap();
        // Schedules can be locked, and no firing can be made: so this one is in the middle.
        holder.batch_execute("begin; lock table durable_firing in share mode").await.unwrap();
        assert!(timeout(millis(300), store.claim(&lease("a"), &claims("held"))).await.is_err());
        holder.batch_execute("rollback").await.unwrap();
        drop(holder);
        let known = timeout(Duration::from_secs(10), store.register(&registration("held"))).await;
        assert_eq!(known.expect("nothing is locked any more").unwrap().runs, 0);

        let mut dropped = 0;
        for round in 0..40 {
            let name = format!("x {round}");
            store.register(&registration(&name)).await.unwrap();
            let (lease, claims) = (lease("a"), claims(&name));
            let first = timeout(Duration::from_micros(round * 400), store.claim(&lease, &claims)).await;
            dropped += u32::from(first.is_err());
            let known = store.register(&registration(&name)).await.unwrap();
            assert!([0, 512].contains(&known.runs) && known.unfinished == known.runs, "{}", known.runs);
            let again = timeout(Duration::from_secs(10), store.claim(&lease, &claims)).await.unwrap().unwrap();
            assert_eq!(again, [Verdict::New; 512]);
            assert_eq!(store.register(&registration(&name)).await.unwrap().runs, 512);
        }
        assert!(dropped > 0);
    })
    .await;
}

#[tokio::test]
async fn what_it_has_answered_survives_a_crash_of_the_server_and_it_finds_the_server_again() {
    let Some(server) = server("a server that crashes under the store").await else { return };
    bounded(async {
        let store = PostgresStore::new(pool(&server, "").await).await.unwrap();
        store.register(&registration("x")).await.unwrap();
        let claims = claims("x");
        assert_eq!(store.claim(&lease("a"), &claims).await.unwrap(), [Verdict::New; 512]);
        let mut server = server;
        let server = blocking(move || {
            server.kill();
            server
        })
        .await;
        // What served a connection may live on for a moment after the server, and answer.
        let failed = async { while store.claim(&lease("b"), &claims).await.is_ok() {} };
        timeout(Duration::from_secs(10), failed).await.expect("it is told, and in time");
        let mut server = server;
        let _server = blocking(move || {
            server.restart().unwrap();
            server
        })
        .await;
        let answer = loop {
            match store.claim(&lease("b"), &claims).await {
                Ok(answer) => break answer,
                Err(_) => sleep(millis(50)).await,
            }
        };
        assert_eq!(answer, [Verdict::Taken; 512]);
        assert_eq!(store.claim(&lease("a"), &claims).await.unwrap(), [Verdict::New; 512]);
    })
    .await;
}
