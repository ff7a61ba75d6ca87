//! The books of a pool: which connection is where. No user code runs and nothing waits in here.
//!
//! # Time
//!
//! To read the clock at each checkout and return would cost as much as all the rest of them. So both leave the
//! time open, and the control plane, which looks once per [tick](ConnectionPoolConfig::tick) while there is
//! something to be noted, fills it in: with the time of its last look for what is better early (since when a
//! connection is idle or held), with its own for what is better late (since when one is reserved for somebody).

mod failure;
mod lending;
mod look;
mod report;
mod slots;

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::line::{Line, Ticket};
use crate::connection_pool::{ConnectionCounts, ConnectionPoolConfig};
use failure::Failure;
use slots::{SlotId, Slots};

/// An open connection. Boxed, as it moves a lot.
pub(in crate::connection_pool) struct Conn<C> {
    pub(in crate::connection_pool) value: Box<C>,
    slot: SlotId,
}

/// What somebody gets who asks for a connection.
pub(in crate::connection_pool) enum Taken<C> {
    Now(Conn<C>),
    Later(Ticket),
}

pub(super) struct State<C> {
    pub(super) closed: bool,
    /// Nobody is left to close connections: they are dropped instead.
    pub(super) orphaned: bool,
    max_size: usize,
    /// How many connections are kept ready.
    min_idle: usize,
    /// Whether a first connection is wanted in any case.
    pub(super) warming: bool,
    slots: Slots,
    /// Connections that are ready, by the time since when, the latest last.
    pub(super) idle: VecDeque<Conn<C>>,
    pub(super) line: Line<Conn<C>>,
    /// To be checked before anybody gets them.
    suspects: VecDeque<Conn<C>>,
    /// To be closed.
    retired: Vec<Box<C>>,
    opening: usize,
    checking: usize,
    pub(super) closing: usize,
    failure: Option<Failure>,
    pub(super) counts: ConnectionCounts,
    /// Not later than now, and not earlier than the last look.
    clock: Instant,
    /// Something has happened of which the time is not noted yet.
    fresh: bool,
    /// Whether the control plane will look within a tick.
    watched: bool,
    /// The control plane has something to do.
    pub(super) attention: bool,
    /// Whether the keeper runs.
    pub(super) kept: bool,
}

impl<C> State<C> {
    pub(super) fn new(config: &ConnectionPoolConfig) -> Self {
        Self {
            closed: false,
            orphaned: false,
            max_size: config.max_size,
            min_idle: config.min_idle,
            warming: config.warm_up,
            slots: Slots::default(),
            idle: VecDeque::new(),
            line: Line::new(),
            suspects: VecDeque::new(),
            retired: Vec::new(),
            opening: 0,
            checking: 0,
            closing: 0,
            failure: None,
            counts: ConnectionCounts::default(),
            clock: Instant::now(),
            fresh: false,
            watched: false,
            attention: false,
            kept: false,
        }
    }

    /// How many idle connections are to be kept ready.
    pub(super) fn floor(&self) -> usize {
        if self.warming { self.min_idle.max(1) } else { self.min_idle }
    }

    /// Connections that somebody has or may still get.
    fn live(&self) -> usize {
        self.slots.in_use() + self.idle.len() + self.line.handed_over() + self.suspects.len() + self.checking
    }

    /// How many slots are taken.
    pub(super) fn size(&self) -> usize {
        self.live() + self.opening + self.retired.len() + self.closing
    }

    /// Whether one more could be opened, were it wanted.
    fn has_room(&self) -> bool {
        self.size() < self.max_size
    }

    /// Has the control plane note the time.
    #[inline]
    fn note(&mut self) {
        self.fresh = true;
        if !self.watched {
            self.begin_watch();
        }
    }

    #[cold]
    fn begin_watch(&mut self) {
        self.watched = true;
        self.clock = self.clock.max(Instant::now());
        self.attention = true;
    }

    /// Stands in line; `limited` if the wait has limits of its own already.
    pub(super) fn join(&mut self, waker: &Waker, limited: bool) -> Ticket {
        let ticket = self.line.join(waker, limited);
        self.note();
        // Where there is no room, whoever makes some has the control plane look.
        self.attention |= self.has_room() || self.is_failing();
        ticket
    }

    /// Has a connection checked before anybody gets it.
    pub(super) fn suspect(&mut self, conn: Conn<C>) {
        self.suspects.push_back(conn);
        self.attention = true;
    }

    pub(super) fn retire(&mut self, conn: Conn<C>) {
        self.slots.give_up(conn.slot);
        self.retired.push(conn.value);
        self.attention = true;
    }

    /// Everything that nobody is left to close properly.
    pub(super) fn abandon(&mut self) -> Vec<Box<C>> {
        while let Some(conn) = self.idle.pop_front().or_else(|| self.suspects.pop_front()) {
            self.retire(conn);
        }
        self.counts.closed += self.retired.len() as u64;
        std::mem::take(&mut self.retired)
    }

    /// A connection was opened. The failure that is over is to be dropped outside of the lock.
    pub(super) fn connected(
        &mut self,
        value: Box<C>,
        lifetime: Duration,
        config: &ConnectionPoolConfig,
        now: Instant,
    ) -> (Option<Waker>, Option<Failure>) {
        self.opening -= 1;
        self.counts.opened += 1;
        // As few are opened at the same time, there may be more to open.
        self.attention = true;
        let over = self.failure.take();
        let slot = self.slots.take(now, lifetime, config.rotate_ahead);
        (self.offer(Conn { value, slot }), over)
    }

    /// None was. The failure before is to be dropped outside of the lock.
    pub(super) fn connect_failed(
        &mut self,
        error: Arc<dyn Error + Send + Sync>,
        permanent: bool,
        config: &ConnectionPoolConfig,
        now: Instant,
    ) -> Option<Failure> {
        self.opening -= 1;
        self.counts.open_failed += 1;
        self.attention = true;
        let failure = Failure::after(self.failure.as_ref(), error, permanent, config, now);
        self.failure.replace(failure)
    }

    /// A check is over.
    pub(super) fn checked(&mut self, conn: Conn<C>, passed: bool, now: Instant) -> Option<Waker> {
        self.checking -= 1;
        // It may be the next one's turn.
        self.attention = true;
        if !passed {
            self.counts.check_failed += 1;
            self.retire(conn);
            return None;
        }
        let slot = self.slots.get_mut(conn.slot);
        slot.good_at = Some(now);
        slot.idle_since.get_or_insert(now);
        self.offer(conn)
    }

    /// Whether the last attempt to connect failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failure.is_some()
    }

    /// Whether somebody who waits now is to be told that there is no connection to be had: that is certain, or has
    /// been the case for long.
    pub(super) fn is_in_vain(&self, config: &ConnectionPoolConfig, deadline: Option<Instant>) -> bool {
        let Some(failure) = self.failure.as_ref().filter(|_| self.live() == 0) else { return false };
        let too_late = self.opening == 0 && deadline.is_some_and(|deadline| deadline <= failure.retry_at);
        too_late || failure.told_at(config) <= Instant::now()
    }

    /// Changes the limits; connections beyond them are closed as they come back.
    pub(super) fn resize(&mut self, max_size: usize, min_idle: usize) {
        (self.max_size, self.min_idle) = (max_size, min_idle);
        self.attention = true;
    }
}
