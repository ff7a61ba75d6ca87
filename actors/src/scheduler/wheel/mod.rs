//! Timers by the million: put in and taken out in constant time, at any distance.
//!
//! This is the hashed, hierarchical timing wheel of Varghese and Lauck ([SOSP 1987], scheme 7), with eleven levels
//! of 64 slots. A timer lies at the level of the highest group of six bits in which its instant differs from
//! the present, so eleven levels reach every instant that a `u64` can name, and no timer is moved more than ten times.
//!
//! [SOSP 1987]: https://doi.org/10.1145/41457.37504
mod nodes;

pub use nodes::Key;
use nodes::{List, Nodes};

/// Bits of an instant that choose a slot.
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
/// As many as cover all 64 bits.
const LEVELS: usize = 64_usize.div_ceil(BITS as usize);

/// Timers with values, and no clock: instants are numbers, in whatever unit the caller counts.
///
/// A timer is never early, timers fire in the order of their instants, and those of the same instant in the order in
/// which they were put in. Putting in and cancelling take constant time; a timer that is 8 bytes of value takes
/// at most 67 bytes of memory.
///
/// However, that memory is kept for later timers until the wheel is dropped, and [`next_due`](Self::next_due) tells
/// when to look, not when something is due.
///
/// # Comparison to `tokio_util::time::DelayQueue`
///
/// 1. No deadline is too far, where that one panics beyond 2.2 years.
/// 2. A key that is no longer good is answered with `None`, where that one panics.
/// 3. It is plain state: whoever owns it brings the clock and the waiting.
/// 4. Timers of the same instant keep their order.
///
/// # Examples
///
/// ```
/// use actors::scheduler::wheel::TimerWheel;
///
/// let mut wheel = TimerWheel::new();
/// let tea = wheel.insert(180, "tea");
/// wheel.insert(60, "egg");
/// wheel.insert(315_360_000, "in ten years");
/// assert_eq!(wheel.cancel(tea), Some("tea"));
/// assert_eq!(wheel.cancel(tea), None);
///
/// let mut fired = Vec::new();
/// wheel.expire(59, |what| fired.push(what));
/// assert!(fired.is_empty());
/// wheel.expire(1_000, |what| fired.push(what));
/// assert_eq!((fired, wheel.len()), (vec!["egg"], 1));
/// ```
#[derive(Debug)]
pub struct TimerWheel<T> {
    nodes: Nodes<T>,
    levels: Vec<Level>,
    /// Timers whose instant has been reached.
    ready: List,
    /// Every timer in `levels` is due after this, at the level of the highest group of bits in which it differs.
    now: u64,
    len: usize,
}

#[derive(Clone, Debug)]
struct Level {
    /// One bit per slot with timers in it.
    occupied: u64,
    slots: [List; SLOTS],
}

impl<T> TimerWheel<T> {
    /// A wheel at instant 0, without timers.
    #[must_use]
    pub fn new() -> Self {
        let level = Level { occupied: 0, slots: [List::EMPTY; SLOTS] };
        Self { nodes: Nodes::new(), levels: vec![level; LEVELS], ready: List::EMPTY, now: 0, len: 0 }
    }

    /// Puts in a timer. One whose instant has been reached fires next time somebody looks.
    ///
    /// # Panics
    ///
    /// With more than 4,294,967,294 timers.
    pub fn insert(&mut self, due: u64, value: T) -> Key {
        let key = self.nodes.add(due, value);
        self.link(key.index);
        self.len += 1;
        key
    }

    /// Takes a timer out; `None` if it has fired or was cancelled.
    pub fn cancel(&mut self, key: Key) -> Option<T> {
        let (index, due) = self.nodes.find(key)?;
        if due <= self.now {
            self.nodes.unlink(&mut self.ready, index);
        } else {
            let (level, slot) = place(self.now, due);
            let level = &mut self.levels[level];
            self.nodes.unlink(&mut level.slots[slot], index);
            if level.slots[slot].is_empty() {
                level.occupied &= !(1 << slot);
            }
        }
        self.len -= 1;
        self.nodes.take(index)
    }

