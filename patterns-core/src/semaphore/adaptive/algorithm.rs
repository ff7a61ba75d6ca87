use std::time::Duration;

use crate::semaphore::BuildError;

/// How an [`AdaptiveLimit`](super::AdaptiveLimit) finds its limit.
///
/// Either only raises the limit while at least half of it is in use: a limit that nobody presses against says
/// nothing about what the other side can bear.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// Additive increase, multiplicative decrease: one more for each `limit` successes (so one per round of calls),
    /// and times `decrease` on overload, once per round: calls that began before a decrease don't cause another.
    ///
    /// Source: V. Jacobson, "Congestion Avoidance and Control", SIGCOMM 1988.
    Aimd {
        /// What the limit is multiplied with on overload: more than 0, less than 1.
        decrease: f64,
        /// A call that takes longer than this counts as overload too, if set.
        slow_after: Option<Duration>,
    },
    /// Follows the ratio of the usual latency to the latest: the limit shrinks as calls begin to queue on the other
    /// side, before anything fails. Overload halves it, once per round.
    ///
    /// The usual latency follows quicker calls at once and slower ones over about a thousand rounds: where it
    /// followed both alike, a queue that lasts would become the usual.
    ///
    /// Source: the `Gradient2` limit of Netflix's concurrency-limits, with another average.
    Gradient {
        /// How much slower than usual a call may be before the limit shrinks: at least 1.
        tolerance: f64,
        /// How much of a new limit is taken over in a round of calls: more than 0, at most 1.
        smoothing: f64,
        /// How many calls may queue on the other side: what the limit grows by.
        queue: u32,
    },
}

impl Algorithm {
    /// [`Aimd`](Self::Aimd) with a decrease of 0.9 and no latency that counts as overload.
    #[must_use]
    pub const fn aimd() -> Self {
        Self::Aimd { decrease: 0.9, slow_after: None }
    }

    /// [`Gradient`](Self::Gradient) with a tolerance of 1.5, a smoothing of 0.2 and a queue of 4.
    #[must_use]
    pub const fn gradient() -> Self {
        Self::Gradient { tolerance: 1.5, smoothing: 0.2, queue: 4 }
    }

    pub(super) fn check(&self) -> Result<(), BuildError> {
        let check = |ok: bool, name, value: f64, expected| {
            if ok { Ok(()) } else { Err(BuildError::OutOfRange { name, value: value.to_string(), expected }) }
        };
        match *self {
            Self::Aimd { decrease, .. } => {
                check(decrease > 0.0 && decrease < 1.0, "decrease", decrease, "more than 0 and less than 1")
            }
            Self::Gradient { tolerance, smoothing, .. } => {
                check(tolerance >= 1.0 && tolerance.is_finite(), "tolerance", tolerance, "a number of at least 1")?;
                check(smoothing > 0.0 && smoothing <= 1.0, "smoothing", smoothing, "more than 0 and at most 1")
            }
        }
    }
}

/// One call that has ended.
pub(super) struct Sample {
    pub(super) took: Duration,
    pub(super) overloaded: bool,
    /// Whether it began after the last cut.
    pub(super) this_round: bool,
    /// How many were in flight when it began, itself included.
    pub(super) in_flight: usize,
}

/// What an algorithm remembers.
#[derive(Debug)]
pub(super) struct Estimate {
    algorithm: Algorithm,
    min: f64,
    max: f64,
    limit: f64,
    /// The usual latency in seconds, once there was a call.
    usual: Option<f64>,
}

/// How many quicker calls, and how many rounds of slower ones, it takes to make them the usual.
const DOWN: f64 = 10.0;
const UP: f64 = 1_000.0;

impl Estimate {
    pub(super) fn new(algorithm: Algorithm, min: usize, initial: usize, max: usize) -> Self {
        Self { algorithm, min: min as f64, max: max as f64, limit: initial as f64, usual: None }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between min and max, which were usize")]
    pub(super) fn limit(&self) -> usize {
        self.limit as usize
    }

    pub(super) fn usual(&self) -> Option<Duration> {
        self.usual.map(Duration::from_secs_f64)
    }

    /// Takes a call into account; whether overload cut the limit.
    pub(super) fn learn(&mut self, sample: &Sample) -> bool {
        let before = self.limit;
        let pressed = 2 * sample.in_flight >= self.limit();
        let (overloaded, cut_to) = match self.algorithm {
            Algorithm::Aimd { decrease, slow_after } => {
                (sample.overloaded || slow_after.is_some_and(|slow| sample.took > slow), before * decrease)
            }
            Algorithm::Gradient { .. } => (sample.overloaded, before / 2.0),
        };
        let cut = overloaded && sample.this_round;
        let new = match self.algorithm {
            _ if cut => cut_to,
            _ if overloaded => before,
            Algorithm::Aimd { .. } => before + if pressed { 1.0 / before } else { 0.0 },
            Algorithm::Gradient { tolerance, smoothing, queue } => {
                let ratio = self.ratio(sample.took);
                let aim = before * (tolerance * ratio).clamp(0.5, 1.0) + f64::from(queue);
                // Over a round of calls, of which each knows the same.
                if pressed { before + (aim - before) * smoothing / before } else { before }
            }
        };
        self.limit = new.clamp(self.min, self.max);
        cut
    }

    /// The usual latency over this one, which it learns.
    fn ratio(&mut self, took: Duration) -> f64 {
        // Nothing is faster than the clock can tell.
        let took = took.as_secs_f64().max(1e-9);
        let usual = self.usual.get_or_insert(took);
        *usual += (took - *usual) / if took < *usual { DOWN } else { UP * self.limit };
        *usual / took
    }
}
