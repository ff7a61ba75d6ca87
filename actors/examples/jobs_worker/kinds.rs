//! The kinds of jobs. Each writes a line before and a line after its work, and tells in its output which of its
//! deliveries it was that counted.

use std::sync::Arc;
use std::time::Duration;

use actors::jobs::{Failure, Job, Run};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::ledger::Delivery;
use crate::shop::Shop;

/// The queue of all of them.
pub(crate) const QUEUE: &str = "work";

/// How long the work of most of them takes.
const MOMENT: Duration = Duration::from_millis(10);

/// Fails where a number wants that, at the first attempt, and is soon tried again. It has not begun then.
fn stumble(number: u64, run: &Run) -> Result<(), Failure> {
    if number % 7 == 3 && run.attempt() == 1 {
        return Err(Failure::after("its first attempt fails", 5 * MOMENT));
    }
    Ok(())
}

/// Work that leaves nothing but its lines.
#[derive(Serialize, Deserialize)]
pub(crate) struct Plain {
    number: u64,
}

#[async_trait]
impl Job for Plain {
    const KIND: &'static str = "plain";
    const QUEUE: &'static str = QUEUE;
    type Output = Delivery;
    type State = Arc<Shop>;

    async fn run(self, shop: &Arc<Shop>, run: &mut Run) -> Result<Delivery, Failure> {
        stumble(self.number, run)?;
        let delivery = shop.begin(run)?;
        sleep(MOMENT).await;
        Ok(shop.end(delivery, run)?)
    }
}

/// Work that is put with a key, and so done one after the other; also what stumbles is waited for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Keyed {
    number: u64,
}

#[async_trait]
impl Job for Keyed {
    const KIND: &'static str = "keyed";
    const QUEUE: &'static str = QUEUE;
    type Output = Delivery;
    type State = Arc<Shop>;

    async fn run(self, shop: &Arc<Shop>, run: &mut Run) -> Result<Delivery, Failure> {
        stumble(self.number, run)?;
        let delivery = shop.begin(run)?;
        sleep(2 * MOMENT).await;
        Ok(shop.end(delivery, run)?)
    }
}

/// Work that takes longer than a lease, so that only signs of life keep it from being done twice.
#[derive(Serialize, Deserialize)]
pub(crate) struct Slow {
    number: u64,
}

#[async_trait]
impl Job for Slow {
    const KIND: &'static str = "slow";
    const QUEUE: &'static str = QUEUE;
    type Output = Delivery;
    type State = Arc<Shop>;

    async fn run(self, shop: &Arc<Shop>, run: &mut Run) -> Result<Delivery, Failure> {
        let delivery = shop.begin(run)?;
        sleep(shop.lease * 3 / 2).await;
        Ok(shop.end(delivery, run)?)
    }
}

/// Work whose effects are there once: a row where the engine can commit one with a completion, and a job that follows.
#[derive(Serialize, Deserialize)]
pub(crate) struct Effect {
    number: u64,
}

#[async_trait]
impl Job for Effect {
    const KIND: &'static str = "effect";
    const QUEUE: &'static str = QUEUE;
    type Output = Delivery;
    type State = Arc<Shop>;

    async fn run(self, shop: &Arc<Shop>, run: &mut Run) -> Result<Delivery, Failure> {
        let delivery = shop.begin(run)?;
        sleep(MOMENT).await;
        // With an id of its own each time: if a second one were put for the same job, it would show.
        run.then::<After>(&After { job: run.id().to_string(), delivery: delivery.clone() })?;
        if let Some(effects) = shop.rows.effects(shop, run.id(), &delivery) {
            run.effects(effects)?;
        }
        Ok(shop.end(delivery, run)?)
    }
}

/// What follows an effect.
#[derive(Serialize, Deserialize)]
pub(crate) struct After {
    /// Whom it follows.
    job: String,
    /// Which of its deliveries.
    delivery: Delivery,
}

#[async_trait]
impl Job for After {
    const KIND: &'static str = "after";
    const QUEUE: &'static str = QUEUE;
    type Output = Delivery;
    type State = Arc<Shop>;

    async fn run(self, shop: &Arc<Shop>, run: &mut Run) -> Result<Delivery, Failure> {
        let delivery = shop.begin(run)?;
        Ok(shop.end(delivery, run)?)
    }
}

/// What a schedule puts for each of its instants.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fired {
    pub(crate) instant: String,
}

#[async_trait]
impl Job for Fired {
    const KIND: &'static str = "fired";
    const QUEUE: &'static str = QUEUE;
    type Output = Delivery;
    type State = Arc<Shop>;

    async fn run(self, shop: &Arc<Shop>, run: &mut Run) -> Result<Delivery, Failure> {
        let delivery = shop.begin(run)?;
        Ok(shop.end(delivery, run)?)
    }
}
