//! Two machines: a network namespace is the other one, with a link between the two that is cut and healed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actors::jobs::driver::JobDriver;
use tokio::time::sleep;

use super::fleet::Place;
use super::live_through;
use super::misfortune::Misfortune;
use super::world::{Postgres, Row, World};
use crate::pool_support::{blocking, postgres};
use crate::support::machine::Machine;

/// The one link that there is.
const LINK: usize = 0;

/// PostgreSQL on one of two machines, and workers on both.
struct Machines {
    engine: Postgres,
    other: Machine,
    /// Where the engine is for those on the other machine.
    url: String,
}

impl World for Machines {
    async fn prepared(mut self, folder: &Path) -> Self {
        self.engine = self.engine.prepared(folder).await;
        let here = self.engine.url();
        let (login, rest) = here.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let door = self.other.lead_to(server.parse().unwrap(), LINK).await;
        self.url = format!("{login}@{door}/{database}");
        self
    }

    fn driver(&self) -> Arc<dyn JobDriver> {
        self.engine.driver()
    }

    fn places(&self) -> Vec<Place> {
        let mut places = self.engine.places();
        let half = places.len() / 2;
        for place in &mut places[half..] {
            place.url.clone_from(&self.url);
            place.through = self.other.through();
            place.is_near = false;
        }
        places
    }

    fn misfortunes(&self) -> &'static [Misfortune] {
        use Misfortune::{Cut, Death, DeathOfTheEngine, DeathOfTheLeader, Sleep};
        &[Cut, Cut, Death, DeathOfTheLeader, Sleep, DeathOfTheEngine]
    }

    async fn fail(&mut self, away: Duration) {
        self.engine.fail(away).await;
    }

    async fn cut(&mut self, time: Duration) {
        self.other.set(LINK, "down").await;
        sleep(time).await;
        self.other.set(LINK, "up").await;
        // What was lost is sent again after pauses that have grown meanwhile, up to as long as all of that took.
        sleep(time).await;
    }

    async fn rows(&self) -> Option<Vec<Row>> {
        self.engine.rows().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_link_between_two_machines_cut_again_and_again_each_job_is_done_and_counts_once() {
    let Some(other) = Machine::start("jobs on two machines", 1).await else { return };
    let Some(server) = postgres("jobs on two machines").await else { return };
    let machines = Machines { engine: Postgres::new(server), other, url: String::new() };
    let machines = live_through(machines, 0x5eed_0073).await;
    blocking(move || drop(machines)).await;
}
