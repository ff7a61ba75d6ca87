use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// Acknowledged jobs, counted outside of the lock, as that is how nearly every job ends.
///
/// On a cache line of its own: whoever acknowledges doesn't disturb those who put and get.
///
/// # Invariants
///
/// While somebody waits for the end of the work, `watched` is set, and acknowledging takes the lock, so that no end
/// is missed. Whoever counts looks at `watched` afterwards, whoever sets `watched` looks at the count
/// afterwards, all of it sequentially consistent: of two that meet, one sees the other.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Acks {
    count: AtomicU64,
    watched: AtomicBool,
}

impl Acks {
    pub(super) fn count(&self) -> u64 {
        self.count.load(SeqCst)
    }

    #[inline]
    pub(super) fn add(&self) {
        self.count.fetch_add(1, SeqCst);
    }

    #[inline]
    pub(super) fn is_watched(&self) -> bool {
        self.watched.load(SeqCst)
    }

    pub(super) fn set_watched(&self, watched: bool) {
        self.watched.store(watched, SeqCst);
    }
}
