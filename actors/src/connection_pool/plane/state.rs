//! The books of a pool: which connection is where. No user code runs and nothing waits in here.

use std::collections::VecDeque;
use std::error::Error;
use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use patterns_core::context::TaskPath;
use tokio::time::Instant;

use super::line::{Line, Ticket};
use crate::connection_pool::{
    AcquireReport, ConnectFailure, ConnectionCounts, ConnectionPoolConfig, ConnectionPoolStatus, Holder,
};
use crate::system::after;

/// An open connection, outside of anybody's hands.
pub(in crate::connection_pool) struct Conn<C> {
    pub(in crate::connection_pool) value: C,
    /// When it is to be closed at the latest.
    pub(super) expires: Instant,
    pub(super) idle_since: Instant,
}

impl<C> Conn<C> {
    /// Whether it has to be checked before it is used.
    fn is_stale(&self, config: &ConnectionPoolConfig, now: Instant) -> bool {
        let idle_for = now.saturating_duration_since(self.idle_since);
        config.check_after.is_zero() || idle_for > config.check_after
    }
}

/// A connection in somebody's hands.
pub(in crate::connection_pool) struct Loan<C> {
    pub(in crate::connection_pool) conn: Conn<C>,
    /// Who has it, in the books.
    pub(super) seat: usize,
}

/// What somebody gets who asks for a connection.
pub(in crate::connection_pool) enum Taken<C> {
    Now(Loan<C>),
    Later(Ticket),
}

/// A user of a connection.
struct Seat {
    place: &'static Location<'static>,
    path: TaskPath,
    since: Instant,
}

pub(super) struct State<C> {
    pub(super) closed: bool,
    /// Nobody is left to close connections: they are dropped instead.
    pub(super) orphaned: bool,
    /// Connections that are ready, by the time since when, the latest last.
    pub(super) idle: VecDeque<Conn<C>>,
    pub(super) line: Line<Conn<C>>,
    /// To be checked before anybody gets them.
    pub(super) suspects: VecDeque<Conn<C>>,
    /// To be closed.
    pub(super) retired: Vec<Conn<C>>,
    pub(super) opening: usize,
    pub(super) checking: usize,
    pub(super) closing: usize,
    seats: Vec<Option<Seat>>,
    free_seats: Vec<usize>,
    /// How many idle connections are to be kept ready.
    pub(super) floor: usize,
    failure: Option<Failure>,
    pub(super) counts: ConnectionCounts,
    /// When the control plane looks for those who don't come for what was handed to them.
    watch_at: Option<Instant>,
    /// Something was handed over since it last looked.
    handed_over: bool,
    /// The control plane has something to do.
    pub(super) attention: bool,
}

struct Failure {
    error: Arc<dyn Error + Send + Sync>,
    attempts: u32,
    at: Instant,
    retry_at: Instant,
}

/// The earlier of two instants, as far as there are any.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// What the control plane is to do now.
pub(super) struct Plan<C> {
    pub(super) open: usize,
    pub(super) check: Vec<Conn<C>>,
    pub(super) close: Vec<Conn<C>>,
    /// When to look again at the latest.
    pub(super) again: Option<Instant>,
}

impl<C> State<C> {
    pub(super) fn new() -> Self {
        Self {
            closed: false,
            orphaned: false,
            idle: VecDeque::new(),
            line: Line::new(),
            suspects: VecDeque::new(),
            retired: Vec::new(),
            opening: 0,
            checking: 0,
            closing: 0,
            seats: Vec::new(),
            free_seats: Vec::new(),
            floor: 0,
            failure: None,
            counts: ConnectionCounts::default(),
            watch_at: None,
            handed_over: false,
            attention: false,
        }
    }

    fn in_use(&self) -> usize {
        self.seats.len() - self.free_seats.len()
    }

    /// How many slots are taken.
    pub(super) fn size(&self) -> usize {
        self.in_use()
            + self.idle.len()
            + self.line.handed_over()
            + self.opening
            + self.suspects.len()
            + self.checking
            + self.retired.len()
            + self.closing
    }

    /// A connection for whoever asks now. What would have to be checked first goes to be checked.
    ///
    /// Nobody is passed over: while somebody waits, what is idle is in need of a check.
    pub(super) fn take_idle(&mut self, config: &ConnectionPoolConfig, now: Instant) -> Option<Conn<C>> {
        // The latest first: the others may have been idle for so long that they are not needed.
        while let Some(conn) = self.idle.pop_back() {
            if now >= conn.expires {
                self.retire(conn);
            } else if conn.is_stale(config, now) {
                self.suspects.push_back(conn);
                self.attention = true;
                return None;
            } else {
                self.attention |= self.idle.len() < self.floor && self.size() < config.max_size;
                return Some(conn);
            }
        }
        None
    }

    /// Finds something for those who wait: what is idle, be it after a check. There is such a thing when
    /// a check was not passed, or when somebody waits again who had been passed over.
    pub(super) fn serve(&mut self, config: &ConnectionPoolConfig, now: Instant, wakers: &mut Vec<Waker>) {
        while self.line.waiting() > self.suspects.len() + self.checking
            && let Some(conn) = self.idle.pop_back()
        {
            if conn.is_stale(config, now) && now < conn.expires {
                self.suspects.push_back(conn);
                self.attention = true;
            } else {
                wakers.extend(self.offer(conn, config, now));
            }
        }
    }

