//! The journal of a run: answers, written many at a time.

use std::sync::{Arc, OnceLock};

use patterns_core::cancel::{CancelCause, CancelKind, CancelToken};
use patterns_core::context::{Context, Interrupt, interruptible};
use tokio::sync::{Notify, mpsc, oneshot};

use super::core::Core;
use crate::store::{Entry, PAUSES, Store, StoreError};

/// How many answers are written together at most; as many wait at most.
const BATCH: usize = 256;

/// Keeps the answers of a run. A clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    notes: mpsc::Sender<Note>,
    ends: Arc<Ends>,
}

#[derive(Debug)]
struct Note {
    entry: Entry,
    written: oneshot::Sender<()>,
}

/// How a journal ends.
#[derive(Debug)]
struct Ends {
    /// Cancelled to stop the run, if its journal can't be written.
    stop: CancelToken,
    /// Cancelled when nothing more is to be noted.
    finished: CancelToken,
    failure: OnceLock<StoreError>,
}

/// The other end of a journal, which writes.
#[derive(Debug)]
pub(crate) struct Writer {
    notes: mpsc::Receiver<Note>,
    store: Store,
    site: i64,
    run: i64,
    /// Told when the database is away.
    alarmed: Arc<Notify>,
    ends: Arc<Ends>,
}

impl Journal {
    /// A journal of a run of this site, and its writer. If it can't be written for good, `stop` is cancelled.
    pub(crate) fn new(core: &Core, site: i64, run: i64, stop: CancelToken) -> (Self, Writer) {
        let (sender, notes) = mpsc::channel(BATCH);
        let ends = Arc::new(Ends { stop, finished: CancelToken::new(), failure: OnceLock::new() });
        let (store, alarmed) = (core.store.clone(), Arc::clone(&core.alarmed));
        (Self { notes: sender, ends: Arc::clone(&ends) }, Writer { notes, store, site, run, alarmed, ends })
    }

    /// Nothing more is to be noted: the writer ends once it has written what was.
    pub(crate) fn finish(&self) {
        self.ends.finished.cancel("the check is over");
    }

    /// Why it could not be written, if that is so.
    pub(crate) fn failure(&self) -> Option<StoreError> {
        self.ends.failure.get().cloned()
    }

    /// Returns once an answer is kept.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the answer is kept or not.
    // ANCHOR: note
    pub(crate) async fn note(&self, entry: Entry) -> Result<(), Interrupt> {
        let (written, kept) = oneshot::channel();
        let sent = interruptible(self.notes.send(Note { entry, written })).await?;
        if sent.is_ok() && interruptible(kept).await?.is_ok() {
            return Ok(());
        }
        // The writer is gone, and has said why.
        Err(self.interrupt())
    }
    // ANCHOR_END: note

    /// Why the run that is kept here is to stop.
    pub(crate) fn interrupt(&self) -> Interrupt {
        let cause = self.ends.stop.cause().cloned();
        Interrupt::Cancelled(cause.unwrap_or_else(|| CancelCause::new(CancelKind::Shutdown, "the run is over")))
    }
}

impl Writer {
    /// Writes what is noted, until nothing more is to be. What arrives while it writes is written together.
    ///
    /// A database that is away is waited for, unless the run is to stop.
    // ANCHOR: run
    pub(crate) async fn run(mut self) {
        let mut notes = Vec::with_capacity(BATCH);
        // The run's own token asks for new work to end, and not for what is known to be lost.
        let patient = Context::current().with_token(CancelToken::new()).without_deadline();
        while self.next(&mut notes).await {
            let (entries, written): (Vec<_>, Vec<_>) = notes.drain(..).map(|note| (note.entry, note.written)).unzip();
            match patient.clone().scope(self.write(&entries)).await {
                Ok(()) => written.into_iter().for_each(|written| {
                    // Who does not wait any more needs no answer.
                    let _ = written.send(());
                }),
                Err(error) => {
                    let cause = CancelCause::new(CancelKind::Shutdown, error.to_string());
                    let _ = self.ends.failure.set(error);
                    self.ends.stop.cancel_with(cause);
                    return;
                }
            }
        }
    }
    // ANCHOR_END: run

    async fn next(&mut self, notes: &mut Vec<Note>) -> bool {
        let received = tokio::select! {
            biased;
            received = self.notes.recv_many(notes, BATCH) => Some(received),
            _ = self.ends.finished.cancelled() => None,
        };
        match received {
            Some(received) => received > 0,
            None => {
                self.notes.close();
                self.notes.recv_many(notes, BATCH).await > 0
            }
        }
    }

    async fn write(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let (mut pause, longest) = PAUSES;
        loop {
            match self.store.note(self.site, self.run, entries).await {
                Err(error) if error.is_temporary() && !error.is_full() && !self.ends.stop.is_cancelled() => {
                    tracing::debug!(run = self.run, %error, "the journal waits");
                    self.alarmed.notify_one();
                    let _ = tokio::time::timeout(pause, self.ends.stop.cancelled()).await;
                    pause = (pause * 2).min(longest);
                }
                result => return result,
            }
        }
    }
}
