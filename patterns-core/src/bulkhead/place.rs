use std::sync::atomic::{AtomicUsize, Ordering};

use crate::semaphore::Permit;

/// A place inside of a [`Bulkhead`](super::Bulkhead), until this is dropped.
#[derive(Debug)]
#[must_use = "a place that is dropped at once keeps nobody out"]
pub struct Place<'a>(#[allow(dead_code, reason = "held, not looked at")] Permit<'a>);

impl<'a> Place<'a> {
    pub(super) fn new(permit: Permit<'a>) -> Self {
        Self(permit)
    }
}

/// A place in the line, until this is dropped.
pub(super) struct InLine<'a>(&'a AtomicUsize);

impl<'a> InLine<'a> {
    /// `None` where the line is full.
    pub(super) fn join(waiting: &'a AtomicUsize, max: usize) -> Option<Self> {
        let join = |waiting| (waiting < max).then_some(waiting + 1);
        waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, join).ok()?;
        Some(Self(waiting))
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
