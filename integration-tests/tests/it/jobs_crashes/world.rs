//! The engines, and what can happen to them.

#[path = "../../../../actors/examples/jobs_worker/clock.rs"]
mod clock;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actors::connection_pool::postgres::PostgresManager;
use actors::connection_pool::sqlite::SqliteManager;
use actors::connection_pool::sqlite::rusqlite::Connection;
use actors::jobs::JobId;
use actors::jobs::driver::{DriverError, JobDriver, PostgresDriver, SqliteDriver};
use actors::{ConnectionPool, System};
use integration_tests::Postgres as Server;
use tokio::time::{Instant, sleep, timeout};

use super::BOUND;
use super::fleet::Place;
use super::ledger::Delivery;
use super::misfortune::Misfortune;
use crate::pool_support::{blocking, millis};
use clock::FileClock;

/// How many workers there are.
const WORKERS: usize = 4;

/// Where effects are written that are committed with a completion.
const TABLE: &str = "create table effect (job text not null, life text not null, number bigint not null)";

/// An effect: whose it is, and of which delivery.
pub(super) type Row = (JobId, Delivery);

/// An engine, as those see it who put jobs and look.
pub(super) trait World: Sized {
    /// Ready for workers that have their ledgers in this folder.
    async fn prepared(self, folder: &Path) -> Self;

    fn driver(&self) -> Arc<dyn JobDriver>;

    fn places(&self) -> Vec<Place>;

    fn misfortunes(&self) -> &'static [Misfortune];

    /// Whether nobody sets the clock that jobs are due by.
    fn is_steady(&self) -> bool {
        true
    }

    /// Has the server die, be away for so long, and come again.
    async fn fail(&mut self, _away: Duration) {
        panic!("there is no server");
    }

    /// Has workers elsewhere not reach it for so long.
    async fn cut(&mut self, _time: Duration) {
        panic!("there is no link");
    }

    /// The effects that are there; `None` if the engine has none.
    async fn rows(&self) -> Option<Vec<Row>>;
}

/// Asks an engine until it answers.
pub(super) async fn asked<T>(mut ask: impl AsyncFnMut() -> Result<T, DriverError>) -> T {
    let late = Instant::now() + BOUND;
    loop {
        let answer = timeout(millis(5_000), ask()).await;
        if let Ok(Ok(answer)) = answer {
            return answer;
        }
        let said = answer.map(|answer| answer.err());
        assert!(Instant::now() < late, "the engine does not answer: {said:?}");
        sleep(millis(50)).await;
    }
}

fn row(job: &str, life: String, number: i64) -> Row {
    (job.parse().unwrap(), Delivery { life, number: u64::try_from(number).unwrap() })
}

/// As many workers, all at the same place.
pub(super) fn all_at(engine: &'static str, url: &str) -> Vec<Place> {
    vec![Place { engine, url: url.to_owned(), through: Vec::new(), is_near: true }; WORKERS]
}

/// A file, and the machine that has it: one clock for all.
pub(super) struct Sqlite {
    file: PathBuf,
    system: System,
    driver: Option<Arc<dyn JobDriver>>,
}

impl Sqlite {
    pub(super) fn new(folder: &Path) -> Self {
        Self { file: folder.join("jobs.db"), system: System::start().unwrap(), driver: None }
    }
}

impl World for Sqlite {
    async fn prepared(mut self, folder: &Path) -> Self {
        let manager = SqliteManager::new(&self.file).init("pragma synchronous = full; pragma fullfsync = on");
        let pool = ConnectionPool::builder(manager).max_size(2).start(&self.system).await.unwrap();
        pool.transaction(|tx| tx.execute_batch(TABLE)).await.unwrap();
        let driver = SqliteDriver::new(pool).await.unwrap();
        self.driver = Some(Arc::new(driver.with_clock(FileClock::of(folder))));
        self
    }

    fn driver(&self) -> Arc<dyn JobDriver> {
        self.driver.clone().expect("it was prepared")
    }

    fn places(&self) -> Vec<Place> {
        all_at("sqlite", self.file.to_str().unwrap())
    }

    fn misfortunes(&self) -> &'static [Misfortune] {
        use Misfortune::{ClockStep, Death, DeathOfTheLeader, Sleep, Trap};
        &[Death, DeathOfTheLeader, Trap, Sleep, ClockStep]
    }

    fn is_steady(&self) -> bool {
        false
    }

    async fn rows(&self) -> Option<Vec<Row>> {
        let file = self.file.clone();
        let read = move || {
            let db = Connection::open(file).unwrap();
            let mut found = db.prepare("select job, life, number from effect").unwrap();
            let rows = found.query_map([], |found| Ok(row(&found.get::<_, String>(0)?, found.get(1)?, found.get(2)?)));
            rows.unwrap().map(Result::unwrap).collect()
        };
        Some(blocking(read).await)
    }
}

/// Does something to a server that blocks.
pub(super) async fn blocking_on<S: Send + 'static>(server: &mut Option<S>, f: impl FnOnce(&mut S) + Send + 'static) {
    let mut there = server.take().expect("it is there");
    let there = blocking(move || {
        f(&mut there);
        there
    });
    *server = Some(there.await);
}

/// A server, which dies and comes again on the same folder.
pub(super) struct Postgres {
    /// `None` while it is on its way.
    server: Option<Server>,
    engine: Option<(ConnectionPool<PostgresManager>, Arc<dyn JobDriver>)>,
    system: System,
}

impl Postgres {
    pub(super) fn new(server: Server) -> Self {
        Self { server: Some(server), engine: None, system: System::start().unwrap() }
    }

    pub(super) fn url(&self) -> String {
        self.server.as_ref().expect("it is there").url("application_name=jobs")
    }
}

impl World for Postgres {
    async fn prepared(mut self, _folder: &Path) -> Self {
        let manager = PostgresManager::new(&self.url()).unwrap();
        let pool = ConnectionPool::builder(manager).max_size(4).retry(millis(50), millis(200));
        let pool = pool.start(&self.system).await.unwrap();
        pool.acquire().await.unwrap().batch_execute(TABLE).await.unwrap();
        let driver = PostgresDriver::new(pool.clone()).await.unwrap();
        self.engine = Some((pool, Arc::new(driver)));
        self
    }

    fn driver(&self) -> Arc<dyn JobDriver> {
        let (_, driver) = self.engine.as_ref().expect("it was prepared");
        Arc::clone(driver)
    }

    fn places(&self) -> Vec<Place> {
        all_at("postgres", &self.url())
    }

    fn misfortunes(&self) -> &'static [Misfortune] {
        use Misfortune::{Death, DeathOfTheEngine, DeathOfTheLeader, Sleep, Trap};
        &[Death, DeathOfTheLeader, Trap, Sleep, DeathOfTheEngine]
    }

    async fn fail(&mut self, away: Duration) {
        blocking_on(&mut self.server, Server::kill).await;
        sleep(away).await;
        blocking_on(&mut self.server, |server| server.restart().unwrap()).await;
    }

    async fn rows(&self) -> Option<Vec<Row>> {
        let (pool, _) = self.engine.as_ref().expect("it was prepared");
        let session = pool.acquire().await.unwrap();
        let found = session.query("select job, life, number from effect", &[]).await.unwrap();
        Some(found.iter().map(|found| row(found.get(0), found.get(1), found.get(2))).collect())
    }
}