    /// Fires one timer that is due by `now`, the earliest.
    pub fn pop(&mut self, now: u64) -> Option<T> {
        loop {
            if let Some(index) = self.nodes.pop_front(&mut self.ready) {
                self.len -= 1;
                return self.nodes.take(index);
            }
            let Some((level, slot, start)) = self.first().filter(|(_, _, start)| *start <= now) else {
                self.now = self.now.max(now);
                return None;
            };
            self.now = start;
            let list = self.clear(level, slot);
            self.relink(list);
        }
    }

    /// Fires every timer that is due by `now`.
    ///
    /// If `fire` panics, that timer has fired and those that follow are still there.
    pub fn expire(&mut self, now: u64, mut fire: impl FnMut(T)) {
        while let Some(value) = self.pop(now) {
            fire(value);
        }
    }

    /// When to look next: nothing is due before. What is far away is looked at a few times on the way, and
    /// nothing may be due then. `None` without timers.
    #[must_use]
    pub fn next_due(&self) -> Option<u64> {
        if self.ready.is_empty() { self.first().map(|(_, _, start)| start) } else { Some(self.now) }
    }

    /// Sets the wheel's present back to `now`, for clocks that can be set: what had been due already, and has not
    /// fired, is due when its instant comes again. Takes time in proportion to the timers; a present that is not later
    /// than `now` stays as it is.
    pub fn rewind(&mut self, now: u64) {
        if now >= self.now {
            return;
        }
        let ready = std::mem::replace(&mut self.ready, List::EMPTY);
        let mut lists = vec![ready];
        for level in 0..LEVELS {
            while self.levels[level].occupied != 0 {
                let slot = self.levels[level].occupied.trailing_zeros() as usize;
                lists.push(self.clear(level, slot));
            }
        }
        self.now = now;
        lists.into_iter().for_each(|list| self.relink(list));
    }

    /// How many timers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The latest instant that was looked at.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Every timer with its instant, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.nodes.iter()
    }

    /// What its tables take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.nodes.bytes() + self.levels.capacity() * size_of::<Level>()
    }

    /// The first slot with timers in it, and the first instant that belongs to it.
    fn first(&self) -> Option<(usize, usize, u64)> {
        let (level, found) = self.levels.iter().enumerate().find(|(_, level)| level.occupied != 0)?;
        let slot = found.occupied.trailing_zeros();
        let shift = BITS * level as u32;
        // What is above this level is the same for all of its slots.
        let above = self.now.checked_shr(shift + BITS).map_or(0, |above| above << (shift + BITS));
        Some((level, slot as usize, above | (u64::from(slot) << shift)))
    }

    fn clear(&mut self, level: usize, slot: usize) -> List {
        let level = &mut self.levels[level];
        level.occupied &= !(1 << slot);
        std::mem::replace(&mut level.slots[slot], List::EMPTY)
    }

    fn relink(&mut self, mut list: List) {
        while let Some(index) = self.nodes.pop_front(&mut list) {
            self.link(index);
        }
    }

    fn link(&mut self, index: u32) {
        let due = self.nodes.due(index);
        if due <= self.now {
            self.nodes.push_back(&mut self.ready, index);
        } else {
            let (level, slot) = place(self.now, due);
            let level = &mut self.levels[level];
            level.occupied |= 1 << slot;
            self.nodes.push_back(&mut level.slots[slot], index);
        }
    }
}

impl<T> Default for TimerWheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Level and slot of an instant that is later than `now`.
fn place(now: u64, due: u64) -> (usize, usize) {
    let highest = (now ^ due).ilog2();
    let level = highest / BITS;
    let slot = (due >> (BITS * level)) % SLOTS as u64;
    (level as usize, slot as usize)
}
