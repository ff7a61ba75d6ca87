//! The data plane: plain shared state that users of connections touch directly.

mod control;
mod line;
mod state;
mod tasks;

use std::panic::Location;
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::context::{Context, TaskPath};
use patterns_core::outcome::catch_panic;
use patterns_core::reaper::Reaper;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{
    AcquireError, AcquireReport, ConnectFailure, ConnectionManager, ConnectionPoolConfig, ConnectionPoolStatus,
    DrainReceipt, OnReturn,
};
use crate::signal::Signal;
pub(super) use control::Drive;
pub(super) use line::Ticket;
use state::State;
pub(super) use state::{Loan, Taken};

/// The shared state of one pool.
pub(super) struct Plane<M: ConnectionManager> {
    pub(super) config: ConnectionPoolConfig,
    manager: M,
    /// Where connections are opened, checked and closed.
    runtime: Handle,
    reaper: Reaper,
    state: Mutex<State<M::Connection>>,
    signal: Signal,
    /// Something changed that a start or a drain waits for.
    changed: Notify,
}

impl<M: ConnectionManager> Plane<M> {
    pub(super) fn new(manager: M, config: ConnectionPoolConfig, runtime: Handle, reaper: Reaper) -> Self {
        let mut state = State::new();
        state.floor = if config.warm_up { config.min_idle.max(1) } else { config.min_idle };
        Self {
            config,
            manager,
            runtime,
            reaper,
            state: Mutex::new(state),
            signal: Signal::default(),
            changed: Notify::new(),
        }
    }

    /// Changes the state, and tells the control plane if there is something to do.
    fn change<R>(&self, change: impl FnOnce(&mut State<M::Connection>) -> R) -> R {
        let mut state = self.state.lock();
        let result = change(&mut state);
        let attention = std::mem::take(&mut state.attention);
        let orphans = if state.orphaned { state.abandon() } else { Vec::new() };
        drop(state);
        if attention {
            self.signal.raise();
        }
        if !orphans.is_empty() {
            for conn in orphans {
                let _ = catch_panic(|| drop(conn));
            }
            self.changed.notify_waiters();
        }
        result
    }

    /// Takes an idle connection, if nobody was first.
    pub(super) fn try_take(
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
    pub(super) fn take_or_join(
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
    pub(super) fn poll_ticket(
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
    pub(super) fn leave(&self, ticket: &Ticket) {
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
    pub(super) fn report(&self, since: Instant) -> Box<AcquireReport> {
        let now = Instant::now();
        Box::new(self.state.lock().report(&self.config, now.saturating_duration_since(since), now))
    }

    /// Takes a connection back from its user. `discard` if it is not to be used any more.
    pub(super) fn give_back(&self, loan: Loan<M::Connection>, discard: bool) {
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

    /// Hands out no more connections; whoever waits is told.
    pub(super) fn close(&self) {
        let wakers = self.change(|state| {
            if std::mem::replace(&mut state.closed, true) {
                return Vec::new();
            }
            state.attention = true;
            state.line.wakers()
        });
        wakers.into_iter().for_each(Waker::wake);
        self.changed.notify_waiters();
    }

    /// Gives the connections up: from now on there is nobody any more to close them properly.
    pub(super) fn orphan(&self) {
        self.close();
        self.change(|state| state.orphaned = true);
    }

    /// Whether it is closed and has no connection any more.
    pub(super) fn is_ended(&self) -> bool {
        let state = self.state.lock();
        state.closed && state.size() == 0
    }

    pub(super) async fn ended(&self) {
        self.wait(Self::is_ended).await;
    }

    pub(super) async fn drain(&self, deadline: Instant) -> DrainReceipt {
        let start = Instant::now();
        self.close();
        let _ = tokio::time::timeout_at(deadline, self.ended()).await;
        let now = Instant::now();
        let state = self.state.lock();
        let held = state.holders(now);
        DrainReceipt {
            took: now.saturating_duration_since(start),
            counts: state.counts,
            closing: state.size() - held.len(),
            held,
        }
    }

    /// Waits until there are as many connections as a pool is to start with.
    pub(super) async fn warm(&self) -> Result<(), ConnectFailure> {
        let verdict = |plane: &Self| {
            let state = plane.state.lock();
            match state.last_failure(Instant::now()) {
                Some(failure) => Some(Err(failure)),
                None => (state.closed || state.counts.opened >= state.floor as u64).then_some(Ok(())),
            }
        };
        self.wait(|plane| verdict(plane).is_some()).await;
        self.state.lock().floor = self.config.min_idle;
        verdict(self).unwrap_or(Ok(()))
    }

    /// Waits until `done`, which `changed` tells of.
    async fn wait(&self, done: impl Fn(&Self) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if done(self) {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn status(&self) -> ConnectionPoolStatus {
        self.state.lock().status(&self.config, Instant::now())
    }

    /// What the pool's own tasks run in.
    fn context(&self) -> Context {
        Context::root(self.reaper.clone()).named(self.config.name.clone())
    }
}
