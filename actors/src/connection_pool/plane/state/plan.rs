//! What the control plane decides.

use std::task::Waker;

use tokio::time::Instant;

use super::{Conn, State};
use crate::connection_pool::ConnectionPoolConfig;
use crate::system::after;

/// What the control plane is to do now.
pub(crate) struct Plan<C> {
    pub(crate) open: usize,
    pub(crate) check: Vec<Conn<C>>,
    pub(crate) close: Vec<Conn<C>>,
    /// When to look again at the latest.
    pub(crate) again: Option<Instant>,
}

/// The earlier of two instants, as far as there are any.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl<C> State<C> {
    /// Decides what to do now.
    pub(crate) fn plan(&mut self, config: &ConnectionPoolConfig, now: Instant) -> Plan<C> {
        self.attention = false;
        self.reap(config, now);
        let close = std::mem::take(&mut self.retired);
        self.closing += close.len();
        let check: Vec<_> = self.suspects.drain(..).collect();
        self.checking += check.len();
        let mut again = earlier(self.next_reaping(config), self.watch_at);
        let open = self.wanted(config, now, &mut again);
        self.opening += open;
        Plan { open, check, close, again }
    }

    /// How many connections to open. One for each who waits and for each that is to be kept ready,
    /// as far as there are slots; one at a time, with pauses, while connecting fails.
    fn wanted(&self, config: &ConnectionPoolConfig, now: Instant, again: &mut Option<Instant>) -> usize {
        if self.closed {
            return 0;
        }
        let coming = self.opening + self.checking;
        let wanted = self.line.waiting().max(self.floor.saturating_sub(self.idle.len())).saturating_sub(coming);
        let wanted = wanted.min(config.max_size.saturating_sub(self.size()));
        let wanted = wanted.min(config.max_opening.saturating_sub(self.opening));
        let Some(failure) = &self.failure else { return wanted };
        if wanted == 0 || self.opening > 0 {
            return 0;
        }
        if failure.retry_at > now {
            *again = earlier(*again, Some(failure.retry_at));
            return 0;
        }
        1
    }

    /// Retires what has been idle or has lived for too long.
    fn reap(&mut self, config: &ConnectionPoolConfig, now: Instant) {
        let mut surplus = self.idle.len().saturating_sub(config.min_idle);
        for conn in std::mem::take(&mut self.idle) {
            let too_long = surplus > 0 && now.saturating_duration_since(conn.idle_since) >= config.idle_timeout;
            if too_long || now >= conn.expires || self.closed {
                surplus = surplus.saturating_sub(1);
                self.retire(conn);
            } else {
                self.idle.push_back(conn);
            }
        }
        self.attention = false;
    }

    fn next_reaping(&self, config: &ConnectionPoolConfig) -> Option<Instant> {
        let expiry = self.idle.iter().map(|conn| conn.expires).min();
        let surplus = self.idle.len() > config.min_idle;
        let longest = self.idle.front().filter(|_| surplus);
        earlier(expiry, longest.and_then(|conn| conn.idle_since.checked_add(config.idle_timeout)))
    }

    /// Takes connections back from those who were not polled in time, and offers them to others.
    pub(crate) fn take_back(&mut self, config: &ConnectionPoolConfig, now: Instant) -> Vec<Waker> {
        if self.watch_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        let mut wakers = Vec::new();
        if let Some(limit) = now.checked_sub(config.handoff_grace) {
            let taken = self.line.take_back(limit);
            self.counts.taken_back += taken.len() as u64;
            for conn in taken {
                wakers.extend(self.offer(conn, config, now));
            }
        }
        // Once more after the last hand-over, so that a busy pool asks for a look once per grace and
        // not for each of them.
        let oldest = self.line.oldest().or(self.handed_over.then_some(now));
        self.watch_at = oldest.map(|at| after(at, config.handoff_grace));
        self.handed_over = false;
        wakers
    }
}
