//! Keeping the destructors of what belongs to a user from doing harm.

use patterns_core::outcome::catch_panic;

/// Drops what belongs to a user. A panic in its destructor harms nobody else.
pub(crate) fn drop_quietly<T>(value: T) {
    drop(catch_panic(|| drop(value)));
}
