//! The same on a real PostgreSQL, which is started for it and killed.
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use actors::connection_pool::postgres::PostgresManager;
use actors::jobs::driver::PostgresDriver;
use actors::jobs::{Ended, Failure, Job, JobQueue, Run};
use actors::{ConnectionPool, System};
use async_trait::async_trait;
use integration_tests::Postgres;
use patterns_core::cancel::timeout;
use patterns_core::outcome::BoxError;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::{Stage, ms};

const JOBS: u32 = 300;

/// Takes a moment, and is counted each time that it is begun.
#[derive(Serialize, Deserialize)]
struct Nap {
    number: u32,
}

#[async_trait]
impl Job for Nap {
    const KIND: &'static str = "nap";
    type Output = u32;
    type State = Arc<AtomicU32>;

    async fn run(
        self,
        begun: &Arc<AtomicU32>,
        _: &mut Run,
    ) -> Result<u32, Failure> {
        begun.fetch_add(1, SeqCst);
        sleep(ms(20)).await;
        Ok(self.number)
    }
}

pub(super) async fn play(stage: &Stage) -> Result<(), BoxError> {
    stage.scene(
        "two machines on a real PostgreSQL, which is killed and started again",
    );
    let Some(mut server) = spawn_blocking(Postgres::start).await?? else {
        say!(stage, "it is not installed; `cargo xtask setup` installs it");
        return Ok(());
    };
    let (url, begun) = (server.url("application_name=tour"), Arc::default());
    let (one, first) = machine("machine 1", &url, &begun).await?;
    let (two, second) = machine("machine 2", &url, &begun).await?;
    let entries = (0..JOBS).map(|number| Nap { number }.entry());
    let tickets = one.put_all(entries).await?;
    sleep(ms(200)).await;
    server = spawn_blocking(move || {
        server.kill();
        server.restart().map(|()| server)
    })
    .await??;
    let done = timeout(ms(60_000), async {
        let mut done = 0;
        for ticket in tickets {
            let ended = ticket?.ended().await?;
            assert!(matches!(ended, Ended::Done(_)), "{ended:?}");
            done += 1;
        }
        Ok::<_, BoxError>(done)
    });
    let done = done.await??;
    say!(stage, "{done} jobs are done, {} were begun", begun.load(SeqCst));
    assert!(done == JOBS && begun.load(SeqCst) >= JOBS);
    for (queue, system) in [(one, first), (two, second)] {
        let receipt = queue.drain(Instant::now() + ms(5000)).await;
        assert!(receipt.is_complete(), "{receipt}");
        assert!(system.shutdown(ms(5000)).await.is_clean());
    }
    drop(server);
    Ok(())
}

/// A machine with connections of its own to the server.
async fn machine(
    name: &str,
    url: &str,
    begun: &Arc<AtomicU32>,
) -> Result<(JobQueue, System), BoxError> {
    let system = System::start()?;
    let manager = PostgresManager::new(url)?;
    let pool = ConnectionPool::builder(manager).max_size(3);
    let pool = pool.retry(ms(50), ms(500)).start(&system).await?;
    let queue = JobQueue::builder(PostgresDriver::new(pool).await?)
        .name(name)
        .handle::<Nap>(Arc::clone(begun))
        .concurrency(4)
        .driver_timeout(ms(2000))
        .start(&system)
        .await?;
    Ok((queue, system))
}
