use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use parking_lot::Mutex;
use patterns_core::outcome::Panic;
use serde::Serialize;

/// What an actor is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ActorState {
    /// It has not run yet.
    Starting,
    /// It handles messages.
    Running,
    /// It panicked and waits to be built anew; messages wait too.
    Restarting,
    /// It takes in nothing more and handles what is in.
    Draining,
    /// It is no more.
    Stopped,
}

impl fmt::Display for ActorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        })
    }
}

/// The curriculum of an actor. Written by its supervisor only.
#[derive(Debug, Default)]
pub(crate) struct Life {
    state: AtomicU8,
    incarnation: AtomicU64,
    panics: AtomicU64,
    /// The incarnation that crashed last, and over what.
    crash: Mutex<Option<Box<(u64, Panic)>>>,
}

const STATES: [ActorState; 4] =
    [ActorState::Starting, ActorState::Running, ActorState::Restarting, ActorState::Stopped];

impl Life {
    /// Its state, not looking at whether its mailbox is closed.
    pub(crate) fn state(&self) -> ActorState {
        STATES[usize::from(self.state.load(Ordering::Acquire))]
    }

    fn set(&self, state: ActorState) {
        let index = STATES.iter().position(|known| *known == state).unwrap_or(0);
        self.state.store(u8::try_from(index).unwrap_or(0), Ordering::Release);
    }

    /// A new incarnation is about to be built.
    pub(super) fn begin(&self) {
        self.incarnation.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn run(&self) {
        self.set(ActorState::Running);
    }

    /// This incarnation has panicked. To be said before anything of it is dropped.
    pub(super) fn crash(&self, panic: Panic) {
        *self.crash.lock() = Some(Box::new((self.incarnation(), panic)));
        self.panics.fetch_add(1, Ordering::Relaxed);
        self.set(ActorState::Restarting);
    }

    /// There will be no more messages and no more incarnations.
    pub(crate) fn end(&self) {
        self.set(ActorState::Stopped);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state() == ActorState::Stopped
    }

    /// 1 is the first; 0 before it.
    pub(crate) fn incarnation(&self) -> u64 {
        self.incarnation.load(Ordering::Relaxed)
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.incarnation().saturating_sub(1)
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn last_panic(&self) -> Option<Panic> {
        self.crash.lock().as_ref().map(|crash| crash.1.clone())
    }

    /// The panic that ended `incarnation` or a later one.
    pub(crate) fn crash_since(&self, incarnation: u64) -> Option<Panic> {
        self.crash.lock().as_ref().filter(|crash| crash.0 >= incarnation).map(|crash| crash.1.clone())
    }
}
