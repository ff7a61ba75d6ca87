//! Lending connections, and taking them back.

use std::panic::Location;
use std::task::{Poll, Waker};
use std::time::Duration;

use patterns_core::context::TaskPath;
use patterns_core::outcome::catch_panic;
use tokio::time::Instant;

use super::state::{Loan, State, Taken};
use super::{Plane, Ticket};
use crate::connection_pool::{AcquireError, AcquireReport, ConnectionManager, OnReturn};

impl<M: ConnectionManager> Plane<M> {
    /// Takes an idle connection, if nobody was first.
    pub(crate) fn try_take(
        &self,
        place: &'static Location<'static>,
        path: &TaskPath,
    ) -> Result<Loan<M::Connection>, AcquireError> {
        let now = Instant::now();
        self.change(|state| {
            state.counts.requests += 1;
            if let Some(loan) = self.take(state, place, path, now) {
                return Ok(loan);
            }
            state.counts.gave_up += 1;
            match state.closed {
                true => Err(AcquireError::Closed),
                false => Err(AcquireError::Exhausted(Box::new(state.report(&self.config, Duration::ZERO, now)))),
            }
        })
    }

    fn take(
        &self,
        state: &mut State<M::Connection>,
        place: &'static Location<'static>,
        path: &TaskPath,
        now: Instant,
    ) -> Option<Loan<M::Connection>> {
        if state.closed {
            return None;
        }
        let conn = state.take_idle(&self.config, now)?;
        Some(state.lend(conn, place, path, now))
    }

    /// The same, or a place in the line.
    pub(crate) fn take_or_join(
        &self,
        place: &'static Location<'static>,
        path: &TaskPath,
        now: Instant,
        waker: &Waker,
    ) -> Result<Taken<M::Connection>, AcquireError> {
        self.change(|state| {
            state.counts.requests += 1;
            if state.closed {
                state.counts.gave_up += 1;
                return Err(AcquireError::Closed);
            }
            if let Some(loan) = self.take(state, place, path, now) {
                return Ok(Taken::Now(loan));
            }
            state.attention = true;
            Ok(Taken::Later(state.line.join(waker)))
        })
    }

    /// The connection that was handed over, if one was. The ticket is used up unless this is pending.
    pub(crate) fn poll_ticket(
        &self,
        ticket: &Ticket,
        place: &'static Location<'static>,
        path: &TaskPath,
        waker: &Waker,
    ) -> Poll<Result<Loan<M::Connection>, AcquireError>> {
        let mut wakers = Vec::new();
        let now = Instant::now();
        let polled = self.change(|state| {
            let mut got = state.line.poll(ticket, waker);
            if got.is_none() && !state.idle.is_empty() {
                // It had been passed over, and now there is something for it or for another.
                state.serve(&self.config, now, &mut wakers);
                got = state.line.poll(ticket, waker);
            }
            if let Some(conn) = got {
                return Poll::Ready(Ok(state.lend(conn, place, path, now)));
            }
            if state.closed {
                state.line.leave(ticket);
                state.counts.gave_up += 1;
                return Poll::Ready(Err(AcquireError::Closed));
            }
            Poll::Pending
        });
        wakers.into_iter().for_each(Waker::wake);
        polled
    }

    /// Leaves the line. What had been handed over goes to the next.
    pub(crate) fn leave(&self, ticket: &Ticket) {
        let now = Instant::now();
        let waker = self.change(|state| {
            state.counts.gave_up += 1;
            let left = state.line.leave(ticket);
            left.and_then(|conn| state.offer(conn, &self.config, now))
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// What to tell somebody who got no connection and has left the line.
    pub(crate) fn report(&self, since: Instant) -> Box<AcquireReport> {
        let now = Instant::now();
        Box::new(self.state.lock().report(&self.config, now.saturating_duration_since(since), now))
    }

    /// Takes a connection back from its user. `discard` if it is not to be used any more.
    pub(crate) fn give_back(&self, loan: Loan<M::Connection>, discard: bool) {
        let Loan { mut conn, seat } = loan;
        let verdict = match discard {
            true => OnReturn::Discard,
            // A panic in the manager says nothing good about the connection.
            false => catch_panic(|| self.manager.on_return(&mut conn.value)).unwrap_or(OnReturn::Discard),
        };
        // Its user may have been thrown out in the middle of something.
        let verdict = match verdict {
            OnReturn::Reuse if std::thread::panicking() => OnReturn::Check,
            verdict => verdict,
        };
        let now = Instant::now();
        let waker = self.change(|state| {
            state.returned(seat);
            match verdict {
                OnReturn::Reuse => return state.offer(conn, &self.config, now),
                OnReturn::Check if !state.closed => {
                    state.suspects.push_back(conn);
                    state.attention = true;
                }
                _ => state.retire(conn),
            }
            None
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
