use std::collections::BTreeMap;
use std::sync::Arc;

use crossbeam_channel::Sender;
use tokio::time::Instant;

use super::job::Job;
use super::{BlockingError, RunningJob, Status};
use crate::reaper::Tracked;
use crate::semaphore::OwnedPermit;

/// What goes through the channel to a thread.
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) job: Arc<dyn Job>,
    pub(super) place: OwnedPermit,
}

/// The books, behind the pool's one lock. Their methods don't wait, and drop nothing of the user's.
///
/// # Invariants
///
/// 1. `submitted = live + ok + panicked + abandoned_ended + expired + cancelled + discarded`: a job leaves `live` with
///    its end, which is counted in the same step, and whoever removes it there answers its caller.
/// 2. The channel has room for whoever has a place: an entry has its place with it, and there are as many places
///    as the channel is long.
/// 3. Every entry in the channel has an idle thread that comes for it, or all threads there may be are started:
///    `sent <= idle` or `threads = max_threads`, unless the system refused a thread.
pub(super) struct State {
    /// `None` once closed: then threads end as soon as the channel is empty.
    feed: Option<Sender<Entry>>,
    threads: usize,
    /// Threads that run nothing, those included that have an entry in hand and have not looked at it.
    idle: usize,
    /// Entries that no thread has looked at, those of jobs that will not start any more included.
    sent: usize,
    /// By number, so in the order in which they came.
    live: BTreeMap<u64, Live>,
    next: u64,
    totals: Totals,
    /// That the threads of a pool that was dropped are waited for.
    tracked: Option<Tracked>,
}

struct Live {
    job: Arc<dyn Job>,
    stage: Stage,
}

enum Stage {
    Queued,
    Running { since: Instant, abandoned: Option<Instant> },
}

#[derive(Default)]
struct Totals {
    submitted: u64,
    rejected: u64,
    ok: u64,
    panicked: u64,
    abandoned_ended: u64,
    expired: u64,
    cancelled: u64,
    discarded: u64,
}

/// What a thread does with an entry.
pub(super) enum Start {
    Run,
    Refuse(BlockingError),
    /// Somebody else has ended it.
    Over,
}

/// How far a job was when its caller went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// It will not start, and the caller who left has to drop it.
    Queued,
    Running,
    Over,
}

