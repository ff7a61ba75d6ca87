//! What the control plane sees and decides when it looks.

use std::task::Waker;

use tokio::time::Instant;

use super::{Conn, State};
use crate::connection_pool::{ConnectionPoolConfig, Holder};
use crate::system::after;

/// What the control plane is to do now.
pub(crate) struct Look<C> {
    pub(crate) open: usize,
    pub(crate) check: Vec<Conn<C>>,
    pub(crate) close: Vec<Box<C>>,
    pub(crate) wake: Vec<Waker>,
    /// Who is to be reported for not giving a connection back.
    pub(crate) leaks: Vec<Holder>,
    /// When to look again at the latest.
    pub(crate) again: Option<Instant>,
}

/// The earliest of some instants.
#[derive(Default)]
struct Earliest(Option<Instant>);

impl Earliest {
    fn add(&mut self, at: Instant) {
        self.0 = Some(self.0.map_or(at, |earliest| earliest.min(at)));
    }

    fn add_if_later(&mut self, at: Instant, than: Instant) {
        if at > than {
            self.add(at);
        }
    }
}

impl<C> State<C> {
    /// Looks at everything.
    pub(crate) fn look(&mut self, config: &ConnectionPoolConfig, now: Instant) -> Look<C> {
        // What happened since the last look, happened after it; without a watch, nothing has.
        let before = if self.watched { self.clock } else { now };
        self.clock = now;
        let mut again = Earliest::default();
        let mut wake = Vec::new();
        self.take_back(config, now, &mut wake);
        self.reap(config, now, &mut again);
        self.serve(config, now, &mut wake);
        self.check_idle(config, now, &mut again);
        self.tell_in_vain(config, now, &mut wake, &mut again);
        let leaks = self.leaks(config, now, &mut again);
        let close = std::mem::take(&mut self.retired);
        self.closing += close.len();
        let check: Vec<_> = self.suspects.drain(..).collect();
        self.checking += check.len();
        let open = self.wanted(config, now, &mut again);
        self.opening += open;
        self.note_times(config, before, now, &mut again);
        self.attention = false;
        Look { open, check, close, wake, leaks, again: again.0 }
    }

    /// Fills in the times that were left open. Goes on looking for as long as there are any.
    fn note_times(&mut self, config: &ConnectionPoolConfig, before: Instant, now: Instant, again: &mut Earliest) {
        self.watched = std::mem::take(&mut self.fresh);
        if self.watched {
            for conn in &self.idle {
                let slot = self.slots.get_mut(conn.slot);
                slot.idle_since.get_or_insert(before);
                slot.good_at.get_or_insert(before);
            }
            for held in self.slots.held_mut() {
                held.since.get_or_insert(before);
            }
            self.line.stamp(now);
            again.add(after(now, config.tick()));
        }
        if let Some(oldest) = self.line.oldest() {
            again.add(after(oldest, config.handoff_grace));
        }
    }

    /// Takes connections back from those who were not polled in time, and offers them to others.
    fn take_back(&mut self, config: &ConnectionPoolConfig, now: Instant, wake: &mut Vec<Waker>) {
        let Some(limit) = now.checked_sub(config.handoff_grace) else { return };
        let taken = self.line.take_back(limit);
        self.counts.taken_back += taken.len() as u64;
        for conn in taken {
            wake.extend(self.offer(conn));
        }
    }

    /// Retires idle connections: too many, not needed for too long, at the end of their lives, or replaced.
    fn reap(&mut self, config: &ConnectionPoolConfig, now: Instant, again: &mut Earliest) {
        let mut surplus = self.idle.len().saturating_sub(self.min_idle);
        let mut excess = self.live().saturating_sub(self.max_size);
        let has_successor = self.young() >= self.floor().max(1);
        for conn in std::mem::take(&mut self.idle) {
            let slot = self.slots.get(conn.slot);
            let (expires, ends) = (slot.expires, slot.ends);
            let unused_at = after(slot.idle_since.unwrap_or(now), config.idle_timeout);
            let over = expires <= now || (ends <= now && has_successor);
            if over || excess > 0 || self.closed || (surplus > 0 && unused_at <= now) {
                surplus = surplus.saturating_sub(1);
                excess = excess.saturating_sub(1);
                self.retire(conn);
                continue;
            }
            again.add(expires);
            again.add_if_later(ends, now);
            if surplus > 0 {
                again.add_if_later(unused_at, now);
            }
            self.idle.push_back(conn);
        }
    }

