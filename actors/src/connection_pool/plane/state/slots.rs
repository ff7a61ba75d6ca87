//! What is known of each connection but the connection itself: a slot for each that is open.

use std::panic::Location;
use std::time::Duration;

use patterns_core::context::Context;
use tokio::time::Instant;

use crate::system::after;

/// Where an open connection's slot is, from when it was opened until it is given up.
#[derive(Clone, Copy, Debug)]
pub(in crate::connection_pool) struct SlotId(usize);

pub(super) struct Slot {
    /// When it is to be closed at the latest.
    pub(super) expires: Instant,
    /// From when on its successor is opened, if there is room.
    pub(super) ends: Instant,
    /// Since when nobody has it; `None`: it came back after the last look.
    pub(super) idle_since: Option<Instant>,
    /// When it was last known to work: it came back or passed a check. `None` likewise.
    pub(super) good_at: Option<Instant>,
    /// Who has it.
    pub(super) holder: Option<Held>,
}

/// That somebody has a connection.
pub(super) struct Held {
    pub(super) place: &'static Location<'static>,
    /// `None` outside of any context.
    pub(super) who: Option<Context>,
    /// Since when; `None`: after the last look.
    pub(super) since: Option<Instant>,
    /// Whether it was reported as a leak.
    pub(super) reported: bool,
}

#[derive(Default)]
pub(super) struct Slots {
    list: Vec<Slot>,
    free: Vec<usize>,
    in_use: usize,
}

impl Slots {
    /// How many are in users' hands.
    pub(super) fn in_use(&self) -> usize {
        self.in_use
    }

    /// A slot for a connection that has just been opened.
    pub(super) fn take(&mut self, now: Instant, lifetime: Duration, rotate_ahead: Duration) -> SlotId {
        let ahead = rotate_ahead.min(lifetime / 4);
        let slot = Slot {
            expires: after(now, lifetime),
            ends: after(now, lifetime - ahead),
            idle_since: Some(now),
            good_at: Some(now),
            holder: None,
        };
        match self.free.pop() {
            Some(index) => {
                self.list[index] = slot;
                SlotId(index)
            }
            None => {
                self.list.push(slot);
                SlotId(self.list.len() - 1)
            }
        }
    }

    /// The connection is on its way out.
    pub(super) fn give_up(&mut self, id: SlotId) {
        self.free.push(id.0);
    }

    #[inline]
    pub(super) fn get(&self, id: SlotId) -> &Slot {
        &self.list[id.0]
    }

    pub(super) fn get_mut(&mut self, id: SlotId) -> &mut Slot {
        &mut self.list[id.0]
    }

    /// Somebody takes the connection.
    #[inline]
    pub(super) fn lend(&mut self, id: SlotId, place: &'static Location<'static>, who: Option<Context>) {
        self.in_use += 1;
        self.list[id.0].holder = Some(Held { place, who, since: None, reported: false });
    }

    /// It comes back. What is returned is to be dropped outside of the lock: it may be the last of a task.
    #[inline]
    pub(super) fn back(&mut self, id: SlotId) -> Option<Context> {
        let slot = &mut self.list[id.0];
        (slot.idle_since, slot.good_at) = (None, None);
        let held = slot.holder.take()?;
        self.in_use -= 1;
        held.who
    }

    /// The connections that users have.
    pub(super) fn held(&self) -> impl Iterator<Item = (&Slot, &Held)> {
        self.list.iter().filter_map(|slot| Some((slot, slot.holder.as_ref()?)))
    }

    pub(super) fn held_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        self.list.iter_mut().filter_map(|slot| slot.holder.as_mut())
    }
}