impl State {
    pub(super) fn new(feed: Sender<Entry>) -> Self {
        Self {
            feed: Some(feed),
            threads: 0,
            idle: 0,
            sent: 0,
            live: BTreeMap::new(),
            next: 0,
            totals: Totals::default(),
            tracked: None,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.feed.is_none()
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    /// Whether one more entry needs one more thread, if there may be one.
    pub(super) fn is_short_of_threads(&self) -> bool {
        self.sent >= self.idle
    }

    pub(super) fn thread_started(&mut self) {
        self.threads += 1;
        self.idle += 1;
    }

    /// The last thread that ends has to tell; it also takes what says that the threads are waited for.
    pub(super) fn thread_ended(&mut self) -> (bool, Option<Tracked>) {
        self.threads -= 1;
        if self.threads > 0 { (false, None) } else { (true, self.tracked.take()) }
    }

    /// Keeps `tracked` until the last thread has ended; gives it back if that is so.
    pub(super) fn track(&mut self, tracked: Tracked) -> Option<Tracked> {
        if self.threads == 0 {
            return Some(tracked);
        }
        self.tracked = Some(tracked);
        None
    }

    /// Lets a job in, unless closed.
    pub(super) fn admit(&mut self, job: Arc<dyn Job>, place: OwnedPermit) -> Result<u64, OwnedPermit> {
        let Some(feed) = &self.feed else { return Err(place) };
        let number = self.next;
        let sent = feed.try_send(Entry { number, job: Arc::clone(&job), place });
        debug_assert!(sent.is_ok(), "the channel has room for every place");
        self.next += 1;
        self.sent += 1;
        self.totals.submitted += 1;
        self.live.insert(number, Live { job, stage: Stage::Queued });
        Ok(number)
    }

    pub(super) fn count_rejected(&mut self) {
        self.totals.rejected += 1;
    }

    /// A thread looks at an entry.
    pub(super) fn begin(&mut self, number: u64) -> Start {
        self.sent -= 1;
        let Some(live) = self.live.get_mut(&number) else { return Start::Over };
        let Some(interrupt) = live.job.head().interrupt() else {
            live.stage = Stage::Running { since: Instant::now(), abandoned: None };
            self.idle -= 1;
            return Start::Run;
        };
        self.live.remove(&number);
        if interrupt.is_deadline() {
            self.totals.expired += 1;
        } else {
            self.totals.cancelled += 1;
        }
        // It drops the job, which may take as long as running it.
        self.idle -= 1;
        Start::Refuse(BlockingError::NotStarted(interrupt))
    }

    /// A thread has refused a job.
    pub(super) fn refused(&mut self) {
        self.idle += 1;
    }

    /// A thread has run a job.
    pub(super) fn end(&mut self, number: u64, panicked: bool) {
        self.idle += 1;
        let ended = self.live.remove(&number).map(|live| live.stage);
        let total = match ended {
            Some(Stage::Running { abandoned: Some(_), .. }) => &mut self.totals.abandoned_ended,
            _ if panicked => &mut self.totals.panicked,
            _ => &mut self.totals.ok,
        };
        *total += 1;
    }

    /// A job's caller goes away.
    pub(super) fn leave(&mut self, number: u64, now: Instant) -> Left {
        let Some(live) = self.live.get_mut(&number) else { return Left::Over };
        if let Stage::Running { abandoned, .. } = &mut live.stage {
            abandoned.get_or_insert(now);
            return Left::Running;
        }
        let late = live.job.head().deadline().is_some_and(|deadline| deadline <= now);
        self.live.remove(&number);
        if late {
            self.totals.expired += 1;
        } else {
            self.totals.cancelled += 1;
        }
        Left::Queued
    }

    /// A job is not to start; false where it has, or is over.
    pub(super) fn revoke(&mut self, number: u64) -> bool {
        let queued = self.live.get(&number).is_some_and(|live| matches!(live.stage, Stage::Queued));
        if queued {
            self.live.remove(&number);
            self.totals.cancelled += 1;
        }
        queued
    }

    pub(super) fn is_live(&self, number: u64) -> bool {
        self.live.contains_key(&number)
    }

    /// Takes nothing any more. To be dropped under no lock: that wakes the threads.
    pub(super) fn close(&mut self) -> Option<Sender<Entry>> {
        self.feed.take()
    }

    /// Takes out what is queued, once closed.
    pub(super) fn discard(&mut self) -> Vec<Arc<dyn Job>> {
        let queued = self.live.iter().filter(|(_, live)| matches!(live.stage, Stage::Queued));
        let numbers: Vec<_> = queued.map(|(number, _)| *number).collect();
        self.totals.discarded += numbers.len() as u64;
        numbers.iter().filter_map(|number| self.live.remove(number)).map(|live| live.job).collect()
    }

    pub(super) fn jobs(&self) -> Vec<Arc<dyn Job>> {
        self.live.values().map(|live| Arc::clone(&live.job)).collect()
    }

    pub(super) fn running(&self, now: Instant) -> Vec<RunningJob> {
        let describe = |live: &Live| match live.stage {
            Stage::Queued => None,
            Stage::Running { since, abandoned } => Some(live.job.head().describe(since, abandoned, now)),
        };
        self.live.values().filter_map(describe).collect()
    }

    /// All but what is not in the books.
    pub(super) fn status(&self, now: Instant) -> Status {
        let running = self.running(now);
        let Totals { submitted, rejected, ok, panicked, abandoned_ended, expired, cancelled, discarded } = self.totals;
        Status {
            name: String::new(),
            max_threads: 0,
            threads: self.threads,
            places: 0,
            free_places: 0,
            queued: self.live.len() - running.len(),
            abandoned: running.iter().filter(|job| job.abandoned.is_some()).count(),
            running,
            submitted,
            rejected,
            ok,
            panicked,
            abandoned_ended,
            expired,
            cancelled,
            discarded,
            closed: self.is_closed(),
        }
    }
}
