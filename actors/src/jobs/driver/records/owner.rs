use super::super::{Fence, JobId};

/// One life of one process; see [`enter`](super::super::JobDriver::enter).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// No other ever has the same.
    pub owner: String,
    /// What it is called in all its lives, if there are never two of them at the same time.
    pub instance: Option<String>,
    /// How many processes may die with a job before it is put aside; at least 1.
    pub poison: u32,
}

/// What an owner learns with a sign of life; see [`beat`](super::super::JobDriver::beat).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// All other owners, by name.
    pub others: Vec<Seen>,
    /// Which of its jobs are to stop.
    pub cancelled: Vec<(JobId, Fence)>,
    /// Who leads.
    pub leader: Option<Leadership>,
}

/// What can be seen of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub owner: String,
    /// What it is called in all its lives.
    pub instance: Option<String>,
    /// How many signs of life it gave. While this is the same, it gave none.
    pub beat: u64,
    /// How many jobs it runs.
    pub running: u64,
}

/// Who is there; see [`owners`](super::super::JobDriver::owners).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// All of them, by name.
    pub all: Vec<Seen>,
    /// Who leads.
    pub leader: Option<Leadership>,
}

/// What came of giving somebody up; see [`evict`](super::super::JobDriver::evict).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// It gave a sign of life.
    Alive,
    /// It is gone.
    Gone {
        /// How many jobs wait again, or were cancelled.
        handed_back: u64,
        /// How many were put aside.
        poisoned: u64,
    },
}

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leadership {
    /// Greater than that of every leader before.
    pub term: u64,
    /// The leader.
    pub owner: String,
}
