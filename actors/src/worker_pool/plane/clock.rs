//! Keeping a paused clock still while threads work.
//!
//! tokio moves a paused clock to the next timer as soon as its runtime has nothing to do, and it does not know of our
//! threads: a test that waits for a CPU job beside a one-hour timeout would see the hour pass first. A task on
//! tokio's blocking pool holds the clock, so for as long as any thread of the pool is awake on a paused clock, one
//! such task waits for their rest. What only waits (for its key's rate, or for a permit) holds nothing, as it may be
//! the clock that it waits for.

use std::sync::Arc;

use tokio::runtime::{Handle, RuntimeFlavor};

use super::lounge::Lounge;

/// Holds a paused clock while threads are awake; costs one branch on a multi-threaded runtime, whose
/// clock can't be paused.
pub(super) struct ClockHold {
    /// The runtime whose clock could be paused.
    runtime: Option<Handle>,
}

impl ClockHold {
    pub(super) fn new(runtime: &Handle) -> Self {
        let can_pause = runtime.runtime_flavor() == RuntimeFlavor::CurrentThread;
        Self { runtime: can_pause.then(|| runtime.clone()) }
    }

    /// Holds the clock until all threads rest. A thread hands over what it has done before that.
    pub(super) fn hold(&self, lounge: &Arc<Lounge>) {
        if let Some(runtime) = &self.runtime
            && !lounge.is_held()
            && is_paused(runtime)
            && lounge.begin_hold()
        {
            let lounge = Arc::clone(lounge);
            // Ends with the last job, and the runtime's own shutdown waits for it.
            drop(runtime.spawn_blocking(move || lounge.hold()));
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