    /// Lends a connection, and notes to whom.
    pub(super) fn lend(
        &mut self,
        conn: Conn<C>,
        place: &'static Location<'static>,
        path: &TaskPath,
        now: Instant,
    ) -> Loan<C> {
        self.counts.acquired += 1;
        let user = Some(Seat { place, path: path.clone(), since: now });
        let seat = match self.free_seats.pop() {
            Some(index) => {
                self.seats[index] = user;
                index
            }
            None => {
                self.seats.push(user);
                self.seats.len() - 1
            }
        };
        Loan { conn, seat }
    }

    pub(super) fn returned(&mut self, index: usize) {
        self.seats[index] = None;
        self.free_seats.push(index);
    }

    /// Gives a good connection to the first in line, who is to be woken, or keeps it.
    pub(super) fn offer(&mut self, mut conn: Conn<C>, config: &ConnectionPoolConfig, now: Instant) -> Option<Waker> {
        if self.closed || now >= conn.expires {
            self.retire(conn);
            return None;
        }
        conn.idle_since = now;
        match self.line.hand_over(conn, now) {
            Ok(waker) => {
                self.handed_over = true;
                if self.watch_at.is_none() {
                    self.watch_at = Some(after(now, config.handoff_grace));
                    self.attention = true;
                }
                Some(waker)
            }
            Err(conn) => {
                self.idle.push_back(conn);
                None
            }
        }
    }

    pub(super) fn retire(&mut self, conn: Conn<C>) {
        self.retired.push(conn);
        self.attention = true;
    }

    /// Everything that nobody is left to close properly.
    pub(super) fn abandon(&mut self) -> Vec<Conn<C>> {
        let mut left = std::mem::take(&mut self.retired);
        left.extend(self.idle.drain(..).chain(self.suspects.drain(..)));
        self.counts.closed += left.len() as u64;
        left
    }

    pub(super) fn connected(&mut self) {
        self.opening -= 1;
        self.counts.opened += 1;
        self.failure = None;
        // As few are opened at the same time, there may be more to open.
        self.attention = true;
    }

    pub(super) fn connect_failed(
        &mut self,
        error: Arc<dyn Error + Send + Sync>,
        config: &ConnectionPoolConfig,
        now: Instant,
    ) {
        self.opening -= 1;
        self.counts.open_failed += 1;
        let attempts = self.failure.as_ref().map_or(0, |failure| failure.attempts).saturating_add(1);
        let doubled = config.retry_min.saturating_mul(1_u32.checked_shl(attempts - 1).unwrap_or(u32::MAX));
        let retry_at = after(now, doubled.min(config.retry_max));
        self.failure = Some(Failure { error, attempts, at: now, retry_at });
        self.attention = true;
    }

    /// Decides what to do now.
    pub(super) fn plan(&mut self, config: &ConnectionPoolConfig, now: Instant) -> Plan<C> {
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
    pub(super) fn take_back(&mut self, config: &ConnectionPoolConfig, now: Instant) -> Vec<Waker> {
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

    pub(super) fn last_failure(&self, now: Instant) -> Option<ConnectFailure> {
        self.failure.as_ref().map(|failure| ConnectFailure {
            error: Arc::clone(&failure.error),
            attempts: failure.attempts,
            ago: now.saturating_duration_since(failure.at),
        })
    }

    /// Who has a connection, longest first.
    pub(super) fn holders(&self, now: Instant) -> Vec<Holder> {
        let describe = |seat: &Seat| Holder {
            place: seat.place,
            path: seat.path.clone(),
            held_for: now.saturating_duration_since(seat.since),
        };
        let mut holders: Vec<_> = self.seats.iter().flatten().map(describe).collect();
        holders.sort_by_key(|holder| std::cmp::Reverse(holder.held_for));
        holders
    }

    /// What to tell somebody who got no connection and has left the line.
    pub(super) fn report(&self, config: &ConnectionPoolConfig, waited: Duration, now: Instant) -> AcquireReport {
        let mut holders = self.holders(now);
        holders.truncate(3);
        AcquireReport {
            waited,
            max_size: config.max_size,
            in_use: self.in_use(),
            busy: self.opening + self.suspects.len() + self.checking + self.retired.len() + self.closing,
            queue: self.line.waiting(),
            holders,
            last_failure: self.last_failure(now),
        }
    }

    pub(super) fn status(&self, config: &ConnectionPoolConfig, now: Instant) -> ConnectionPoolStatus {
        ConnectionPoolStatus {
            is_open: !self.closed,
            max_size: config.max_size,
            in_use: self.in_use(),
            idle: self.idle.len(),
            handed_over: self.line.handed_over(),
            opening: self.opening,
            checking: self.suspects.len() + self.checking,
            closing: self.retired.len() + self.closing,
            waiting: self.line.len(),
            holders: self.holders(now),
            last_failure: self.last_failure(now),
            counts: self.counts,
        }
    }
}
