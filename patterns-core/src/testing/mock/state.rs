use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Reply;
use crate::outcome::{Panic, catch_panic};

/// How often a mock was called, and what became of the calls.
///
/// `called = in_flight + finished + cancelled + panicked` at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MockStatus {
    /// Calls that began: whose future was polled.
    pub called: usize,
    /// Calls that have begun and not ended.
    pub in_flight: usize,
    /// Calls that returned.
    pub finished: usize,
    /// Calls whose future was dropped before it returned.
    pub cancelled: usize,
    /// Calls that panicked: as they were told to, as user code in a reply did, or as they were unexpected.
    pub panicked: usize,
    /// Of those, the unexpected ones: the script was used up, and there was no default.
    pub unexpected: usize,
}

/// Makes a reply for each call that the script has none for.
pub(super) type Maker<Args, Out> = Arc<dyn Fn() -> Reply<Args, Out> + Send + Sync>;

/// What the clones of a mock share.
pub(super) struct Shared<Args, Out> {
    pub(super) name: Cow<'static, str>,
    pub(super) state: Mutex<State<Args, Out>>,
    /// Told of each call.
    pub(super) more: Notify,
}

/// Behind the lock, under which no user code is called.
pub(super) struct State<Args, Out> {
    /// What the next calls get, once each.
    pub(super) script: VecDeque<Reply<Args, Out>>,
    /// How long the script was in all.
    pub(super) scripted: usize,
    pub(super) default: Option<Maker<Args, Out>>,
    pub(super) latency: Duration,
    pub(super) log: Vec<Call<Args>>,
    pub(super) status: MockStatus,
}

/// A call, as it began.
pub(super) struct Call<Args> {
    pub(super) args: Arc<Args>,
    pub(super) at: Instant,
}

pub(super) enum Next<Args, Out> {
    Reply(Reply<Args, Out>),
    Make(Maker<Args, Out>),
    Nothing { call: usize, scripted: usize },
}

#[derive(Clone, Copy)]
enum Ended {
    Finished,
    Cancelled,
    Panicked,
}

/// A call in flight: counted as what it ended as when this is dropped.
pub(super) struct Running<Args, Out> {
    shared: Arc<Shared<Args, Out>>,
    pub(super) latency: Duration,
    ended: Ended,
}

impl<Args, Out> Running<Args, Out> {
    pub(super) fn begin(shared: Arc<Shared<Args, Out>>, args: Arc<Args>) -> (Self, Next<Args, Out>) {
        let at = Instant::now();
        let mut state = shared.state.lock();
        state.log.push(Call { args, at });
        state.status.called += 1;
        state.status.in_flight += 1;
        let latency = state.latency;
        let next = match (state.script.pop_front(), &state.default) {
            (Some(reply), _) => Next::Reply(reply),
            (None, Some(make)) => Next::Make(Arc::clone(make)),
            (None, None) => Next::Nothing { call: state.status.called, scripted: state.scripted },
        };
        if let Next::Nothing { .. } = next {
            state.status.unexpected += 1;
        }
        drop(state);
        shared.more.notify_waiters();
        (Self { shared, latency, ended: Ended::Cancelled }, next)
    }

    /// Calls user code; a panic in it is the call's.
    pub(super) fn guard<R>(&mut self, f: impl FnOnce() -> R) -> R {
        match catch_panic(f) {
            Ok(value) => value,
            Err(panic) => self.resume(panic),
        }
    }

    pub(super) fn resume(&mut self, panic: Panic) -> ! {
        self.ended = Ended::Panicked;
        panic.resume()
    }

    pub(super) fn panic(&mut self, message: &str) -> ! {
        self.ended = Ended::Panicked;
        panic!("{message}")
    }

    pub(super) fn unexpected(&mut self, call: usize, scripted: usize) -> ! {
        self.ended = Ended::Panicked;
        let name = &self.shared.name;
        panic!("unexpected call {call} of mock `{name}`: {scripted} replies were scripted, and it has no default")
    }

    pub(super) fn finished(&mut self) {
        self.ended = Ended::Finished;
    }
}

impl<Args, Out> Drop for Running<Args, Out> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        let status = &mut state.status;
        status.in_flight -= 1;
        match self.ended {
            Ended::Finished => status.finished += 1,
            Ended::Cancelled => status.cancelled += 1,
            Ended::Panicked => status.panicked += 1,
        }
    }
}
