use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::HeaderMap;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::super::DriverError;
use super::entry::EntryId;
use super::link::{Stored, is_unheard};
use super::shared::{Shared, Waiter};

/// For how long it is tried to write an entry.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it is until it is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// How long nothing is written until it is begun anew: before others [forget](super::state) who writes.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// How the server says that it is at the same entry still, as it was sent before.
const IN_PROCESS: usize = 409;

/// A command that is to be written.
pub(super) struct Submission {
    /// As JSON.
    pub(super) text: String,
    pub(super) answer: Waiter,
}

/// Writes entries, one after the other: while one is under way, those that come are gathered for the next. So what many
/// callers say at the same time costs the server one message, and its disk one sync.
pub(super) async fn write(shared: Arc<Shared>, mut inbox: mpsc::Receiver<Submission>) {
    let mut session = None;
    let mut wrote = Instant::now();
    let mut left = None;
    loop {
        let first = match left.take() {
            Some(submission) => submission,
            None => match inbox.recv().await {
                Some(submission) => submission,
                None => return,
            },
        };
        let (mut body, mut waiters) = (format!("[{}", first.text), vec![first.answer]);
        while let Ok(next) = inbox.try_recv() {
            if body.len() + next.text.len() > shared.link.entry {
                left = Some(next);
                break;
            }
            body.push(',');
            body.push_str(&next.text);
            waiters.push(next.answer);
        }
        body.push(']');
        if shared.is_forgotten.swap(false, Ordering::AcqRel) || wrote.elapsed() > IDLE {
            session = None;
        }
        let begun = match session {
            Some(begun) => Ok(begun),
            None => begin(&shared).await,
        };
        match begun {
            Ok(begun) => {
                let id = EntryId { session: begun.session, number: begun.number + 1 };
                session = Some(id);
                if put(&shared, id, body, waiters).await {
                    wrote = Instant::now();
                }
            }
            Err(error) => fail(waiters, &error),
        }
    }
}

/// Begins to write: with an entry that says nothing. Only when it is there the next one is written, as who writes is
/// known by it; and if it should come once more, by some late copy, it does no harm.
async fn begin(shared: &Shared) -> Result<EntryId, DriverError> {
    let id = EntryId { session: rand::random(), number: 1 };
    append(shared, id, "[]", || true).await?;
    Ok(id)
}

/// Writes an entry; whether it was acknowledged. Who waits for it is answered when it was applied.
async fn put(shared: &Shared, id: EntryId, body: String, waiters: Vec<Waiter>) -> bool {
    // Before it is sent, as it may be applied before it is acknowledged.
    shared.waiting.lock().insert(id, waiters);
    let is_awaited = || shared.waiting.lock().get(&id).is_some_and(|waiters| waiters.iter().any(|w| !w.is_closed()));
    match append(shared, id, &body, is_awaited).await {
        Ok(seq) => {
            if seq <= shared.applied() && shared.waiting.lock().contains_key(&id) {
                // Something else was applied at its place: it is another log.
                shared.doubt.notify_one();
            }
            shared.reach(seq);
            true
        }
        Err(error) => {
            let waiters = shared.waiting.lock().remove(&id).unwrap_or_default();
            fail(waiters, &error);
            false
        }
    }
}

fn fail(waiters: Vec<Waiter>, error: &DriverError) {
    for waiter in waiters {
        // Whoever asked may have gone.
        let _ = waiter.send(Err(error.clone()));
    }
}

/// Has the server write an entry; which place it has. It may be sent more than once, and counts once: the server knows
/// it by its id for a while, and the machine does for ever.
async fn append(shared: &Shared, id: EntryId, body: &str, is_awaited: impl Fn() -> bool) -> Result<u64, DriverError> {
    let names = &shared.link.names;
    let until = Instant::now() + PATIENCE;
    loop {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", id.to_string());
        headers.insert("Nats-Expected-Stream", names.log_stream.as_str());
        let error = match shared.link.publish(names.log.clone(), headers, body.as_bytes().to_vec()).await {
            Ok(Stored::At(seq)) => return Ok(seq),
            // What is the matter with the server may pass; what is the matter with the entry does not.
            Ok(Stored::Refused(error)) if error.code() >= 500 || error.code() == IN_PROCESS => DriverError::new(error),
            Ok(Stored::Refused(error)) => return Err(DriverError::new(error)),
            Err(error) => {
                if is_unheard(&error) {
                    // The log may be gone.
                    shared.doubt.notify_one();
                }
                error
            }
        };
        if Instant::now() >= until || !is_awaited() {
            return Err(error);
        }
        sleep(AGAIN).await;
    }
}
