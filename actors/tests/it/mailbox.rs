use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actors::mailbox::MailboxConfig;
use actors::prelude::*;
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Interrupt};
use patterns_core::testing::explore_cancellation;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Beside, Boom, Desk, Forget, Hold, Later, Log, note};

mod asks;
mod cut_off;
mod cycles;
mod law;
mod plain_actix;
mod responses;
mod room;
mod turns;
mod urgent;

const SECOND: Duration = Duration::from_secs(1);

fn small(places: usize) -> ActorConfig {
    ActorConfig::named("desk").capacity(Lane::Interactive, places).capacity(Lane::Batch, places)
}

/// An actor that handles nothing for an hour.
async fn held(system: &System, config: ActorConfig) -> Handle<Desk> {
    let desk = system.spawn(config, Desk::new);
    desk.lane(Lane::Control).tell(Hold(SECOND * 3600)).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    desk
}