    /// Idle connections that are not about to be replaced.
    fn young(&self) -> usize {
        self.idle.iter().filter(|conn| self.slots.get(conn.slot).ends > self.clock).count()
    }

    /// Has an idle connection checked that was not for long: one at a time, so that the others stay ready.
    fn check_idle(&mut self, config: &ConnectionPoolConfig, now: Instant, again: &mut Earliest) {
        let Some(every) = config.check_every else { return };
        if self.checking + self.suspects.len() > 0 {
            return;
        }
        let good_at = |conn: &Conn<C>| self.slots.get(conn.slot).good_at.unwrap_or(now);
        let oldest = self.idle.iter().enumerate().min_by_key(|(_, conn)| good_at(conn));
        let Some((index, due)) = oldest.map(|(index, conn)| (index, after(good_at(conn), every))) else { return };
        if due > now {
            again.add(due);
        } else if let Some(conn) = self.idle.remove(index) {
            self.suspects.push_back(conn);
        }
    }

    /// Wakes those who wait for a connection where there is none to be had, so that they look themselves.
    fn tell_in_vain(&self, config: &ConnectionPoolConfig, now: Instant, wake: &mut Vec<Waker>, again: &mut Earliest) {
        let in_vain = self.line.waiting() > 0 && self.live() == 0;
        let Some(failure) = self.failure.as_ref().filter(|_| in_vain) else { return };
        let at = failure.told_at(config);
        if at <= now {
            wake.extend(self.line.wakers());
        } else {
            again.add(at);
        }
    }

    /// Whoever has held a connection for too long, and was not reported yet.
    fn leaks(&mut self, config: &ConnectionPoolConfig, now: Instant, again: &mut Earliest) -> Vec<Holder> {
        let Some(limit) = config.leak_after else { return Vec::new() };
        let clock = self.clock;
        let mut leaks = Vec::new();
        for held in self.slots.held_mut().filter(|held| !held.reported) {
            let due = after(held.since.unwrap_or(now), limit);
            if due > now {
                again.add(due);
                continue;
            }
            held.reported = true;
            leaks.push(held.describe(clock, now));
        }
        self.counts.leaks += leaks.len() as u64;
        leaks
    }

    /// How many connections to open. One for each who waits, for each that is to be kept ready, and for each in
    /// use that nears its end, as far as there are slots; one at a time, with pauses, while connecting fails.
    fn wanted(&self, config: &ConnectionPoolConfig, now: Instant, again: &mut Earliest) -> usize {
        if self.closed {
            return 0;
        }
        let mut ending = 0;
        for (slot, _) in self.slots.held() {
            // At its end it is to be known that it is.
            again.add_if_later(slot.expires, now);
            again.add_if_later(slot.ends, now);
            ending += usize::from(slot.ends <= now);
        }
        let room = self.max_size.saturating_sub(self.size());
        if let Some(failure) = &self.failure {
            // Also if nobody waits: so it is known when the server is back.
            if self.opening > 0 || room == 0 {
                return 0;
            }
            again.add_if_later(failure.retry_at, now);
            return usize::from(failure.retry_at <= now);
        }
        let short = self.floor().max(ending).saturating_sub(self.young());
        let wanted = self.line.waiting().max(short).saturating_sub(self.opening + self.checking);
        wanted.min(room).min(config.max_opening.saturating_sub(self.opening))
    }
}
