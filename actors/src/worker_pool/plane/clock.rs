//! Keeping a paused clock still while threads work.
//!
//! tokio moves a paused clock to the next timer as soon as its runtime has nothing to do, and it does
//! not know of our threads: a test that waits for a CPU job beside a one-hour timeout would see the
//! hour pass first. A task on tokio's blocking pool holds the clock, so for as long as CPU jobs are in
//! flight on a paused clock, one such task waits for their end.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use tokio::runtime::{Handle, RuntimeFlavor};

/// Holds a paused clock while jobs are in flight; costs one branch on a multi-threaded runtime, whose
/// clock can't be paused.
pub(super) struct ClockHold {
    /// The runtime whose clock could be paused.
    runtime: Option<Handle>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    none_left: Condvar,
}

#[derive(Default)]
struct State {
    jobs: usize,
    holding: bool,
}

impl ClockHold {
    pub(super) fn new(runtime: &Handle) -> Self {
        let can_pause = runtime.runtime_flavor() == RuntimeFlavor::CurrentThread;
        Self { runtime: can_pause.then(|| runtime.clone()), shared: Arc::default() }
    }

    /// Counts a job in, if the clock is paused; then it must be counted out by [`leave`](Self::leave).
    pub(super) fn enter(&self) -> bool {
        let Some(runtime) = &self.runtime else { return false };
        if !is_paused(runtime) {
            return false;
        }
        let mut state = self.shared.state.lock();
        state.jobs += 1;
        if !state.holding {
            state.holding = true;
            let shared = self.shared.clone();
            // Ends with the last job, and the runtime's own shutdown waits for it.
            drop(runtime.spawn_blocking(move || {
                let mut state = shared.state.lock();
                while state.jobs > 0 {
                    shared.none_left.wait(&mut state);
                }
                state.holding = false;
            }));
        }
        true
    }

    /// Counts a job out. Its result must have been handed over before: the clock may move now.
    pub(super) fn leave(&self) {
        let mut state = self.shared.state.lock();
        state.jobs -= 1;
        if state.jobs == 0 {
            self.shared.none_left.notify_all();
        }
    }
}

/// Whether tokio's clock stands still while the real one moves.
#[expect(clippy::disallowed_methods, reason = "asks whether the virtual clock is virtual at all")]
fn is_paused(runtime: &Handle) -> bool {
    let _entered = runtime.enter();
    let before = tokio::time::Instant::now();
    let start = std::time::Instant::now();
    while std::time::Instant::now() <= start {
        std::hint::spin_loop();
    }
    tokio::time::Instant::now() == before
}
