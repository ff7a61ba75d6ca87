//! The engines that can be reached by workers on other machines.

use std::net::SocketAddr;

use integration_tests::Postgres;
use url::Url;

use crate::pool_support::{blocking, postgres};
use crate::support::machine::Machine;
use crate::support::nats::Nats;

/// A server that keeps the queue.
pub(super) enum Engine {
    Postgres(Postgres),
    Nats(Nats),
}

impl Engine {
    /// An empty PostgreSQL; without one the test is skipped, or fails where it must not be.
    pub(super) async fn postgres(test: &str) -> Option<Self> {
        postgres(test).await.map(Self::Postgres)
    }

    /// An empty NATS server that syncs before it answers; likewise.
    pub(super) async fn nats(test: &str) -> Option<Self> {
        crate::jobs_nats::server(test, "always").await.map(Self::Nats)
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "PostgreSQL",
            Self::Nats(_) => "NATS",
        }
    }

    /// The queue, as it is called on this machine.
    pub(super) fn queue(&self) -> String {
        match self {
            Self::Postgres(server) => server.url("application_name=sitewatch"),
            Self::Nats(server) => format!("{}?monitor={}", server.url(), server.monitor()),
        }
    }

    /// The queue, as it is called on another machine, by this link.
    pub(super) async fn queue_from(&self, machine: &mut Machine, link: usize) -> String {
        let addresses = match self {
            Self::Postgres(_) => vec![address(&self.queue())],
            Self::Nats(server) => vec![address(&server.url()), address(&server.monitor())],
        };
        let mut queue = self.queue();
        for here in addresses {
            let there = machine.lead_to(here, link).await;
            queue = queue.replacen(&here.to_string(), &there.to_string(), 1);
        }
        queue
    }

    /// Ends the server, which blocks.
    pub(super) async fn end(self) {
        blocking(move || drop(self)).await;
    }
}

/// Where a URL leads to, whose host is an address.
fn address(url: &str) -> SocketAddr {
    Url::parse(url).unwrap().socket_addrs(|| None).unwrap().remove(0)
}
