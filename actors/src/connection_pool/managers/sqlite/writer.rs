//! The one writer of a database: who waits to write, first come, first served, and the task that lets them.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use patterns_core::outcome::catch_panic;

use super::SqliteManager;
use super::job::{End, Job};
use crate::connection_pool::{AcquireError, ConnectionPool};

/// Where calls wait to be run by the task that has the turn, which runs only while there are any.
#[derive(Debug, Default)]
pub(super) struct Writer {
    state: Mutex<State>,
}

struct State {
    /// Those who wait for the results are as many; who is gone is taken out.
    queue: VecDeque<Queued>,
    next: u64,
    /// Whether there is a task that runs what is in the queue.
    running: bool,
    most_calls: usize,
    most_time: Duration,
    counts: WriteCounts,
}

struct Queued {
    number: u64,
    place: &'static Location<'static>,
    job: Box<dyn Job>,
}

/// What the writer of a database has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteCounts {
    /// Calls that were committed.
    pub committed: u64,
    /// Commits that this took.
    pub commits: u64,
    /// Calls that wait.
    pub waiting: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            next: 0,
            running: false,
            most_calls: 256,
            most_time: Duration::from_millis(20),
            counts: WriteCounts::default(),
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("queue", &self.queue.len()).finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn limit(&self, calls: usize, time: Duration) {
        let mut state = self.state.lock();
        (state.most_calls, state.most_time) = (calls, time);
    }

    /// How many calls a group has at most, and for how long it goes on taking more.
    pub(super) fn limits(&self) -> (usize, Duration) {
        let state = self.state.lock();
        (state.most_calls, state.most_time)
    }

    pub(super) fn counts(&self) -> WriteCounts {
        let state = self.state.lock();
        WriteCounts { waiting: state.queue.len() as u64, ..state.counts }
    }

    pub(super) fn committed(&self, calls: usize) {
        let counts = &mut self.state.lock().counts;
        counts.committed += calls as u64;
        counts.commits += 1;
    }

    /// Puts a call to the end of the line. Gives its number there.
    pub(super) fn submit(
        self: &Arc<Self>,
        pool: &ConnectionPool<SqliteManager>,
        place: &'static Location<'static>,
        job: Box<dyn Job>,
    ) -> u64 {
        let mut state = self.state.lock();
        let number = state.next;
        state.next += 1;
        state.queue.push_back(Queued { number, place, job });
        let start = !std::mem::replace(&mut state.running, true);
        drop(state);
        if start {
            let turn = Turn { writer: Arc::clone(self), over: false };
            pool.spawn("writer", drive(pool.clone(), turn));
        }
        number
    }

    /// The call that has waited longest.
    pub(super) fn pop(&self) -> Option<Box<dyn Job>> {
        Some(self.state.lock().queue.pop_front()?.job)
    }

    /// Takes a call out of the line, if it still is in it.
    pub(super) fn withdraw(&self, number: u64) -> Option<Box<dyn Job>> {
        let mut state = self.state.lock();
        let at = state.queue.binary_search_by_key(&number, |queued| queued.number).ok()?;
        Some(state.queue.remove(at)?.job)
    }

    /// Where the first in line was called, and the number of the last. If there is nobody, the turn is over.
    fn next(&self) -> Option<(&'static Location<'static>, u64)> {
        let mut state = self.state.lock();
        let ends = state.queue.front().zip(state.queue.back()).map(|(first, last)| (first.place, last.number));
        state.running = ends.is_some();
        ends
    }

    /// Tells all up to this number that there is no connection for them.
    fn refuse(&self, last: u64, error: &AcquireError) {
        loop {
            let mut state = self.state.lock();
            if state.queue.front().is_none_or(|queued| queued.number > last) {
                return;
            }
            let Some(queued) = state.queue.pop_front() else { return };
            drop(state);
            finish(queued.job, End::Acquire(error.clone()));
        }
    }
}

/// Tells whoever waits for a call what became of it. Whatever of the user's is dropped with it is contained.
pub(super) fn finish(job: Box<dyn Job>, end: End) {
    if let Err(panic) = catch_panic(|| job.finish(end)) {
        tracing::warn!(%panic, "what a call returned panicked as it was dropped");
    }
}

/// Runs what is in the queue, group by group. In between the connection goes back, so that readers get their turns.
async fn drive(pool: ConnectionPool<SqliteManager>, mut turn: Turn) {
    let writer = Arc::clone(&turn.writer);
    while let Some((place, last)) = writer.next() {
        match pool.acquire_at(place).await {
            Ok(mut connection) => connection.write(&writer).await,
            Err(error) => writer.refuse(last, &error),
        }
    }
    turn.over = true;
}

/// That a task runs what is in the queue. Dropped by the end of its runtime, it tells those who wait.
struct Turn {
    writer: Arc<Writer>,
    over: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let left = {
            let mut state = self.writer.state.lock();
            state.running = false;
            std::mem::take(&mut state.queue)
        };
        for queued in left {
            finish(queued.job, End::Closed);
        }
    }
}
