//! Keeping a user's panics where they belong.

use std::panic::{AssertUnwindSafe, catch_unwind};

use patterns_core::outcome::{Panic, catch_panic};

/// Runs what belongs to a user; not even a panic whose payload panics when it is dropped gets out.
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    catch_unwind(AssertUnwindSafe(|| catch_panic(f))).unwrap_or_else(|payload| {
        std::mem::forget(payload);
        Err(Panic::from_payload(Box::new("(its message panicked when it was dropped)")))
    })
}

/// Drops what belongs to a user. A panic in its destructor is nobody's but the job's.
pub(crate) fn drop_quietly<T>(value: T) {
    drop(contain(|| drop(value)));
}
