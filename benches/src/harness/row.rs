/// One question, and who answers it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) target: Target,
    pub(crate) entries: Vec<Entry>,
}

/// One answer: a repetition returns its cost in the row's unit.
pub(crate) struct Entry {
    pub(crate) implementation: &'static str,
    pub(crate) kind: Kind,
    pub(crate) repeat: Box<dyn FnMut() -> f64>,
}

/// What an implementation is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    /// Gives the same guarantee, or fewer.
    Peer,
    /// Gives so much less that it only shows what is left to gain.
    Limit,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
            Self::Limit => "limit",
        }
    }
}

/// What our median has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// At most this many times the median of the fastest peer.
    Ratio(f64),
    /// At most this much, in the row's unit.
    Absolute(f64),
}

/// Whether a target was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Missed,
}

/// A row that can't be measured here, and why.
pub(crate) struct Skipped(pub(crate) String);

impl Row {
    pub(crate) fn new(name: &'static str, unit: &'static str, target: Target) -> Self {
        Self { name, unit, target, entries: Vec::new() }
    }

    pub(crate) fn ours(self, implementation: &'static str, repeat: impl FnMut() -> f64 + 'static) -> Self {
        self.with(implementation, Kind::Ours, repeat)
    }

    pub(crate) fn peer(self, implementation: &'static str, repeat: impl FnMut() -> f64 + 'static) -> Self {
        self.with(implementation, Kind::Peer, repeat)
    }

    pub(crate) fn limit(self, implementation: &'static str, repeat: impl FnMut() -> f64 + 'static) -> Self {
        self.with(implementation, Kind::Limit, repeat)
    }

    fn with(mut self, implementation: &'static str, kind: Kind, repeat: impl FnMut() -> f64 + 'static) -> Self {
        self.entries.push(Entry { implementation, kind, repeat: Box::new(repeat) });
        self
    }
}
