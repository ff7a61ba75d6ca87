//! The kinds of jobs, and what they work with.
use std::sync::Arc;

use actors::jobs::{Failure, Job, Run, SharedRate};
use async_trait::async_trait;
use parking_lot::Mutex;
use patterns_core::cancel::CancelToken;
use patterns_core::context::interruptible;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::site::Host;
use crate::{Stage, ms};

/// The pages of each of [`HOSTS`].
pub(super) const PAGES: u32 = 4;

/// Hosts, and how long each takes for a page.
pub(super) const HOSTS: [(&str, u64); 6] = [
    ("a.example", 50),
    ("b.example", 60),
    ("c.example", 70),
    ("d.example", 80),
    ("e.example", 90),
    ("f.example", 100),
];

/// Takes long, but only the first time.
pub(super) const SLOW: &str = "slow.example";

/// Is not asked more often than every 100 ms, by all machines together.
pub(super) const SHARED: &str = "shared.example";

/// What is visited.
#[derive(Clone)]
pub(super) struct Site {
    hosts: Vec<Host>,
    /// When each page of the shared host was asked for.
    pub(super) asked: Arc<Mutex<Vec<Instant>>>,
}

impl Site {
    pub(super) fn new() -> Self {
        let hosts = HOSTS.map(|(name, takes)| Host::new(name, ms(takes)));
        let mut hosts = Vec::from(hosts);
        hosts.push(Host::new(SHARED, ms(20)));
        hosts.push(Host::answering(SLOW, |nth, _| {
            (ms(if nth == 1 { 60_000 } else { 50 }), 200)
        }));
        Self { hosts, asked: Arc::default() }
    }

    /// All that ever came.
    pub(super) fn requests(&self) -> u32 {
        self.hosts.iter().map(Host::requests).sum()
    }

    fn host(&self, name: &str) -> Result<&Host, Failure> {
        let host = self.hosts.iter().find(|host| host.name() == name);
        host.ok_or_else(|| Failure::terminate(format!("no host {name}")))
    }
}

/// What a machine gives to its jobs.
#[derive(Clone)]
pub(super) struct Lab {
    pub(super) name: &'static str,
    pub(super) stage: Stage,
    pub(super) site: Site,
    pub(super) rate: SharedRate,
    pub(super) power: CancelToken,
}

/// A page is to be visited. What comes of it is which attempt it was.
#[derive(Serialize, Deserialize)]
pub(super) struct Visit {
    pub(super) host: String,
    pub(super) page: u32,
}

#[async_trait]
impl Job for Visit {
    const KIND: &'static str = "visit";
    const QUEUE: &'static str = "visits";
    type Output = u32;
    type State = Lab;

    async fn run(self, lab: &Lab, run: &mut Run) -> Result<u32, Failure> {
        let Lab { name, stage, site, power, .. } = lab;
        let host = site.host(&self.host)?;
        let work = stage.busy(host.name(), format!("page {}", self.page));
        let fetched = tokio::select! {
            biased;
            _ = power.cancelled() => {
                work.failed("its machine was killed");
                return std::future::pending().await;
            }
            fetched = interruptible(host.get(self.page)) => fetched,
        };
        match fetched {
            Ok(fetched) => work.ended(fetched)?,
            Err(interrupt) => {
                if let Some(stop) = run.stopping() {
                    say!(stage, "{name} stops its job, as {stop}");
                    work.stopped(stop);
                }
                return Err(interrupt.into());
            }
        };
        if self.page == PAGES {
            say!(stage, "{}: its {PAGES} pages are done", host.name());
        }
        Ok(run.attempt())
    }
}

// ANCHOR: ask
/// A page of a host is to be asked for that must not be asked too often.
#[derive(Serialize, Deserialize)]
pub(super) struct Ask {
    pub(super) page: u32,
}

#[async_trait]
impl Job for Ask {
    const KIND: &'static str = "ask";
    const QUEUE: &'static str = "asks";
    type Output = ();
    type State = Lab;

    async fn run(self, lab: &Lab, _: &mut Run) -> Result<(), Failure> {
        lab.rate.acquire().await?; // right before the request
        lab.site.asked.lock().push(Instant::now());
        let host = lab.site.host(SHARED)?;
        let work = lab.stage.busy(SHARED, "a request");
        work.ended(interruptible(host.get(self.page)).await?)?;
        Ok(())
    }
}
// ANCHOR_END: ask
