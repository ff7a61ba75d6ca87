//! Lending connections, and what becomes of those that come back.

use std::panic::Location;
use std::task::Waker;

use patterns_core::context::Context;
use tokio::time::Instant;

use super::slots::Slot;
use super::{Conn, State};
use crate::connection_pool::ConnectionPoolConfig;

impl<C> State<C> {
    /// Lends a connection to whoever asks now. What would have to be checked first goes to be checked.
    ///
    /// Nobody is passed over: while somebody waits, what is idle is in need of a check.
    #[inline]
    pub(crate) fn take(
        &mut self,
        config: &ConnectionPoolConfig,
        place: &'static Location<'static>,
        who: &mut Option<Context>,
    ) -> Option<Conn<C>> {
        if self.closed {
            return None;
        }
        let conn = self.idle.pop_back()?;
        // What came back after the last look is neither stale nor at its end.
        let fresh = self.slots.get(conn.slot).good_at.is_none() && !config.check_after.is_zero();
        let conn = if fresh { conn } else { self.examine(conn, config)? };
        self.attention |= self.idle.len() < self.floor() && self.has_room();
        self.lend(&conn, place, who.take());
        Some(conn)
    }

    /// This connection or an older one, if it can be used at once.
    #[cold]
    fn examine(&mut self, conn: Conn<C>, config: &ConnectionPoolConfig) -> Option<Conn<C>> {
        let now = Instant::now();
        let mut next = Some(conn);
        while let Some(conn) = next {
            let slot = self.slots.get(conn.slot);
            if now >= slot.expires {
                self.retire(conn);
            } else if self.is_stale(slot, config, now) {
                self.suspects.push_back(conn);
                self.attention = true;
                return None;
            } else {
                return Some(conn);
            }
            next = self.idle.pop_back();
        }
        None
    }

    /// Whether a connection has to be checked before it is used.
    fn is_stale(&self, slot: &Slot, config: &ConnectionPoolConfig, now: Instant) -> bool {
        let unknown_for = now.saturating_duration_since(slot.good_at.unwrap_or(self.clock));
        config.check_after.is_zero() || unknown_for > config.check_after
    }

    /// Finds something for those who wait: what is idle, be it after a check. There is such a thing when
    /// a check was not passed, or when somebody waits again who had been passed over.
    pub(crate) fn serve(&mut self, config: &ConnectionPoolConfig, now: Instant, wakers: &mut Vec<Waker>) {
        while self.line.waiting() > self.suspects.len() + self.checking
            && let Some(conn) = self.idle.pop_back()
        {
            let slot = self.slots.get(conn.slot);
            if self.is_stale(slot, config, now) && now < slot.expires {
                self.suspects.push_back(conn);
                self.attention = true;
            } else {
                wakers.extend(self.offer(conn));
            }
        }
    }

    /// Notes who has a connection from now on.
    #[inline]
    pub(crate) fn lend(&mut self, conn: &Conn<C>, place: &'static Location<'static>, who: Option<Context>) {
        self.counts.acquired += 1;
        self.slots.lend(conn.slot, place, who);
        self.note();
    }

    /// Notes that somebody got none, and has the control plane look, which shows it.
    #[cold]
    pub(crate) fn gave_up(&mut self) {
        self.counts.gave_up += 1;
        self.note();
    }

    /// Notes that a connection came back. What is returned is to be dropped outside of the lock.
    #[inline]
    pub(crate) fn returned(&mut self, conn: &Conn<C>) -> Option<Context> {
        self.slots.back(conn.slot)
    }

    /// Gives a good connection to the first in line, who is to be woken, or keeps it.
    #[inline]
    pub(crate) fn offer(&mut self, conn: Conn<C>) -> Option<Waker> {
        if self.closed || self.is_over(&conn) {
            self.retire(conn);
            return None;
        }
        self.note();
        match self.line.hand_over(conn) {
            Ok(waker) => Some(waker),
            Err(conn) => {
                self.keep(conn);
                None
            }
        }
    }

    /// Puts a connection to the idle ones, by the time since when it is.
    #[inline]
    fn keep(&mut self, conn: Conn<C>) {
        match self.slots.get(conn.slot).idle_since {
            None => self.idle.push_back(conn),
            Some(since) => {
                let slots = &self.slots;
                let before = |other: &Conn<C>| slots.get(other.slot).idle_since.is_some_and(|other| other <= since);
                let at = self.idle.partition_point(before);
                self.idle.insert(at, conn);
            }
        }
    }

    /// Whether a connection that comes to be offered is at its end, has a successor already, or is one too many.
    #[inline]
    fn is_over(&self, conn: &Conn<C>) -> bool {
        let slot = self.slots.get(conn.slot);
        slot.expires <= self.clock
            || self.live() >= self.max_size
            || (slot.ends <= self.clock && self.idle.iter().any(|idle| self.slots.get(idle.slot).ends > self.clock))
    }
}
