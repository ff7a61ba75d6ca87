//! What others are told of the books.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::State;
use super::slots::Held;
use crate::connection_pool::meters::Figures;
use crate::connection_pool::{AcquireReport, ConnectFailure, ConnectionPoolStatus, Holder};

impl Held {
    /// `clock` is when the control plane last looked.
    pub(super) fn describe(&self, clock: Instant, now: Instant) -> Holder {
        Holder {
            place: self.place,
            path: self.who.as_ref().map(|who| who.path().clone()).unwrap_or_default(),
            held_for: now.saturating_duration_since(self.since.unwrap_or(clock)),
            leaked: self.reported,
        }
    }
}

impl<C> State<C> {
    pub(crate) fn last_failure(&self, now: Instant) -> Option<ConnectFailure> {
        self.failure.as_ref().map(|failure| ConnectFailure {
            error: Arc::clone(&failure.error),
            permanent: failure.permanent,
            attempts: failure.attempts,
            ago: now.saturating_duration_since(failure.at),
            failing_for: now.saturating_duration_since(failure.since),
            retry_in: failure.retry_at.saturating_duration_since(now),
        })
    }

    /// Who has a connection, longest first.
    pub(crate) fn holders(&self, now: Instant) -> Vec<Holder> {
        let mut holders: Vec<_> = self.slots.held().map(|(_, held)| held.describe(self.clock, now)).collect();
        holders.sort_by_key(|holder| std::cmp::Reverse(holder.held_for));
        holders
    }

    /// What to tell somebody who got no connection and has left the line.
    pub(crate) fn report(&self, waited: Duration, now: Instant) -> AcquireReport {
        let mut holders = self.holders(now);
        holders.truncate(3);
        AcquireReport {
            waited,
            max_size: self.max_size,
            in_use: self.slots.in_use(),
            busy: self.opening + self.suspects.len() + self.checking + self.retired.len() + self.closing,
            queue: self.line.waiting(),
            holders,
            last_failure: self.last_failure(now),
        }
    }

    pub(in crate::connection_pool) fn figures(&self) -> Figures {
        Figures { counts: self.counts, in_use: self.slots.in_use(), idle: self.idle.len(), waiting: self.line.len() }
    }

    pub(crate) fn status(&self, now: Instant) -> ConnectionPoolStatus {
        ConnectionPoolStatus {
            is_open: !self.closed,
            max_size: self.max_size,
            min_idle: self.min_idle,
            in_use: self.slots.in_use(),
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
