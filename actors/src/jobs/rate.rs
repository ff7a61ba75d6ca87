use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use patterns_core::context::{self, interruptible};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::JobsError;
use super::driver::Turns;
use super::plane::Plane;

/// So far ahead turns are reserved at most, where several wait for them.
const AHEAD: Duration = Duration::from_millis(250);

/// A rate that all processes on the same engine share: made by [`JobQueue::shared_rate`](super::JobQueue::shared_rate).
///
/// Each turn comes its spacing after the one before, wherever that was. Those who wait in one process reserve turns
/// together, for a quarter of a second at most, so that a fast rate does not cost a question each. A turn that nobody
/// used in time is lost: the rate may be less, and is never more.
///
/// A clone is the same.
///
/// # Examples
///
/// ```
/// # use actors::System;
/// # use actors::jobs::JobQueue;
/// # use actors::jobs::driver::MemoryDriver;
/// use std::time::Duration;
/// # use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// # let clock = actors::scheduler::VirtualClock::starting_at("2026-05-01T00:00:00Z".parse()?);
/// # let driver = MemoryDriver::with_clock(clock);
/// # let system = System::start()?;
/// let (one, other) = (JobQueue::builder(driver.clone()), JobQueue::builder(driver));
/// let (one, other) = (one.name("one").start(&system).await?, other.name("other").start(&system).await?);
/// let spacing = Duration::from_millis(100);
/// let (one, other) = (one.shared_rate("example.org", spacing), other.shared_rate("example.org", spacing));
///
/// let start = Instant::now();
/// for _ in 0..5 {
///     one.acquire().await?;
///     other.acquire().await?;
/// }
/// assert!(start.elapsed() >= spacing * 9);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SharedRate(Arc<Inner>);

struct Inner {
    plane: Arc<Plane>,
    name: String,
    spacing: Duration,
    /// Turns that are ours. Held by whoever reserves more.
    packet: Mutex<Packet>,
    waiting: AtomicU32,
}

#[derive(Default)]
struct Packet {
    next: Option<Instant>,
    left: u32,
}

impl SharedRate {
    pub(super) fn new(plane: &Arc<Plane>, name: String, spacing: Duration) -> Self {
        let (packet, waiting) = (Mutex::default(), AtomicU32::new(0));
        Self(Arc::new(Inner { plane: Arc::clone(plane), name, spacing, packet, waiting }))
    }

    /// Waits for a turn.
    ///
    /// # Errors
    ///
    /// - [`JobsError::Driver`]: the engine failed; it is not asked again.
    /// - [`JobsError::Interrupted`]: the ambient token was cancelled, or the ambient deadline passed.
    /// - [`JobsError::Closed`]: the queue is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropped, its turn may be lost.
    pub async fn acquire(&self) -> Result<(), JobsError> {
        let turn = {
            let _waiting = Waiting::among(&self.0.waiting);
            interruptible(self.turn()).await.map_err(JobsError::Interrupted)??
        };
        context::sleep(turn.saturating_duration_since(Instant::now())).await.map_err(JobsError::Interrupted)
    }

    async fn turn(&self) -> Result<Instant, JobsError> {
        let Inner { spacing, waiting, packet, .. } = &*self.0;
        let mut packet = packet.lock().await;
        loop {
            if let Some(turn) = packet.next.filter(|_| packet.left > 0) {
                packet.next = Some(crate::system::after(turn, *spacing));
                packet.left -= 1;
                // One that is long over may fall together with somebody else's.
                if crate::system::after(turn, *spacing) >= Instant::now() {
                    return Ok(turn);
                }
                continue;
            }
            let ahead = AHEAD.as_nanos() / spacing.as_nanos().max(1);
            let ahead = u32::try_from(ahead).unwrap_or(u32::MAX).max(1);
            let count = waiting.load(Ordering::Relaxed).clamp(1, ahead);
            let wait = self.ask(count, Duration::ZERO).await?;
            (packet.next, packet.left) = (Some(crate::system::after(Instant::now(), wait)), count);
        }
    }

    /// Lets nobody have a turn for so long from now, wherever he is: a server said that it wants to be left alone.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have been done.
    pub async fn pause_for(&self, pause: Duration) -> Result<(), JobsError> {
        let pausing = async {
            let mut packet = self.0.packet.lock().await;
            packet.left = 0;
            self.ask(0, pause).await
        };
        interruptible(pausing).await.map_err(JobsError::Interrupted)?.map(drop)
    }

    async fn ask(&self, count: u32, pause: Duration) -> Result<Duration, JobsError> {
        let Inner { plane, name, spacing, .. } = &*self.0;
        plane.check_open()?;
        let turns = Turns { name: name.clone(), count, spacing: *spacing, pause };
        Ok(plane.ask(plane.driver.turns(&turns)).await?)
    }
}

/// One of those who wait for a turn.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn among(all: &'a AtomicU32) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Self(all)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for SharedRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRate")
            .field("name", &self.0.name)
            .field("spacing", &self.0.spacing)
            .finish_non_exhaustive()
    }
}
