//! A driver that misbehaves when it is told to.

mod driver;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actors::jobs::JobId;
use actors::jobs::driver::{DriverError, MemoryDriver};
use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::time::sleep;

/// What a driver is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    Enqueue,
    Take,
    Answer,
    Enter,
    Beat,
    Owners,
    Evict,
    Leave,
    Campaign,
    Resign,
    Turns,
    Limit,
    Pause,
    Cancel,
    Retry,
    Look,
    List,
    Counts,
    Prune,
    Woken,
}

impl Call {
    /// Those that a queue makes by itself, or to put a job.
    pub(super) const OF_A_QUEUE: [Self; 12] = [
        Self::Enqueue,
        Self::Take,
        Self::Answer,
        Self::Enter,
        Self::Beat,
        Self::Evict,
        Self::Campaign,
        Self::Resign,
        Self::Look,
        Self::Counts,
        Self::Prune,
        Self::Woken,
    ];
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Nothing is done, and it says so.
    Fail,
    /// Nothing is done, and it says that it never will be.
    Refuse,
    /// Nothing is done, and it says that nothing will be any more.
    End,
    /// Nothing is done, and it says nothing.
    Hang,
    /// It panics, before anything is done.
    Panic,
    /// It is done, and then it fails.
    Lose,
    /// It is done after so long.
    Slow(Duration),
    /// It is done, which is heard after so long.
    Late(Duration),
}

impl How {
    /// Those that a queue has to get over.
    pub(super) const PASSING: [Self; 5] =
        [Self::Fail, Self::Hang, Self::Panic, Self::Lose, Self::Slow(Duration::from_millis(700))];
}

/// Effects that this driver takes, and that always fail.
pub(super) struct Broken;

/// The engine of one process, which may be reached or not. A clone is the same.
#[derive(Clone)]
pub(super) struct Flaky(Arc<Inner>);

struct Inner {
    memory: MemoryDriver,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// For all calls, before all else.
    all: Option<How>,
    each: HashMap<Call, How>,
    once: HashMap<Call, VecDeque<How>>,
    /// Calls beyond so many are not answered.
    most: HashMap<Call, u64>,
    counts: HashMap<Call, u64>,
    /// How long each answer takes of those that are written together.
    each_answer: Duration,
    /// Jobs that it can't keep, and whose output it can't.
    refused: HashSet<JobId>,
    /// How many calls of a thousand go wrong, and the dice that say which.
    dice: Option<(SmallRng, u32)>,
}

impl Flaky {
    pub(super) fn new(memory: &MemoryDriver) -> Self {
        Self(Arc::new(Inner { memory: memory.clone(), state: Mutex::default() }))
    }

    /// From now on every call goes wrong like this, or none does.
    pub(super) fn all(&self, how: Option<How>) {
        self.0.state.lock().all = how;
    }

    /// From now on this call goes wrong like this, or does not.
    pub(super) fn set(&self, call: Call, how: Option<How>) {
        let mut state = self.0.state.lock();
        match how {
            Some(how) => drop(state.each.insert(call, how)),
            None => drop(state.each.remove(&call)),
        }
    }

    /// The next call of this kind goes wrong like this; said again, the one after it, too.
    pub(super) fn next(&self, call: Call, how: How) {
        self.0.state.lock().once.entry(call).or_default().push_back(how);
    }

    /// Answers no more than so many calls of this kind: so that a loop ends, and is seen.
    pub(super) fn most(&self, call: Call, calls: u64) {
        self.0.state.lock().most.insert(call, calls);
    }

    /// Neither keeps this job, nor what comes of it.
    pub(super) fn refuse(&self, job: JobId) {
        self.0.state.lock().refused.insert(job);
    }

    /// From now on each answer takes so long of those that are written together.
    pub(super) fn each_answer(&self, pause: Duration) {
        self.0.state.lock().each_answer = pause;
    }

    /// From now on so many calls of a thousand go wrong in some way.
    pub(super) fn at_random(&self, seed: u64, of_a_thousand: u32) {
        self.0.state.lock().dice = Some((SmallRng::seed_from_u64(seed), of_a_thousand));
    }

    /// From now on all goes well.
    pub(super) fn behave(&self) {
        let mut state = self.0.state.lock();
        (state.all, state.dice) = (None, None);
        state.each.clear();
        state.once.clear();
    }

    /// How often it was asked.
    pub(super) fn count(&self, call: Call) -> u64 {
        self.0.state.lock().counts.get(&call).copied().unwrap_or(0)
    }

    /// Counts a call, and says how it goes wrong.
    fn begin(&self, call: Call) -> Option<How> {
        let mut state = self.0.state.lock();
        let count = state.counts.entry(call).or_default();
        *count += 1;
        let count = *count;
        if state.most.get(&call).is_some_and(|most| count > *most) {
            return Some(How::Hang);
        }
        if let Some(how) = state.all.or_else(|| state.once.get_mut(&call)?.pop_front()) {
            return Some(how);
        }
        if let Some((dice, of_a_thousand)) = &mut state.dice
            && dice.random_range(0..1000) < *of_a_thousand
        {
            return How::PASSING.get(dice.random_range(0..How::PASSING.len())).copied();
        }
        state.each.get(&call).copied()
    }

    async fn call<T: Send>(
        &self,
        call: Call,
        asked: impl Future<Output = Result<T, DriverError>> + Send,
    ) -> Result<T, DriverError> {
        match self.begin(call) {
            None => asked.await,
            Some(How::Fail) => Err(DriverError::new("no route to the engine")),
            Some(How::Refuse) => Err(DriverError::refused("it is not one that can be kept")),
            Some(How::End) => Err(DriverError::Ended("a later version has written it".to_owned())),
            Some(How::Hang) => std::future::pending().await,
            Some(How::Panic) => panic!("the driver has panicked, as it was told to"),
            Some(How::Lose) => {
                drop(asked.await?);
                Err(DriverError::new("the answer was lost"))
            }
            Some(How::Slow(pause)) => {
                sleep(pause).await;
                asked.await
            }
            Some(How::Late(pause)) => {
                let answer = asked.await;
                sleep(pause).await;
                answer
            }
        }
    }
}
