//! The books of a pool: which connection is where. No user code runs and nothing waits in here.

mod plan;
mod report;

use std::collections::VecDeque;
use std::error::Error;
use std::panic::Location;
use std::sync::Arc;
use std::task::Waker;

use patterns_core::context::TaskPath;
use tokio::time::Instant;

use super::line::{Line, Ticket};
use crate::connection_pool::{ConnectionCounts, ConnectionPoolConfig};
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
}
