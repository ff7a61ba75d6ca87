use std::time::Duration;

use tokio::time::Instant;

/// How one call ended, as the window keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) failed: bool,
    pub(super) slow: bool,
}

/// What the window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) calls: usize,
    pub(super) failed: usize,
    pub(super) slow: usize,
}

impl Sums {
    fn add(&mut self, mark: Mark) {
        self.calls += 1;
        self.failed += usize::from(mark.failed);
        self.slow += usize::from(mark.slow);
    }

    fn subtract(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failed -= other.failed;
        self.slow -= other.slow;
    }
}

/// How far back calls count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Calls(usize),
    Time(Duration),
}

/// The calls that count, and their sums.
#[derive(Debug)]
pub(super) struct Window {
    kind: Kind,
    sums: Sums,
}

#[derive(Debug)]
enum Kind {
    /// The last calls, in a ring.
    Calls { ring: Box<[Mark]>, next: usize },
    /// The last stretch of time, in slices of equal length. A slice that was not used for a whole turn is stale.
    Time { slice: Duration, epoch: Instant, slices: Box<[(u64, Sums); SLICES]> },
}

const SLICES: usize = 10;

impl Window {
    pub(super) fn new(span: Span) -> Self {
        let kind = match span {
            Span::Calls(n) => Kind::Calls { ring: vec![Mark::default(); n].into_boxed_slice(), next: 0 },
            Span::Time(time) => Kind::Time {
                slice: time / SLICES as u32,
                epoch: Instant::now(),
                slices: Box::new([(0, Sums::default()); SLICES]),
            },
        };
        Self { kind, sums: Sums::default() }
    }

    /// Takes a call into account. `now` is asked for by time windows alone.
    pub(super) fn add(&mut self, mark: Mark, now: impl FnOnce() -> Instant) {
        match &mut self.kind {
            Kind::Calls { ring, next } => {
                if self.sums.calls == ring.len() {
                    let mut oldest = Sums::default();
                    oldest.add(ring[*next]);
                    self.sums.subtract(oldest);
                }
                ring[*next] = mark;
                *next = if *next + 1 == ring.len() { 0 } else { *next + 1 };
            }
            Kind::Time { .. } => {
                let at = self.forget(now());
                if let (Kind::Time { slices, .. }, Some(at)) = (&mut self.kind, at) {
                    slices[at].1.add(mark);
                }
            }
        }
        self.sums.add(mark);
    }

    /// The sums as of the last call.
    pub(super) fn sums_so_far(&self) -> Sums {
        self.sums
    }

    /// The sums, without what is too old by now.
    pub(super) fn sums(&mut self, now: impl FnOnce() -> Instant) -> Sums {
        if let Kind::Time { .. } = self.kind {
            self.forget(now());
        }
        self.sums
    }

    /// Drops stale slices; the place of the current one.
    fn forget(&mut self, now: Instant) -> Option<usize> {
        let Kind::Time { slice, epoch, slices } = &mut self.kind else { return None };
        let elapsed = now.saturating_duration_since(*epoch).as_nanos();
        let number = u64::try_from(elapsed / slice.as_nanos().max(1)).unwrap_or(u64::MAX);
        for (last, sums) in slices.iter_mut() {
            if *last + (SLICES as u64) <= number {
                self.sums.subtract(std::mem::take(sums));
            }
        }
        let at = usize::try_from(number % SLICES as u64).unwrap_or_default();
        if slices[at].0 != number {
            self.sums.subtract(std::mem::take(&mut slices[at].1));
            slices[at].0 = number;
        }
        Some(at)
    }

    pub(super) fn clear(&mut self) {
        self.sums = Sums::default();
        match &mut self.kind {
            Kind::Calls { next, .. } => *next = 0,
            Kind::Time { slices, .. } => **slices = [(0, Sums::default()); SLICES],
        }
    }
}
