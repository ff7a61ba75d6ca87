use std::borrow::Cow;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::Receiver;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::job::{Job, quietly};
use super::state::{Entry, Left, Start, State};
use super::{BlockingError, Status};
use crate::cancel::CancelCause;
use crate::context::TaskPath;
use crate::reaper::Reaper;
use crate::semaphore::{OwnedPermit, Semaphore};

/// What a pool, its threads and the handles of its jobs have in common.
///
/// The threads hold this, not the pool, so that the pool's end is noticed.
pub(super) struct Shared {
    pub(super) name: Cow<'static, str>,
    pub(super) max_threads: usize,
    /// As many as the channel is long.
    pub(super) places: Semaphore,
    pub(super) state: Mutex<State>,
    pub(super) taken: Receiver<Entry>,
    /// Signalled when the last thread ends.
    pub(super) ended: Notify,
    /// Who waits for the threads of a pool that was dropped, and under which name.
    pub(super) reaper: Reaper,
    pub(super) path: TaskPath,
}

/// Why a job was not let in.
pub(super) enum Refused {
    Closed,
    NoThread(io::Error),
}

impl Shared {
    /// Lets a job in that has a place, and sees to it that there is a thread for it.
    pub(super) fn admit(self: &Arc<Self>, job: Arc<dyn Job>, place: OwnedPermit) -> Result<u64, Refused> {
        let mut state = self.state.lock();
        let mut problem = None;
        if !state.is_closed() && state.is_short_of_threads() && state.threads() < self.max_threads {
            // Under the lock: nobody else may count on a thread that then can't be had.
            match self.start_thread(state.threads()) {
                Ok(()) => state.thread_started(),
                Err(error) => problem = Some(error),
            }
        }
        if let Some(error) = problem.take_if(|_| state.threads() == 0) {
            state.count_rejected();
            drop(state);
            return Err(Refused::NoThread(error));
        }
        let admitted = state.admit(job, place);
        if admitted.is_err() {
            state.count_rejected();
        }
        drop(state);
        if let Some(error) = problem {
            tracing::warn!(pool = %self.name, %error, "no further thread could be started");
        }
        admitted.map_err(|_place| Refused::Closed)
    }

    fn start_thread(self: &Arc<Self>, index: usize) -> io::Result<()> {
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name(format!("{}-{index}", self.name)).spawn(move || work(shared));
        // Not joined, but counted: its last step is to say that it ends.
        thread.map(drop)
    }

    pub(super) fn count_rejected(&self) {
        self.state.lock().count_rejected();
    }

    fn begin(&self, number: u64) -> Start {
        self.state.lock().begin(number)
    }

    pub(super) fn end(&self, number: u64, panicked: bool) {
        self.state.lock().end(number, panicked);
    }

    pub(super) fn leave(&self, number: u64) -> Left {
        self.state.lock().leave(number, Instant::now())
    }

    pub(super) fn revoke(&self, number: u64) -> bool {
        self.state.lock().revoke(number)
    }

    pub(super) fn is_live(&self, number: u64) -> bool {
        self.state.lock().is_live(number)
    }

    /// Takes nothing any more. The threads end when nothing is queued.
    pub(super) fn close(&self) {
        let feed = self.state.lock().close();
        drop(feed);
        self.places.close();
    }

    /// Closes, and starts nothing any more. Each thread ends after its current job.
    pub(super) fn stop(&self) {
        self.close();
        let discarded = self.state.lock().discard();
        for job in discarded {
            job.refuse(BlockingError::Closed);
        }
    }

    /// Asks what runs to stop. Only once stopped: what is queued would not start any more.
    pub(super) fn ask(&self, cause: &CancelCause) {
        let jobs = self.state.lock().jobs();
        for job in jobs {
            job.head().token().cancel_with(cause.clone());
        }
    }

    /// Waits until the last thread has ended, which they do only once closed.
    pub(super) async fn threads_ended(&self) {
        loop {
            let mut ended = pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.state.lock().threads() == 0 {
                return;
            }
            ended.await;
        }
    }

    pub(super) fn status(&self) -> Status {
        let books = self.state.lock().status(Instant::now());
        Status {
            name: self.name.to_string(),
            max_threads: self.max_threads,
            places: self.places.limit(),
            free_places: self.places.free(),
            ..books
        }
    }
}

/// A thread's life.
fn work(shared: Arc<Shared>) {
    let thread = Thread(shared);
    while let Ok(entry) = thread.0.taken.recv() {
        thread.take(entry);
    }
}

/// Says that its thread ends, when it is dropped.
struct Thread(Arc<Shared>);

impl Thread {
    fn take(&self, entry: Entry) {
        let Entry { number, job, place } = entry;
        let _entered = job.head().enter();
        let start = self.0.begin(number);
        // Whoever waits for the place finds in the books that this thread has looked at the entry.
        quietly(|| drop(place));
        match start {
            Start::Run => job.run(number, &self.0),
            Start::Refuse(error) => {
                job.refuse(error);
                self.0.state.lock().refused();
            }
            Start::Over => {}
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let (last, tracked) = self.0.state.lock().thread_ended();
        if last {
            drop(tracked);
            self.0.ended.notify_waiters();
        }
    }
}
