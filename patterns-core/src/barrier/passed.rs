use std::borrow::Cow;

/// That a party was let go, together with all others of its generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    pub(super) generation: u64,
    pub(super) leader: bool,
}

impl Passed {
    /// Whether this is the leader: exactly one of each generation, the party that came last.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.leader
    }

    /// Which generation it was; the first is 0.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

/// Who is at a barrier, in one consistent snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// How many parties a generation has.
    pub parties: usize,
    /// How many are there and wait for the others; always fewer than `parties`.
    pub arrived: usize,
    /// How many generations there were before this one: let go, or broken and mended.
    pub generation: u64,
    /// Why it is broken, if it is.
    pub broken: Option<Cow<'static, str>>,
}
