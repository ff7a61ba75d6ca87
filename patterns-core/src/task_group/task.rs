use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

use super::shared::Shared;
use crate::cancel::{CancelCause, CancelToken};
use crate::context::TaskPath;

/// Its grace is over: it must end at its next poll.
const ABORTED: u8 = 1;
/// Nobody will take its value.
const UNTAKEN: u8 = 2;
/// It has ended.
const FINISHED: u8 = 4;

/// What a child has of its own. Its token and its path are made when somebody asks for them, since
/// most children end before anybody does.
pub(crate) struct Task {
    group: Arc<Shared>,
    name: Cow<'static, str>,
    place: &'static Location<'static>,
    /// When it first had to wait: its first poll began at that instant, or had blocked since.
    started: OnceLock<Instant>,
    token: OnceLock<CancelToken>,
    path: OnceLock<TaskPath>,
    /// Set when it first had to wait: tokio's wakers of one task are all alike.
    waker: OnceLock<Waker>,
    flags: AtomicU8,
}

impl Task {
    pub(super) fn new(group: Arc<Shared>, name: Cow<'static, str>, place: &'static Location<'static>) -> Self {
        Self {
            group,
            name,
            place,
            started: OnceLock::new(),
            token: OnceLock::new(),
            path: OnceLock::new(),
            waker: OnceLock::new(),
            flags: AtomicU8::new(0),
        }
    }

    pub(crate) fn group(&self) -> &Arc<Shared> {
        &self.group
    }

    pub(crate) fn token(&self) -> &CancelToken {
        self.token.get_or_init(|| self.group.token().child())
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cause().is_some()
    }

    pub(super) fn cause(&self) -> Option<&CancelCause> {
        self.token.get().unwrap_or_else(|| self.group.token()).cause()
    }

    pub(crate) fn path(&self) -> &TaskPath {
        self.path.get_or_init(|| self.group.context().path().join(self.name.clone()))
    }

    pub(super) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// Since it first ran; zero where it never had to wait. No clock is read for the many that never do.
    pub(super) fn age(&self) -> Duration {
        self.started.get().map_or(Duration::ZERO, |started| Instant::now().saturating_duration_since(*started))
    }

    /// It has to wait for the first time.
    pub(super) fn set_waker(&self, waker: &Waker) {
        self.started.get_or_init(Instant::now);
        self.waker.get_or_init(|| waker.clone());
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.has(ABORTED)
    }

    /// Marks it as aborted; whoever calls this then wakes it.
    pub(super) fn abort(&self) -> Option<Waker> {
        self.set(ABORTED);
        self.waker.get().cloned()
    }

    pub(super) fn is_untaken(&self) -> bool {
        self.has(UNTAKEN)
    }

    pub(super) fn set_untaken(&self) {
        self.set(UNTAKEN);
    }

    pub(super) fn is_finished(&self) -> bool {
        self.has(FINISHED)
    }

    pub(super) fn set_finished(&self) {
        self.set(FINISHED);
    }

    fn has(&self, flag: u8) -> bool {
        self.flags.load(Ordering::Acquire) & flag == flag
    }

    fn set(&self, flag: u8) {
        self.flags.fetch_or(flag, Ordering::AcqRel);
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("path", self.path()).field("age", &self.age()).finish_non_exhaustive()
    }
}
