//! Who sees to it that every wait has a limit.
//!
//! Most waits are over within microseconds, and a timer for each would cost more than all the rest of them. So
//! whoever waits has none at first; one task, which runs only while there are such waits, wakes those that have
//! lasted for longer, to make their own.

use std::pin::pin;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use tokio::time::sleep;

use super::Plane;
use crate::connection_pool::ConnectionManager;

/// How long a wait goes without a timer: for one to two of these.
const ROUND: Duration = Duration::from_millis(20);

impl<M: ConnectionManager> Plane<M> {
    /// Whether a wait may be without a limit at first: none of the limits is so near that it would be missed.
    pub(crate) fn is_patient(&self) -> bool {
        self.config.acquire_timeout >= ROUND * 4
    }

    /// Starts the keeper, which is already counted as running.
    pub(super) fn start_keeper(self: &Arc<Self>) {
        let keeping = Keeping { plane: Arc::clone(self), round_over: false };
        let context = self.context().named("keeper");
        drop(self.runtime.spawn(context.scope(async move {
            let mut keeping = keeping;
            while keeping.round().await {}
        })));
    }
}

/// That the keeper runs. Dropped by the end of its runtime, it wakes all who relied on it.
struct Keeping<M: ConnectionManager> {
    plane: Arc<Plane<M>>,
    /// Whether nobody relies on it any more.
    round_over: bool,
}

impl<M: ConnectionManager> Keeping<M> {
    /// Whether there is to be another.
    async fn round(&mut self) -> bool {
        let mut changed = pin!(self.plane.changed.notified());
        changed.as_mut().enable();
        if !self.plane.is_closed() {
            tokio::select! {
                () = sleep(ROUND) => {}
                // It may have been closed.
                () = changed => {}
            }
        }
        let (due, more) = self.plane.change(|state| {
            let (due, more) = state.line.round();
            let more = more && !state.closed;
            state.kept = more;
            (due, more)
        });
        self.round_over = !more;
        due.into_iter().for_each(Waker::wake);
        more
    }
}

impl<M: ConnectionManager> Drop for Keeping<M> {
    fn drop(&mut self) {
        if !self.round_over {
            let wakers = self.plane.change(|state| {
                state.kept = false;
                state.line.wakers()
            });
            wakers.into_iter().for_each(Waker::wake);
        }
        self.plane.changed.notify_waiters();
    }
}
