//! A machine that does jobs.
use actors::System;
use actors::jobs::driver::MemoryDriver;
use actors::jobs::{DrainReceipt, JobQueue};
use patterns_core::cancel::CancelToken;
use patterns_core::outcome::BoxError;
use tokio::sync::watch;
use tokio::time::Instant;

use super::kinds::{Ask, Lab, Site, Visit};
use super::wire::Wire;
use crate::{Stage, ms};

/// A machine: all that a program has that does jobs.
pub(super) struct Machine {
    pub(super) queue: JobQueue,
    turns: JobQueue,
    system: System,
    is_whole: watch::Sender<bool>,
    power: CancelToken,
}

impl Machine {
    pub(super) async fn start(
        name: &'static str,
        stage: &Stage,
        site: &Site,
        engine: &MemoryDriver,
    ) -> Result<Self, BoxError> {
        let (is_whole, seen) = watch::channel(true);
        let engine = Wire::new(engine.clone(), seen);
        let (power, system) = (CancelToken::new(), System::start()?);
        let (stage, site) = (stage.clone(), site.clone());
        // ANCHOR: machine
        // Does no jobs, and asks for turns. What the jobs work with must not
        // hold the queue that does them.
        let turns = JobQueue::builder(engine.clone()).name("turns");
        let turns = turns.start(&system).await?;
        let rate = turns.shared_rate("shared.example", ms(100));

        let lab = Lab { name, stage, site, rate, power: power.clone() };
        let queue = JobQueue::builder(engine)
            .name(name)
            .handle::<Visit>(lab.clone())
            .handle::<Ask>(lab)
            .concurrency(2)
            .lease(ms(1500))
            .grace(ms(200))
            .start(&system)
            .await?;
        // ANCHOR_END: machine
        Ok(Self { queue, turns, system, is_whole, power })
    }

    /// It is gone, as by `kill -9`: nothing of it runs, and nothing is heard.
    pub(super) fn kill(&self) {
        self.power.cancel("killed");
        self.cut(true);
    }

    /// Cuts its wire, or mends it. What it does goes on.
    pub(super) fn cut(&self, cut: bool) {
        self.is_whole.send_replace(!cut);
    }

    /// Stops it, in order.
    pub(super) async fn stop(self) -> Result<DrainReceipt, BoxError> {
        let receipt = self.queue.drain(Instant::now() + ms(1000)).await;
        let turns = self.turns.drain(Instant::now() + ms(1000)).await;
        let system = self.system.shutdown(ms(2000)).await;
        if !turns.is_complete() || !system.is_clean() {
            return Err(format!("it did not stop well: {system:?}").into());
        }
        Ok(receipt)
    }
}
