use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Handle;

#[cfg(feature = "inspect")]
use super::state::Claim;
use super::state::{Slot, State};
use super::sync::{Mutex, MutexGuard};
use super::watch;
use crate::waiters::Wakes;

/// What the handles of one semaphore share.
pub(crate) struct Shared {
    pub(super) name: Cow<'static, str>,
    pub(super) grace: Duration,
    pub(super) state: Mutex<State>,
    /// Where the watch runs if it is started from outside of any runtime: where somebody first had to wait.
    pub(super) runtime: OnceLock<Handle>,
    #[cfg(feature = "inspect")]
    pub(super) _registered: Option<crate::inspect::Registered<Self>>,
}

impl Shared {
    /// Runs `f` under the lock, then wakes whom it says, and sees to it that offers are watched.
    pub(super) fn locked<R>(self: &Arc<Self>, f: impl FnOnce(&mut State, &mut Wakes) -> R) -> R {
        let mut state = self.state.lock();
        let mut wakes = Wakes::default();
        let result = f(&mut state, &mut wakes);
        self.unlock(state, wakes);
        result
    }

    /// What is due after a change: the second half of [`locked`](Self::locked).
    pub(super) fn unlock(self: &Arc<Self>, mut state: MutexGuard<'_, State>, wakes: Wakes) {
        let watch = state.start_watch();
        drop(state);
        wakes.fire();
        if watch {
            watch::start(self);
        }
    }

    #[inline]
    pub(super) fn give_back(self: &Arc<Self>, n: usize, slot: Slot) {
        let mut state = self.state.lock();
        // Dropped under no lock: it may be the last reference to a task.
        let _who = state.give_back(n, slot);
        if state.is_waited_for() {
            let mut wakes = Wakes::default();
            state.advance(&mut wakes);
            self.unlock(state, wakes);
        } else {
            drop(state);
        }
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The limit, what is free, the holders, and the waiters.
    #[cfg(feature = "inspect")]
    pub(crate) fn look(&self) -> (usize, usize, Vec<Claim>, Vec<Claim>) {
        let state = self.state.lock();
        let waiters = state.waiters().map(|(claim, _)| claim).collect();
        (state.limit(), state.limit().saturating_sub(state.taken()), state.holders(), waiters)
    }
}
