use std::time::Duration;

use actors::DeadReason;
use actors::prelude::*;
use actors::supervision::{ActorState, RestartConfig, StopReason};
use actors::system::End;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Beside, Boom, Desk, Hold, Later, Log, Quit, note};

mod anywhere;
mod poison;
mod restarts;
mod stops;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> ActorConfig {
    ActorConfig::named("desk")
}
