use std::fmt;

use tokio::time::Instant;

use super::core::{Core, End};

/// A call that was let through, until it has ended: say how. Made by
/// [`CircuitBreaker::try_enter`](super::CircuitBreaker::try_enter).
///
/// Dropped without a word, by `?`, a panic or a cancellation, it counts as [`OnCancel`](super::OnCancel) says; if it
/// was a probe, it gives its place back.
#[must_use = "a call that is dropped at once says nothing about the other side"]
pub struct Call<'a> {
    core: &'a Core,
    period: u64,
    /// `None` where nobody cares how long it takes.
    began: Option<Instant>,
    end: End,
}

impl<'a> Call<'a> {
    #[inline]
    pub(super) fn new(core: &'a Core, period: u64) -> Self {
        Self { core, period, began: core.config.slow.map(|_| Instant::now()), end: End::Dropped }
    }

    /// It succeeded.
    #[inline]
    pub fn success(mut self) {
        self.end = End::Ok;
    }

    /// It failed in a way that speaks against the other side.
    pub fn failure(mut self) {
        self.end = End::Failed;
    }

    /// It ended in a way that says nothing about the other side: the request was wrong, say.
    pub fn ignore(mut self) {
        self.end = End::Ignored;
    }
}

impl Drop for Call<'_> {
    #[inline]
    fn drop(&mut self) {
        let slow = self.core.config.slow.zip(self.began).is_some_and(|((limit, _), began)| {
            matches!(self.end, End::Ok | End::Failed) && Instant::now().saturating_duration_since(began) > limit
        });
        self.core.end(self.period, self.end, slow);
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("breaker", &self.core.config.name).finish_non_exhaustive()
    }
}
