use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rand::RngExt;
use tokio::time::Instant;

use super::window::{Mark, Span, Sums, Window};
use super::{Change, OnCancel, Open, State, Status};
use crate::context::far_future_or;
use crate::outcome::catch_panic;

pub(super) type Listener = Arc<dyn Fn(&Change) + Send + Sync>;

/// What never changes.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) name: Cow<'static, str>,
    pub(super) span: Span,
    pub(super) min_calls: usize,
    pub(super) failure_rate: f64,
    pub(super) consecutive: Option<u32>,
    pub(super) slow: Option<(Duration, f64)>,
    pub(super) open_for: Duration,
    pub(super) max_open: Duration,
    pub(super) jitter: f64,
    pub(super) probes: u32,
    pub(super) probe_limit: Duration,
    pub(super) on_cancel: OnCancel,
    pub(super) listener: Option<Listener>,
}

/// What the clones of a breaker share.
///
/// # Invariants
///
/// 1. `period` changes only under the lock, and with each change of state. A call belongs to the period in which it
///    entered; it counts for nothing once that is over.
/// 2. Half open, `probes_out + probes_ok` is at most the number of probes, and each probe that is out has a
///    [`Call`](super::Call).
pub(super) struct Core {
    pub(super) config: Config,
    /// The state in the two lowest bits, above them the number of the period: what an entry needs, in one load.
    period: AtomicU64,
    inner: Mutex<Inner>,
}

struct Inner {
    window: Window,
    consecutive: u32,
    probes_out: u32,
    probes_ok: u32,
    /// When the last probe was let in.
    probed: Instant,
    /// When it opened, and until when it is open; the second `None` where it is held open by hand.
    since: Instant,
    until: Option<Instant>,
    /// How often it has opened since it was last closed.
    in_a_row: u32,
    cause: String,
    opened: u64,
    rejected: u64,
}

const STATE: u64 = 3;
const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;
const PERIOD: u64 = 4;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ok,
    Failed,
    Dropped,
    Ignored,
}

fn state(period: u64) -> State {
    match period & STATE {
        CLOSED => State::Closed,
        OPEN => State::Open,
        _ => State::HalfOpen,
    }
}

impl Core {
    pub(super) fn new(config: Config) -> Self {
        let inner = Inner {
            window: Window::new(config.span),
            consecutive: 0,
            probes_out: 0,
            probes_ok: 0,
            probed: Instant::now(),
            since: Instant::now(),
            until: None,
            in_a_row: 0,
            cause: String::new(),
            opened: 0,
            rejected: 0,
        };
        Self { config, period: AtomicU64::new(CLOSED), inner: Mutex::new(inner) }
    }

    /// The period that a call enters.
    #[inline]
    pub(super) fn enter(&self) -> Result<u64, Open> {
        let period = self.period.load(Ordering::Acquire);
        if period & STATE == CLOSED { Ok(period) } else { self.enter_unless_open() }
    }

    #[cold]
    fn enter_unless_open(&self) -> Result<u64, Open> {
        let mut inner = self.inner.lock();
        let mut period = self.period.load(Ordering::Relaxed);
        let mut change = None;
        let now = Instant::now();
        if period & STATE == OPEN && inner.until.is_some_and(|until| until <= now) {
            (inner.probes_out, inner.probes_ok) = (0, 0);
            (period, change) = self.go(period, HALF_OPEN, || "it was open for its time".to_owned());
        }
        let entered = match period & STATE {
            CLOSED => true,
            HALF_OPEN if inner.probes_out + inner.probes_ok < self.config.probes => {
                inner.probes_out += 1;
                inner.probed = now;
                true
            }
            HALF_OPEN if now.saturating_duration_since(inner.probed) >= self.config.probe_limit => {
                // Nobody would ever get in again: a probe that hangs has failed.
                let why = format!("a probe did not end within {:?}", self.config.probe_limit);
                change = self.open(&mut inner, period, why);
                period = self.period.load(Ordering::Relaxed);
                false
            }
            _ => false,
        };
        let result = if entered {
            Ok(period)
        } else {
            inner.rejected += 1;
            Err(Open {
                name: self.config.name.to_string(),
                since: now.saturating_duration_since(inner.since),
                cause: inner.cause.clone(),
                retry_after: match period & STATE {
                    OPEN => far_future_or(inner.until).saturating_duration_since(now),
                    _ => Duration::ZERO,
                },
            })
        };
        drop(inner);
        self.tell(change);
        result
    }

    /// A call that entered in `period` has ended.
    pub(super) fn end(&self, period: u64, end: End, slow: bool) {
        let end = match (end, self.config.on_cancel) {
            (End::Dropped, OnCancel::Failure) => End::Failed,
            (end, _) => end,
        };
        let ignored = matches!(end, End::Dropped | End::Ignored);
        if ignored && period & STATE == CLOSED {
            return;
        }
        let mut inner = self.inner.lock();
        if self.period.load(Ordering::Relaxed) != period {
            return;
        }
        let change = if period & STATE == CLOSED {
            self.count(&mut inner, period, Mark { failed: end == End::Failed, slow })
        } else {
            self.judge_probe(&mut inner, period, end, ignored, slow)
        };
        drop(inner);
        self.tell(change);
    }

