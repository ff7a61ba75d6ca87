use crate::context::TaskPath;

/// What a semaphore holds, who has it, and who waits, in one consistent snapshot.
///
/// `taken` is the sum of what the holders hold, and `free + taken + offered` is the limit, unless it was lowered
/// below what was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Its name.
    pub name: String,
    /// The most permits that are held at once.
    pub limit: usize,
    /// Permits that nobody holds and nobody was offered.
    pub free: usize,
    /// Permits that are held. More than `limit` only after it was lowered.
    pub taken: usize,
    /// Permits that were offered to waiters who have not come for them yet.
    pub offered: usize,
    /// Who holds permits, in no order. Those of holders outside of any context are one entry.
    pub holders: Vec<Holder>,
    /// Who waits: those with an offer first, then in the order in which they will get one.
    pub waiters: Vec<Waiter>,
    /// Offers that were ever revoked, as the waiter was not being polled.
    pub revoked: u64,
    /// Whether it is closed.
    pub closed: bool,
}

/// One who holds permits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The path of the task that acquired them; the root where it has none.
    pub path: TaskPath,
    /// How many.
    pub n: usize,
}

/// One who waits for permits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiter {
    /// The path of the task that waits; the root where it has none.
    pub path: TaskPath,
    /// How many it wants.
    pub n: usize,
    /// Whether they were offered to it and it has not been polled since.
    pub offered: bool,
}
