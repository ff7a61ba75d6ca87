use std::sync::Arc;
use std::time::Duration;

use actors::prelude::*;
use actors::supervision::StopReason;
use actors::system::{End, SystemConfig};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use crate::desk::{Add, Beside, Boom, Desk, Hold, Later, Log, note};

mod gone;
mod inspection;
mod meters;
mod places;
mod shutdown;

const SECOND: Duration = Duration::from_secs(1);

fn config(name: &str) -> ActorConfig {
    ActorConfig::named(name)
}
