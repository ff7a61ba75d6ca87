use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

const BUCKETS: usize = 40;
/// The first bucket is of waits below 2^10 ns, each next one of waits below twice as much.
const FIRST: u32 = 10;

/// Counts waits by the order of their size. It has one writer at a time.
#[derive(Debug)]
pub(crate) struct Waits([AtomicU64; BUCKETS]);

impl Default for Waits {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Waits {
    pub(super) fn note(&self, nanos: u64) {
        let bucket = (u64::BITS - (nanos >> FIRST).leading_zeros()) as usize;
        let count = &self.0[bucket.min(BUCKETS - 1)];
        count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> WaitHistogram {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed)).enumerate();
        let buckets = counts.filter(|(_, count)| *count > 0).map(|(n, count)| WaitBucket { below: below(n), count });
        WaitHistogram { buckets: buckets.collect() }
    }
}

fn below(bucket: usize) -> Duration {
    if bucket + 1 < BUCKETS { Duration::from_nanos(1 << (FIRST as usize + bucket)) } else { Duration::MAX }
}

/// How long messages waited in a mailbox, from the call that sent them until they were taken out.
///
/// The buckets double from 1.024 µs to three days, so a figure is right within a factor of two; they take 320 bytes
/// for each actor that was ever used. A wait is measured by the clock readings that there are anyway, at most eight
/// messages apart, so it is too short by at most the time that those took. An ask that nobody waits for any more counts
/// too, until it is thrown away.
///
/// # Examples
///
/// ```
/// # use actors::prelude::*;
/// # struct Idle;
/// # impl Actor for Idle { type Context = Context<Self>; }
/// # #[derive(Message)]
/// # #[rtype(result = "()")]
/// # struct Note;
/// # impl Handler<Note> for Idle { type Result = (); fn handle(&mut self, _: Note, _: &mut Context<Self>) {} }
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let idle = system.spawn(ActorConfig::named("idle"), || Idle);
/// assert_eq!(idle.status().waits.quantile(0.5), None, "nothing has waited yet");
/// idle.ask(Note).await?;
/// assert_eq!(idle.status().waits.count(), 1);
/// assert!(idle.status().waits.quantile(0.5) <= Some(Duration::from_micros(2)));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WaitHistogram {
    /// Those that have counted anything, shortest waits first.
    pub buckets: Vec<WaitBucket>,
}

/// One bucket of a [`WaitHistogram`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WaitBucket {
    /// The waits were shorter than this; and, but for the first bucket, not shorter than half of it. The last one,
    /// from three days on, has [`Duration::MAX`] here.
    #[serde(serialize_with = "patterns_core::settings::duration::serialize")]
    pub below: Duration,
    /// How many there were.
    pub count: u64,
}

impl WaitHistogram {
    /// How many waits were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }

    /// What the given part of all waits was shorter than (0.5 is half of them, 1.0 is all); `None` where there was
    /// none. Parts outside of 0 to 1 count as the nearer of the two.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let count = self.count();
        // Rounded up: the median of one wait is that wait.
        let rank = ((count as f64 * part.clamp(0.0, 1.0)).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0;
        for bucket in &self.buckets {
            seen += bucket.count;
            if seen >= rank {
                return Some(bucket.below);
            }
        }
        None
    }
}

impl fmt::Display for WaitHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.quantile(0.5), self.quantile(0.99), self.quantile(1.0)) {
            (Some(half), Some(most), Some(all)) => {
                write!(f, "waits: half < {half:?}, 99 % < {most:?}, all < {all:?}")
            }
            _ => f.write_str("no waits yet"),
        }
    }
}
