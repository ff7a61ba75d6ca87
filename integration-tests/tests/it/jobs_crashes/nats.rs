//! NATS as the engine: it has no rows, so the effect that is there once is the job that follows.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::jobs::driver::{JobDriver, NatsDriver};
use integration_tests::skip_or_fail;
use tokio::time::sleep;

use super::fleet::Place;
use super::live_through;
use super::misfortune::Misfortune;
use super::world::{Row, World, all_at, asked, blocking_on};
use crate::pool_support::blocking;
use crate::support::nats::Nats as Server;

/// A server, which dies and comes again on the same folder.
struct Nats {
    /// `None` while it is on its way.
    server: Option<Server>,
    driver: Option<Arc<dyn JobDriver>>,
}

impl Nats {
    fn server(&self) -> &Server {
        self.server.as_ref().expect("it is there")
    }
}

impl World for Nats {
    async fn prepared(mut self, _folder: &Path) -> Self {
        let (url, monitor) = (self.server().url(), self.server().monitor());
        // A server that had to wait for us, as on a busy machine, hangs up.
        let driver = asked(async || NatsDriver::builder(&url).monitor(&monitor).connect().await).await;
        self.driver = Some(Arc::new(driver));
        self
    }

    fn driver(&self) -> Arc<dyn JobDriver> {
        self.driver.clone().expect("it was prepared")
    }

    fn places(&self) -> Vec<Place> {
        all_at("nats", &format!("{} {}", self.server().url(), self.server().monitor()))
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
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_workers_and_their_server_each_job_is_done_and_counts_once_on_nats() {
    let Some(server) = blocking(Server::start).await.expect("it starts") else {
        skip_or_fail("jobs whose workers and NATS server are killed", "nats-server");
        return;
    };
    let world = live_through(Nats { server: Some(server), driver: None }, 0x5eed_0074).await;
    blocking(move || drop(world)).await;
}