    #[inline]
    fn count(&self, inner: &mut Inner, period: u64, mark: Mark) -> Option<Change> {
        inner.window.add(mark, Instant::now);
        inner.consecutive = if mark.failed { inner.consecutive + 1 } else { 0 };
        // As of the last call that was added: that is now.
        let sums = inner.window.sums_so_far();
        if sums.failed == 0 && sums.slow == 0 {
            return None;
        }
        let why = self.verdict(sums, inner.consecutive)?;
        self.open(inner, period, why)
    }

    /// Why it must open, if it must.
    fn verdict(&self, sums: Sums, consecutive: u32) -> Option<String> {
        let config = &self.config;
        if config.consecutive.is_some_and(|limit| consecutive >= limit) {
            let s = if consecutive == 1 { "" } else { "s" };
            return Some(format!("{consecutive} failure{s} in a row"));
        }
        if sums.calls < config.min_calls {
            return None;
        }
        let share = |n: usize| n as f64 / sums.calls as f64;
        if share(sums.failed) >= config.failure_rate {
            return Some(format!("{} of {} calls failed", sums.failed, sums.calls));
        }
        let (limit, rate) = config.slow?;
        let slow = share(sums.slow) >= rate;
        slow.then(|| format!("{} of {} calls took longer than {limit:?}", sums.slow, sums.calls))
    }

    fn judge_probe(&self, inner: &mut Inner, period: u64, end: End, ignored: bool, slow: bool) -> Option<Change> {
        inner.probes_out -= 1;
        if ignored {
            return None;
        }
        if end == End::Failed || slow {
            let why = if slow && end != End::Failed { "a probe was slow" } else { "a probe failed" };
            return self.open(inner, period, why.to_owned());
        }
        inner.probes_ok += 1;
        if inner.probes_ok < self.config.probes {
            return None;
        }
        self.close(inner, period, "its probes succeeded")
    }

    fn open(&self, inner: &mut Inner, period: u64, why: String) -> Option<Change> {
        inner.opened += 1;
        inner.in_a_row = inner.in_a_row.saturating_add(1);
        inner.since = Instant::now();
        let config = &self.config;
        let doubled = config.open_for.saturating_mul(2_u32.saturating_pow(inner.in_a_row - 1));
        let time = doubled.min(config.max_open.max(config.open_for));
        let time = time.saturating_add(time.mul_f64(config.jitter * rand::rng().random::<f64>()));
        inner.until = Some(far_future_or(inner.since.checked_add(time)));
        inner.cause.clone_from(&why);
        self.go(period, OPEN, || why).1
    }

    fn close(&self, inner: &mut Inner, period: u64, why: &str) -> Option<Change> {
        inner.in_a_row = 0;
        inner.consecutive = 0;
        inner.window.clear();
        self.go(period, CLOSED, || why.to_owned()).1
    }

    /// Begins a new period. Under the lock.
    fn go(&self, from: u64, to: u64, why: impl FnOnce() -> String) -> (u64, Option<Change>) {
        let period = ((from & !STATE) + PERIOD) | to;
        self.period.store(period, Ordering::Release);
        let (from, to) = (state(from), state(period));
        let change = Change { name: self.config.name.to_string(), from, to, cause: why() };
        (period, Some(change))
    }

    /// Tells the listener, under no lock.
    fn tell(&self, change: Option<Change>) {
        let Some(change) = change else { return };
        tracing::info!(breaker = %change.name, from = %change.from, to = %change.to, cause = %change.cause, "changed");
        if let Some(listener) = &self.config.listener
            && let Err(panic) = catch_panic(|| listener(&change))
        {
            tracing::error!(breaker = %change.name, %panic, "its listener panicked");
        }
    }

    pub(super) fn force(&self, open: bool) {
        let mut inner = self.inner.lock();
        let period = self.period.load(Ordering::Relaxed);
        let change = if open {
            inner.opened += 1;
            inner.since = Instant::now();
            inner.until = None;
            "it was opened by hand".clone_into(&mut inner.cause);
            self.go(period, OPEN, || "it was opened by hand".to_owned()).1
        } else {
            self.close(&mut inner, period, "it was closed by hand")
        };
        drop(inner);
        self.tell(change.filter(|change| change.from != change.to));
    }

    pub(super) fn status(&self) -> Status {
        let mut inner = self.inner.lock();
        let now = Instant::now();
        let state = state(self.period.load(Ordering::Relaxed));
        let Sums { calls, failed, slow } =
            if state == State::Closed { inner.window.sums(|| now) } else { Sums::default() };
        Status {
            name: self.config.name.to_string(),
            state,
            cause: inner.cause.clone(),
            calls,
            failed,
            slow,
            consecutive_failures: inner.consecutive,
            probes: if state == State::HalfOpen { inner.probes_out } else { 0 },
            opened: inner.opened,
            rejected: inner.rejected,
            retry_after: inner.until.filter(|_| state == State::Open).map(|until| until.saturating_duration_since(now)),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("span", &self.span)
            .field("min_calls", &self.min_calls)
            .field("failure_rate", &self.failure_rate)
            .field("consecutive", &self.consecutive)
            .field("slow", &self.slow)
            .field("open_for", &self.open_for)
            .field("max_open", &self.max_open)
            .field("jitter", &self.jitter)
            .field("probes", &self.probes)
            .field("probe_limit", &self.probe_limit)
            .field("on_cancel", &self.on_cancel)
            .finish_non_exhaustive()
    }
}
