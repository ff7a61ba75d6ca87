//! Limits on top of the current context whose clock starts when somebody looks at them.
//!
//! A limit of time usually costs a look at the clock and a scope of its own, although most calls under one end
//! in their first poll, and nobody in them asks how much time is left. So a first poll runs [`under`] a
//! limit that is only noted. Whoever asks for the deadline, or for the [`Context`] to keep, starts its clock; if
//! the poll ends without a result, whoever set the limit does. What is never looked at costs no look.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{CURRENT, Context, Kind, far_future_or};

/// What is on top of one context.
#[derive(Clone, Copy)]
struct Limit {
    /// The context: code that enters another one has its deadline, or was meant to have none.
    on: Place,
    /// The shortest limit whose clock has not started.
    left: Duration,
    /// The earliest deadline of the others.
    until: Option<Instant>,
    /// When the clock of `left` was started; it is part of `until` since then.
    since: Option<Instant>,
}

/// The address of the current context; `None` without one.
type Place = Option<*const ()>;

thread_local! {
    static LIMIT: Cell<Option<Limit>> = const { Cell::new(None) };
}

impl Limit {
    fn measured(self, now: Instant) -> Self {
        if self.since.is_some() {
            return self;
        }
        let deadline = far_future_or(now.checked_add(self.left));
        Self { until: Some(self.until.map_or(deadline, |until| until.min(deadline))), since: Some(now), ..self }
    }
}

/// Runs `f`, which polls something for the first time, under a limit that counts from the first look at it.
///
/// Gives that instant too, if there was a look.
pub(crate) fn under<R>(limit: Duration, f: impl FnOnce() -> R) -> (R, Option<Instant>) {
    let on = place();
    let outer = LIMIT.get();
    let above = outer.filter(|outer| outer.on == on);
    let left = above.filter(|above| above.since.is_none()).map_or(limit, |above| above.left.min(limit));
    let restore = Restore(outer);
    LIMIT.set(Some(Limit { on, left, until: above.and_then(|above| above.until), since: None }));
    let result = f();
    let since = LIMIT.get().and_then(|limit| limit.since);
    drop(restore);
    (result, since)
}

/// Puts the outer limit back. A look at the inner one was a look at both.
struct Restore(Option<Limit>);

impl Drop for Restore {
    fn drop(&mut self) {
        let since = LIMIT.get().and_then(|limit| limit.since);
        LIMIT.set(self.0.map(|outer| since.map_or(outer, |since| outer.measured(since))));
    }
}

/// The deadline of the limits on top of the current context; starts their clock.
pub(super) fn deadline() -> Option<Instant> {
    let limit = LIMIT.get().filter(|limit| limit.on == place())?;
    let limit = if limit.since.is_some() { limit } else { limit.measured(Instant::now()) };
    LIMIT.set(Some(limit));
    limit.until
}

/// The deadline of those limits whose clock runs.
pub(super) fn known_deadline() -> Option<Instant> {
    LIMIT.get().filter(|limit| limit.on == place())?.until
}

fn place() -> Place {
    let address = |context: &Context| match &context.0 {
        Kind::Scope(scope) => Arc::as_ptr(scope).cast::<()>(),
        Kind::Task(task) => Arc::as_ptr(task).cast::<()>(),
    };
    CURRENT.try_with(address).ok()
}
