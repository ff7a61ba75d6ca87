use std::sync::atomic::Ordering::{AcqRel, Acquire};

use super::sync::AtomicU64;

/// Acknowledged jobs, counted outside of the lock, as that is how nearly every job ends.
///
/// On a cache line of its own: whoever acknowledges doesn't disturb those who put and get.
///
/// # Invariants
///
/// While somebody waits for the end of the work, it is *watched*, and acknowledging takes the lock, so that no end is
/// missed. The count and that mark are one number: whoever counts learns in the same step whether it is watched, and
/// whoever marks it learns the count.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Acks(AtomicU64);

const WATCHED: u64 = 1;
const ONE: u64 = 2;

impl Acks {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Acquire) / ONE
    }

    /// Counts one more; whether it is watched.
    #[inline]
    pub(super) fn add(&self) -> bool {
        self.0.fetch_add(ONE, AcqRel) & WATCHED == WATCHED
    }

    #[inline]
    pub(super) fn is_watched(&self) -> bool {
        self.0.load(Acquire) & WATCHED == WATCHED
    }

    pub(super) fn set_watched(&self, watched: bool) {
        if watched {
            self.0.fetch_or(WATCHED, AcqRel);
        } else {
            self.0.fetch_and(!WATCHED, AcqRel);
        }
    }
}
