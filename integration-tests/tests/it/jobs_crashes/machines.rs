//! Two machines: a network namespace is the other one, with a link between the two that is cut and healed.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use actors::jobs::driver::JobDriver;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::fleet::Place;
use super::live_through;
use super::misfortune::Misfortune;
use super::world::{Postgres, Row, World};
use crate::pool_support::{blocking, postgres};

/// The other machine. It is gone when this is dropped, and so is the link.
struct Link {
    /// The namespace.
    there: String,
    /// Our end of the link.
    device: String,
    /// What we are called on it, in the range that RFC 2544 has set apart for tests.
    address: String,
}

impl Link {
    /// Why not, if it can't be made: that takes root, and `ip`.
    fn new() -> io::Result<Self> {
        let id = std::process::id();
        let subnet = format!("198.18.{}.{}", id % 256, id / 256 % 64 * 4);
        let (start, last) = subnet.rsplit_once('.').expect("it has four parts");
        let last: u32 = last.parse().expect("it is a number");
        let (ours, theirs) = (format!("{start}.{}", last + 1), format!("{start}.{}", last + 2));
        let link = Self { there: format!("jobs-{id}"), device: format!("jobs{id}"), address: ours };
        let Self { there, device, address } = &link;
        ip(&format!("netns add {there}"))?;
        ip(&format!("link add {device} type veth peer name far netns {there}"))?;
        ip(&format!("addr add {address}/30 dev {device}"))?;
        ip(&format!("link set {device} up"))?;
        ip(&format!("-n {there} addr add {theirs}/30 dev far"))?;
        ip(&format!("-n {there} link set far up"))?;
        ip(&format!("-n {there} link set lo up"))?;
        Ok(link)
    }

    async fn set(&self, state: &'static str) {
        let words = format!("link set {} {state}", self.device);
        blocking(move || ip(&words)).await.unwrap();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Of one that was made only in part, not all is there.
        let _ = ip(&format!("netns del {}", self.there));
        let _ = ip(&format!("link del {}", self.device));
    }
}

fn ip(words: &str) -> io::Result<()> {
    let output = Command::new("ip").args(words.split(' ')).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(io::Error::other(format!("ip {words}: {said}"))) }
}

/// PostgreSQL on one of two machines, and workers on both.
struct Machines {
    engine: Postgres,
    link: Link,
    /// Where the engine is for those on the other machine.
    url: String,
    /// Carries what comes over the link to the server, which listens to this machine only. It is on the engine's side,
    /// so a link that is cut is cut between the worker and here.
    doors: JoinSet<()>,
}

async fn carry(door: TcpListener, server: SocketAddr) {
    let mut guests = JoinSet::new();
    while let Ok((mut guest, _)) = door.accept().await {
        guests.spawn(async move {
            // While the server is away, it is as if nobody listened.
            if let Ok(mut host) = TcpStream::connect(server).await {
                let _ = copy_bidirectional(&mut guest, &mut host).await;
            }
        });
    }
}

impl World for Machines {
    async fn prepared(mut self, folder: &Path) -> Self {
        self.engine = self.engine.prepared(folder).await;
        let door = TcpListener::bind((&*self.link.address, 0)).await.unwrap();
        let here = self.engine.url();
        let (login, rest) = here.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        self.url = format!("{login}@{}/{database}", door.local_addr().unwrap());
        self.doors.spawn(carry(door, server.parse().unwrap()));
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
            place.through = ["ip", "netns", "exec", &*self.link.there].map(str::to_owned).to_vec();
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
        self.link.set("down").await;
        sleep(time).await;
        self.link.set("up").await;
        // What was lost is sent again after pauses that have grown meanwhile, up to as long as all of that took.
        sleep(time).await;
    }

    async fn rows(&self) -> Option<Vec<Row>> {
        self.engine.rows().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_link_between_two_machines_cut_again_and_again_each_job_is_done_and_counts_once() {
    let link = match blocking(Link::new).await {
        Ok(link) => link,
        Err(why) => {
            let _ = writeln!(io::stderr(), "SKIPPED jobs on two machines: there can't be a second one: {why}");
            return;
        }
    };
    let Some(server) = postgres("jobs on two machines").await else { return };
    let machines = Machines { engine: Postgres::new(server), link, url: String::new(), doors: JoinSet::new() };
    let machines = live_through(machines, 0x5eed_0073).await;
    blocking(move || drop(machines)).await;
}
