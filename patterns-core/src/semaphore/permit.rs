use std::fmt;
use std::sync::Arc;

use super::shared::Shared;
use super::state::Slot;

/// Permits that are held; given back when this is dropped, by whatever way.
///
/// However, a permit that is leaked ([`std::mem::forget`]) is held for ever. To take permits out of the
/// semaphore on purpose, [`resize`](super::Semaphore::resize) it.
#[must_use = "a permit that is dropped at once admits nobody for any time"]
pub struct Permit<'a> {
    shared: &'a Arc<Shared>,
    slot: Slot,
    n: usize,
}

impl<'a> Permit<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, slot: Slot, n: usize) -> Self {
        Self { shared, slot, n }
    }

    /// How many permits these are.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.shared.give_back(self.n, self.slot);
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("semaphore", &self.shared.name).field("n", &self.n).finish()
    }
}

/// A [`Permit`] that borrows nothing, to be moved into a task or stored.
#[must_use = "a permit that is dropped at once admits nobody for any time"]
pub struct OwnedPermit {
    shared: Arc<Shared>,
    slot: Slot,
    n: usize,
}

impl OwnedPermit {
    pub(super) fn new(shared: Arc<Shared>, slot: Slot, n: usize) -> Self {
        Self { shared, slot, n }
    }

    /// How many permits these are.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.shared.give_back(self.n, self.slot);
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").field("semaphore", &self.shared.name).field("n", &self.n).finish()
    }
}
