use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use patterns_core::context::interruptible;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep_until};

use super::JobsError;
use super::driver::Turns;
use super::plane::Plane;
use crate::system::after;

/// So far ahead turns are reserved at most, where several wait for them.
const AHEAD: Duration = Duration::from_millis(250);

/// So late a turn may be used, but not by more than a spacing; or by the tenth of one if that is more.
const LATE: Duration = Duration::from_millis(20);

/// An answer that took longer than this, and than the tenth of a spacing, is asked for anew: so often at most, as an engine
/// that is always slow would give no turn.
const SLOW: (Duration, u32) = (Duration::from_millis(100), 3);

/// So late in any case: timers are no more exact.
const TIMER: Duration = Duration::from_millis(2);

/// A rate that all processes on the same engine share: made by [`JobQueue::shared_rate`](super::JobQueue::shared_rate).
///
/// Each turn comes its spacing after the one before, wherever that was. Those who wait in one process for the same rate
/// stand in line, in the order in which they came, and only the first of them reserves turns: one, or as many of a fast
/// rate as are wanted and come within a quarter of a second, so that not each costs a question. A turn that nobody used
/// in time is lost: the rate may be less, and is never more. One may be used late by a tenth of its spacing, or 20 ms if
/// that is more, and an answer of the engine be on its way for as long, or 100 ms if that is more; so two turns may come
/// closer to each other by that.
///
/// A clone is the same, and so is another one of the same name in this process.
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
pub struct SharedRate {
    line: Arc<Line>,
    spacing: Duration,
}

/// Those in this process who wait for turns of one rate.
struct Line {
    plane: Arc<Plane>,
    name: String,
    /// Turns that are ours. Held by the first in line until his has come, so that nobody behind him reserves any.
    packet: Mutex<Option<Packet>>,
    waiting: AtomicU32,
    paused_until: watch::Sender<Option<Instant>>,
}

/// Turns that were reserved together, and not used yet.
struct Packet {
    next: Instant,
    left: u32,
    spacing: Duration,
}

/// The lines of a process, by the name of the rate: there is one for each, for as long as somebody has it.
#[derive(Default)]
pub(super) struct Lines(parking_lot::Mutex<HashMap<String, Weak<Line>>>);

impl Lines {
    fn line(&self, plane: &Arc<Plane>, name: String) -> Arc<Line> {
        let mut lines = self.0.lock();
        if let Some(line) = lines.get(&name).and_then(Weak::upgrade) {
            return line;
        }
        let line = Arc::new(Line {
            plane: Arc::clone(plane),
            name: name.clone(),
            packet: Mutex::new(None),
            waiting: AtomicU32::new(0),
            paused_until: watch::Sender::new(None),
        });
        lines.insert(name, Arc::downgrade(&line));
        line
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut lines = self.plane.lines.0.lock();
        // There may be another one by now.
        if lines.get(&self.name).is_some_and(|line| line.strong_count() == 0) {
            lines.remove(&self.name);
        }
    }
}

impl SharedRate {
    pub(super) fn new(plane: &Arc<Plane>, name: String, spacing: Duration) -> Self {
        Self { line: plane.lines.line(plane, name), spacing }
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
    /// Cancel safe: dropped, it loses its place in the line, and whoever comes next has the turn that it waited for. Only
    /// while the engine is asked turns may be lost.
    pub async fn acquire(&self) -> Result<(), JobsError> {
        let _waiting = Waiting::among(&self.line.waiting);
        interruptible(self.line.turn(self.spacing)).await.map_err(JobsError::Interrupted)?
    }

    /// Lets nobody have a turn for so long from now, wherever he is: a server said that it wants to be left alone.
    ///
    /// In this process that holds at once, whatever the engine says. Another process may use what it has reserved before.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    ///
    /// Dropped, it holds in this process, and may hold for others.
    pub async fn pause_for(&self, pause: Duration) -> Result<(), JobsError> {
        self.line.pause_until(after(Instant::now(), pause));
        let asked = self.line.ask(0, self.spacing, pause);
        interruptible(asked).await.map_err(JobsError::Interrupted)?.map(drop)
    }
}

impl Line {
    async fn turn(&self, spacing: Duration) -> Result<(), JobsError> {
        let mut pauses = self.paused_until.subscribe();
        let mut packet = self.packet.lock().await;
        loop {
            let paused_until = *pauses.borrow_and_update();
            let paused_until = paused_until.filter(|until| *until > Instant::now());
            let at = match paused_until {
                Some(until) => until,
                None => self.next(&mut packet, spacing).await?,
            };
            tokio::select! {
                biased;
                () = self.plane.closed() => return Err(JobsError::Closed),
                // The sender is ours. What was reserved before a pause counts if it comes after it.
                _ = pauses.changed() => {}
                () = sleep_until(at) => {
                    if paused_until.is_none() {
                        packet.iter_mut().for_each(Packet::use_one);
                        return Ok(());
                    }
                }
            }
        }
    }

    /// When the next turn comes that is ours; reserves some if there is none.
    async fn next(&self, packet: &mut Option<Packet>, spacing: Duration) -> Result<Instant, JobsError> {
        if let Some(turn) = packet.as_mut().filter(|packet| packet.spacing == spacing).and_then(Packet::first) {
            return Ok(turn);
        }
        *packet = None;
        let ahead = AHEAD.as_nanos() / spacing.as_nanos().max(1);
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX).max(1);
        let mut late = 0;
        loop {
            let left = self.waiting.load(Ordering::Relaxed).clamp(1, ahead);
            let asked = Instant::now();
            let wait = self.ask(left, spacing, Duration::ZERO).await?;
            // From when on that counts is not known better than this. Counted from long after it, as over a link that was
            // cut, they would come together with the turns that others have by then.
            if asked.elapsed() > (spacing / 10).max(SLOW.0) && late < SLOW.1 {
                late += 1;
                continue;
            }
            let next = after(Instant::now(), wait);
            *packet = Some(Packet { next, left, spacing });
            return Ok(next);
        }
    }

    fn pause_until(&self, until: Instant) {
        self.paused_until.send_if_modified(|now| {
            let is_later = now.is_none_or(|now| now < until);
            if is_later {
                *now = Some(until);
            }
            is_later
        });
    }

    async fn ask(&self, count: u32, spacing: Duration, pause: Duration) -> Result<Duration, JobsError> {
        self.plane.check_open()?;
        let turns = Turns { name: self.name.clone(), count, spacing, pause };
        Ok(self.plane.ask(self.plane.driver.turns(&turns)).await?)
    }
}

impl Packet {
    /// The first turn that is not so long over that it may fall together with somebody else's.
    fn first(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let late = (self.spacing / 10).max(LATE.min(self.spacing.max(TIMER)));
        while self.left > 0 && after(self.next, late) < now {
            self.use_one();
        }
        (self.left > 0).then_some(self.next)
    }

    fn use_one(&mut self) {
        self.next = after(self.next, self.spacing);
        self.left = self.left.saturating_sub(1);
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
            .field("name", &self.line.name)
            .field("spacing", &self.spacing)
            .finish_non_exhaustive()
    }
}
