//! A site while it is watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actors::scheduler::ScheduleHandle;
use jiff::Timestamp;
use parking_lot::Mutex;
use patterns_core::cancel::{CancelCause, CancelKind, CancelToken};
use tokio::time::Instant;

use super::config::SiteConfig;
use super::view::ProgressView;
use crate::progress::ProgressState;

/// A site while it is watched: its settings, its schedule, and what is being done about it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    /// Its number in the store.
    pub(crate) id: i64,
    /// Held by whoever begins a check of it.
    pub(crate) beginning: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: Arc<SiteConfig>,
    paused: bool,
    schedule: Option<ScheduleHandle>,
    /// Somebody asked for a check that has not begun yet.
    requested: bool,
    /// How many checks wait for their turn.
    waiting: usize,
    current: Vec<Arc<Current>>,
    /// The runs that somebody has taken on, whether they have their turn or wait for it.
    taken: Vec<i64>,
}

/// A run that goes on.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) run: i64,
    pub(crate) progress: Arc<ProgressState>,
    since: Instant,
    elapsed_before: u64,
    token: CancelToken,
    cancelled: AtomicBool,
}

impl Current {
    pub(crate) fn new(run: i64, elapsed_before: u64, token: CancelToken) -> Self {
        let (progress, since) = (Arc::default(), Instant::now());
        Self { run, progress, since, elapsed_before, token, cancelled: AtomicBool::new(false) }
    }

    /// Asks it to stop, for good.
    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.token.cancel_with(CancelCause::new(CancelKind::Requested, "cancelled"));
    }

    /// Whether somebody asked it to stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(crate) fn view(&self) -> ProgressView {
        let progress = self.progress.snapshot();
        let elapsed = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        ProgressView {
            pages: progress.pages,
            queued: progress.queued,
            broken: progress.broken,
            elapsed_ms: elapsed.saturating_add(self.elapsed_before),
        }
    }
}

/// What is being done about a site, at an instant.
#[derive(Clone, Debug)]
pub(crate) struct Now {
    pub(crate) config: Arc<SiteConfig>,
    pub(crate) paused: bool,
    pub(crate) waiting: bool,
    pub(crate) current: Option<Arc<Current>>,
    /// When its schedule has the next check.
    pub(crate) next: Option<Timestamp>,
}

impl Site {
    pub(crate) fn new(name: String, id: i64, config: Arc<SiteConfig>, paused: bool) -> Self {
        let state = State {
            config,
            paused,
            schedule: None,
            requested: false,
            waiting: 0,
            current: Vec::new(),
            taken: Vec::new(),
        };
        Self { name, id, beginning: tokio::sync::Mutex::default(), state: Mutex::new(state) }
    }

    pub(crate) fn config(&self) -> Arc<SiteConfig> {
        Arc::clone(&self.state.lock().config)
    }

    pub(crate) fn set_config(&self, config: Arc<SiteConfig>) {
        self.state.lock().config = config;
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.state.lock().paused
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        self.state.lock().paused = paused;
    }

    pub(crate) fn schedule(&self) -> Option<ScheduleHandle> {
        self.state.lock().schedule.clone()
    }

    pub(crate) fn set_schedule(&self, schedule: ScheduleHandle) {
        self.state.lock().schedule = Some(schedule);
    }

    /// Notes that somebody asked for a check.
    pub(crate) fn request(&self) {
        self.state.lock().requested = true;
    }

    /// Whether somebody asked for the check that begins now.
    pub(crate) fn take_request(&self) -> bool {
        std::mem::take(&mut self.state.lock().requested)
    }

    /// The numbers of the runs that go on in this process.
    pub(crate) fn running(&self) -> Vec<i64> {
        self.state.lock().taken.clone()
    }

    /// Takes a run on, until what this gives is dropped.
    pub(crate) fn take(&self, run: i64) -> Taken<'_> {
        self.state.lock().taken.push(run);
        Taken { site: self, run }
    }

    /// Counts a check that waits for its turn, until what this gives is dropped.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        self.state.lock().waiting += 1;
        Waiting(self)
    }

    /// Shows a run as going on, until what this gives is dropped.
    pub(crate) fn show(&self, current: &Arc<Current>) -> Shown<'_> {
        self.state.lock().current.push(Arc::clone(current));
        Shown { site: self, run: current.run }
    }

    /// Asks all runs that go on to stop; how many those are.
    pub(crate) fn cancel(&self) -> usize {
        let current = self.state.lock().current.clone();
        current.iter().for_each(|current| current.cancel());
        current.len()
    }

    /// Asks all runs that go on to stop, to be gone on with by whoever comes next.
    pub(crate) fn leave(&self) {
        let current = self.state.lock().current.clone();
        for current in current {
            current.token.cancel_with(CancelCause::new(CancelKind::Shutdown, "the service is being stopped"));
        }
    }

    pub(crate) fn now(&self) -> Now {
        let state = self.state.lock();
        let paused = state.paused;
        let scheduled = !paused && state.config.schedule.is_scheduled();
        let schedule = state.schedule.clone().filter(|_| scheduled);
        let (config, waiting) = (Arc::clone(&state.config), state.waiting > 0);
        let current = state.current.last().cloned();
        drop(state);
        let next = schedule.and_then(|schedule| schedule.status().next_at);
        Now { config, paused, waiting, current, next }
    }
}

/// A check that waits for its turn.
#[derive(Debug)]
pub(crate) struct Waiting<'a>(&'a Site);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state.lock().waiting -= 1;
    }
}

/// A run that was taken on.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    site: &'a Site,
    run: i64,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.site.state.lock().taken.retain(|run| *run != self.run);
    }
}

/// A run that is shown as going on.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    site: &'a Site,
    run: i64,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.site.state.lock().current.retain(|current| current.run != self.run);
    }
}
