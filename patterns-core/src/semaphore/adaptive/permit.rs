use tokio::time::Instant;

use super::AdaptiveLimit;
use crate::semaphore::Permit;

/// Admission of one call by an [`AdaptiveLimit`]: say how it went.
///
/// Dropped without a word, because the call was cancelled for example, it teaches the limit nothing: a caller
/// that gives up is no sign of overload.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once admits nobody for any time"]
pub struct AdaptivePermit<'a> {
    limit: &'a AdaptiveLimit,
    permit: Permit<'a>,
    began: Instant,
    in_flight: usize,
    round: u64,
}

impl<'a> AdaptivePermit<'a> {
    pub(super) fn new(limit: &'a AdaptiveLimit, permit: Permit<'a>, in_flight: usize, round: u64) -> Self {
        Self { limit, permit, began: Instant::now(), in_flight, round }
    }

    /// The call was served.
    pub fn served(self) {
        self.end(false);
    }

    /// The call failed as calls do under too much load: it timed out, or was refused for want of capacity.
    pub fn overloaded(self) {
        self.end(true);
    }

    fn end(self, overloaded: bool) {
        let took = Instant::now().saturating_duration_since(self.began);
        self.limit.learn(took, overloaded, self.in_flight, self.round);
        drop(self.permit);
    }
}
