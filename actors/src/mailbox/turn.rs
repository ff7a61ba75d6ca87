use std::cell::Cell;

use tokio::time::Instant;

use super::Hub;

/// The most messages between two looks at the clock.
const LONGEST_GAP: u8 = 8;

/// What an actor may do before others get to run: so many messages, and so much time.
///
/// The clock is read at the first message, and again after one, two, four and then every eight messages. Where those
/// took more than a quarter of the turn's time, it is read after every single one: so a turn of slow messages is too
/// long by one message at most, and a turn of quick ones costs a fraction of a reading each. Asks read the clock
/// themselves, so theirs is used.
#[derive(Debug)]
pub(super) struct Turn {
    /// How many messages are left.
    left: Cell<usize>,
    /// In nanoseconds of the actor's life.
    started: Cell<u64>,
    now: Cell<u64>,
    /// After so many messages the clock is read.
    gap: Cell<u8>,
    /// So many messages were begun since it was read.
    unseen: Cell<u8>,
    /// It was read since the turn was last judged.
    looked: Cell<bool>,
    /// No message was begun in this turn.
    fresh: Cell<bool>,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self {
            left: Cell::new(0),
            started: Cell::new(0),
            now: Cell::new(0),
            gap: Cell::new(1),
            unseen: Cell::new(0),
            looked: Cell::new(false),
            fresh: Cell::new(true),
        }
    }

    /// Grants a turn's worth of messages.
    pub(super) fn renew(&self, hub: &Hub) {
        self.left.set(hub.config.mailbox.turn.get());
        self.unseen.set(0);
        self.looked.set(false);
        self.fresh.set(true);
    }

    /// Whether others are to run before the next message. Without one, there is no need to read the clock.
    pub(super) fn is_over(&self, hub: &Hub, has_work: impl FnOnce() -> bool) -> bool {
        if self.left.get() == 0 {
            return true;
        }
        if self.unseen.get() >= self.gap.get() && has_work() {
            self.look(hub.age(Instant::now()), hub);
        }
        // Whether the actor is to have stopped by now is looked at as often as the clock.
        let over = self.looked.take() && (self.now.get() - self.started.get() >= hub.turn_time() || hub.is_overdue());
        if over {
            self.left.set(0);
        }
        over
    }

    /// Uses up one message, which is begun `now` where that is known. Returns when it is begun, at the latest look.
    pub(super) fn begin(&self, now: Option<u64>, hub: &Hub) -> u64 {
        if let Some(now) = now {
            self.look(now, hub);
        } else if self.fresh.get() {
            self.look(hub.age(Instant::now()), hub);
        }
        self.left.set(self.left.get().saturating_sub(1));
        self.unseen.set(self.unseen.get().saturating_add(1));
        self.now.get()
    }

    fn look(&self, now: u64, hub: &Hub) {
        if self.fresh.replace(false) {
            self.started.set(now);
            self.now.set(now);
            self.gap.set(1);
        } else {
            // Never back, whatever the clock says.
            let now = now.max(self.now.get());
            let took = now - self.now.replace(now);
            let is_quick = took.saturating_mul(4) <= hub.turn_time();
            self.gap.set(if is_quick { (self.gap.get() * 2).min(LONGEST_GAP) } else { 1 });
        }
        self.unseen.set(0);
        self.looked.set(true);
    }
}
