use std::sync::Arc;

use patterns_core::cancel::CancelToken;
use tokio::time::Instant;

use super::super::stop::StopSign;
use super::super::{Retries, Stop};
use super::Chores;

/// A job that was taken.
pub(in crate::jobs) struct Held {
    pub(super) kind: String,
    pub(super) key: Option<String>,
    pub(super) attempt: u32,
    /// Others went away with it, so there is to be no other of that kind beside it.
    pub(super) suspect: bool,
    pub(super) retries: Retries,
    pub(super) since: Instant,
    pub(super) stage: Stage,
    pub(super) sign: Arc<StopSign>,
    pub(super) token: CancelToken,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jobs) enum Stage {
    /// It waits for a worker.
    Buffered,
    Running,
    /// It is over, and the engine is to be told.
    Answered,
}

impl Held {
    /// Asks it to stop, if that is news to it.
    pub(super) fn stop(&self, stop: Stop, chores: &mut Chores) {
        if self.stage != Stage::Answered && self.sign.set(stop) {
            chores.stops.push((self.token.clone(), stop.cause()));
        }
    }
}
