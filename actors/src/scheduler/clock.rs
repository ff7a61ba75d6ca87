//! The two clocks of a scheduler: tokio's, which only goes forward, and the one on the wall, which people set.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::time::Instant;

/// What time of day it is. The default is [`SystemClock`]; tests bring a [`VirtualClock`].
///
/// It may jump, in both directions; the [module](super) says what that does. It is read often, so it must
/// be quick. A panic in it is reported, and the system's clock is read instead.
pub trait WallClock: fmt::Debug + Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A wall clock that goes with tokio's, from a time of day that is given, and can be set.
///
/// On tokio's paused clock a year of cron schedules takes moments. A clone is the same clock.
///
/// # Examples
///
/// ```
/// use actors::scheduler::{VirtualClock, WallClock};
/// use jiff::{SignedDuration, Timestamp};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let clock = VirtualClock::starting_at("2026-03-29T00:59:58Z".parse()?);
/// tokio::time::sleep(Duration::from_secs(2)).await;
/// assert_eq!(clock.now(), "2026-03-29T01:00:00Z".parse::<Timestamp>()?);
/// clock.step(SignedDuration::from_hours(-1));
/// assert_eq!(clock.now(), "2026-03-29T00:00:00Z".parse::<Timestamp>()?);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<Mutex<Now>>);

impl VirtualClock {
    /// A clock that reads `wall` now.
    #[must_use]
    pub fn starting_at(wall: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Now { instant: Instant::now(), wall })))
    }

    /// Has it read `wall` now.
    pub fn set(&self, wall: Timestamp) {
        *self.0.lock() = Now { instant: Instant::now(), wall };
    }

    /// Sets it forwards or backwards. It stops at the ends of what a [`Timestamp`] can hold.
    pub fn step(&self, by: SignedDuration) {
        let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
        self.set(self.now().checked_add(by).unwrap_or(end));
    }
}

impl WallClock for VirtualClock {
    fn now(&self) -> Timestamp {
        let set = *self.0.lock();
        set.wall_at(Instant::now())
    }
}

/// One moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) instant: Instant,
    pub(super) wall: Timestamp,
}

impl Now {
    /// What the wall clock reads at `instant`, if nobody sets it in between.
    pub(super) fn wall_at(&self, instant: Instant) -> Timestamp {
        later(self.wall, instant.saturating_duration_since(self.instant)).unwrap_or(Timestamp::MAX)
    }

    /// When the wall clock reads `wall`, if nobody sets it in between. `None` if tokio's clock cannot count so far;
    /// what is too long ago for it is this moment.
    pub(super) fn instant_at(&self, wall: Timestamp) -> Option<Instant> {
        if wall >= self.wall {
            self.instant.checked_add(span(self.wall, wall))
        } else {
            Some(self.instant.checked_sub(span(wall, self.wall)).unwrap_or(self.instant))
        }
    }
}

/// Which clock the instants of a schedule go by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Timeline {
    /// Tokio's. Its instants are named by what the wall clock read in the beginning, whatever that is set to later.
    Monotonic(Now),
    /// The wall clock, as it is.
    Wall,
}

impl Timeline {
    /// What time it is there.
    pub(super) fn now(&self, now: Now) -> Timestamp {
        match self {
            Self::Monotonic(start) => start.wall_at(now.instant),
            Self::Wall => now.wall,
        }
    }

    /// When that is on tokio's clock, as far as one can know.
    pub(super) fn instant(&self, at: Timestamp, now: Now) -> Option<Instant> {
        match self {
            Self::Monotonic(start) => start.instant_at(at),
            Self::Wall => now.instant_at(at),
        }
    }
}

/// So much later; `None` where that is beyond the year 9999.
pub(super) fn later(at: Timestamp, by: Duration) -> Option<Timestamp> {
    at.checked_add(by).ok()
}

/// From one to the other; nothing where the other is earlier.
pub(super) fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
