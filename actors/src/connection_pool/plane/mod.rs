//! The data plane: plain shared state that users of connections touch directly.

mod checkout;
mod control;
mod keeper;
mod line;
mod state;
mod tasks;

use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;

use parking_lot::Mutex;
use patterns_core::context::Context;
use patterns_core::reaper::Reaper;
use state::State;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::meters::Meters;
use super::{ConnectFailure, ConnectionManager, ConnectionPoolConfig, ConnectionPoolStatus, DrainReceipt, ResizeError};
use crate::quiet::drop_quietly;
use crate::signal::Signal;
pub(super) use control::Drive;
pub(super) use line::Ticket;
pub(super) use state::{Conn, Taken};

/// The shared state of one pool.
pub(super) struct Plane<M: ConnectionManager> {
    pub(super) config: ConnectionPoolConfig,
    /// Also of use to those methods of a pool that only one kind of it has.
    pub(super) manager: M,
    /// Where connections are opened, checked and closed.
    runtime: Handle,
    reaper: Reaper,
    state: Mutex<State<M::Connection>>,
    signal: Signal,
    meters: Meters,
    /// Something changed that a start, a drain or the keeper waits for.
    changed: Notify,
}

/// One handle's hold on its pool. Each has its own, as do the connections that it lends: so they are counted
/// where they are used, and not all in one place that every core writes to.
pub(super) struct Tie<M: ConnectionManager> {
    pub(super) plane: Arc<Plane<M>>,
}

impl<M: ConnectionManager> Plane<M> {
    pub(super) fn new(manager: M, config: ConnectionPoolConfig, runtime: Handle, reaper: Reaper) -> Self {
        let state = Mutex::new(State::new(&config));
        let meters = Meters::new(&config.name);
        Self { config, manager, runtime, reaper, state, signal: Signal::default(), meters, changed: Notify::new() }
    }

    /// Changes the state, and tells the control plane if there is something to do.
    #[inline]
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
                drop_quietly(conn);
            }
            self.show();
            self.changed.notify_waiters();
        }
        result
    }

    /// Shows the figures to whoever records them.
    fn show(&self) {
        let figures = self.state.lock().figures();
        self.meters.tell(figures);
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
        self.show();
    }

    /// Changes the limits.
    pub(super) fn resize(&self, max_size: usize, min_idle: usize) -> Result<(), ResizeError> {
        if max_size == 0 {
            return Err(ResizeError::Zero);
        }
        if min_idle > max_size {
            return Err(ResizeError::MinAboveMax { min_idle, max_size });
        }
        self.change(|state| state.resize(max_size, min_idle));
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Whether it is closed and has no connection any more.
    pub(super) fn is_ended(&self) -> bool {
        let state = self.state.lock();
        state.closed && state.size() == 0 && !state.kept
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
                None => (state.closed || state.counts.opened >= state.floor() as u64).then_some(Ok(())),
            }
        };
        self.wait(|plane| verdict(plane).is_some()).await;
        let warm = verdict(self).unwrap_or(Ok(()));
        self.state.lock().warming = false;
        warm
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
        self.state.lock().status(Instant::now())
    }

    /// Starts a task that a shutdown waits for.
    #[cfg(feature = "sqlite")]
    pub(super) fn spawn(&self, name: &'static str, fut: impl Future<Output = ()> + Send + 'static) {
        let context = self.context().named(name);
        let tracked = self.reaper.track(context.path().clone());
        drop(self.runtime.spawn(context.scope(async move {
            let _tracked = tracked;
            fut.await;
        })));
    }

    /// What the pool's own tasks run in.
    fn context(&self) -> Context {
        Context::root(self.reaper.clone()).named(self.config.name.clone())
    }
}
