//! What others are told of the books.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Seat, State};
use crate::connection_pool::{AcquireReport, ConnectFailure, ConnectionPoolConfig, ConnectionPoolStatus, Holder};

impl<C> State<C> {
    pub(crate) fn last_failure(&self, now: Instant) -> Option<ConnectFailure> {
        self.failure.as_ref().map(|failure| ConnectFailure {
            error: Arc::clone(&failure.error),
            attempts: failure.attempts,
            ago: now.saturating_duration_since(failure.at),
        })
    }

    /// Who has a connection, longest first.
    pub(crate) fn holders(&self, now: Instant) -> Vec<Holder> {
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
    pub(crate) fn report(&self, config: &ConnectionPoolConfig, waited: Duration, now: Instant) -> AcquireReport {
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

    pub(crate) fn status(&self, config: &ConnectionPoolConfig, now: Instant) -> ConnectionPoolStatus {
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
