//! Lending connections, and taking them back.

use std::panic::Location;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use patterns_core::context::Context;
use patterns_core::outcome::catch_panic;
use tokio::time::Instant;

use super::state::{Conn, Taken};
use super::{Plane, Ticket};
use crate::connection_pool::{AcquireError, AcquireReport, ConnectionManager, OnReturn};

impl<M: ConnectionManager> Plane<M> {
    /// Takes an idle connection, if nobody was first.
    pub(crate) fn try_take(
        &self,
        place: &'static Location<'static>,
        mut who: Option<Context>,
    ) -> Result<Conn<M::Connection>, AcquireError> {
        self.change(|state| {
            state.counts.requests += 1;
            if let Some(conn) = state.take(&self.config, place, &mut who) {
                return Ok(conn);
            }
            state.gave_up();
            match state.closed {
                true => Err(AcquireError::Closed),
                false => Err(AcquireError::Exhausted(Box::new(state.report(Duration::ZERO, Instant::now())))),
            }
        })
    }

    /// The same, or a place in the line; `limited` if the wait has limits of its own from the beginning.
    pub(crate) fn take_or_join(
        self: &Arc<Self>,
        place: &'static Location<'static>,
        who: &mut Option<Context>,
        limited: bool,
        waker: &Waker,
    ) -> Result<Taken<M::Connection>, AcquireError> {
        let mut start_keeper = false;
        let taken = self.change(|state| {
            state.counts.requests += 1;
            if let Some(conn) = state.take(&self.config, place, who) {
                return Ok(Taken::Now(conn));
            }
            if state.closed {
                state.gave_up();
                return Err(AcquireError::Closed);
            }
            if state.is_failing() && state.is_in_vain(&self.config, who.as_ref().and_then(Context::deadline)) {
                state.gave_up();
                let report = state.report(Duration::ZERO, Instant::now());
                return Err(AcquireError::ConnectFailed(Box::new(report)));
            }
            start_keeper = !limited && !std::mem::replace(&mut state.kept, true);
            Ok(Taken::Later(state.join(waker, limited)))
        });
        if start_keeper {
            self.start_keeper();
        }
        taken
    }

    /// The connection that was handed over, if one was. The ticket is used up unless this is pending.
    pub(crate) fn poll_ticket(
        &self,
        ticket: &Ticket,
        place: &'static Location<'static>,
        who: &mut Option<Context>,
        since: Instant,
        waker: &Waker,
    ) -> Poll<Result<Conn<M::Connection>, AcquireError>> {
        let mut wakers = Vec::new();
        let mut old = None;
        let polled = self.change(|state| {
            let mut got = state.line.poll(ticket, waker);
            if got.is_none() && !state.idle.is_empty() {
                // It had been passed over, and now there is something for it or for another.
                state.serve(&self.config, Instant::now(), &mut wakers);
                got = state.line.poll(ticket, waker);
            }
            if let Some(conn) = got {
                state.lend(&conn, place, who.take());
                return Poll::Ready(Ok(conn));
            }
            let error = if state.closed {
                AcquireError::Closed
            } else if state.is_failing() && state.is_in_vain(&self.config, None) {
                let now = Instant::now();
                AcquireError::ConnectFailed(Box::new(state.report(now.saturating_duration_since(since), now)))
            } else {
                return Poll::Pending;
            };
            old = state.line.leave(ticket).1;
            state.gave_up();
            Poll::Ready(Err(error))
        });
        drop(old);
        wakers.into_iter().for_each(Waker::wake);
        polled
    }

    /// Leaves the line. What had been handed over goes to the next.
    pub(crate) fn leave(&self, ticket: &Ticket) {
        let (waker, _old) = self.change(|state| {
            state.gave_up();
            let (conn, old) = state.line.leave(ticket);
            (conn.and_then(|conn| state.offer(conn)), old)
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// What to tell somebody who got no connection and has left the line.
    pub(crate) fn report(&self, since: Instant) -> Box<AcquireReport> {
        let now = Instant::now();
        Box::new(self.state.lock().report(now.saturating_duration_since(since), now))
    }

    /// Takes a connection back from its user. `discard` if it is not to be used any more.
    #[inline]
    pub(crate) fn give_back(&self, mut conn: Conn<M::Connection>, discard: bool) {
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
        let (waker, _who) = self.change(|state| {
            let who = state.returned(&conn);
            let waker = match verdict {
                OnReturn::Reuse => state.offer(conn),
                OnReturn::Check if !state.closed => {
                    state.suspect(conn);
                    None
                }
                _ => {
                    state.retire(conn);
                    None
                }
            };
            (waker, who)
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
