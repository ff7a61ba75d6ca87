//! One call that waits for the writer, runs in its transaction, and is told what became of it.

use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::outcome::catch_panic;
use rusqlite::{Error, Transaction};
use tokio::sync::oneshot;

use super::CallError;
use super::calls::Calls;
use crate::connection_pool::AcquireError;

/// A call, whatever its types.
pub(super) trait Job: Send {
    /// Enters it as the call that runs; `false` if nobody waits for it any more.
    fn enter(&self, calls: &Arc<Calls>, number: u64) -> bool;

    /// Runs it. Whether what it changed is to be kept.
    fn run(&mut self, transaction: &Transaction<'_>) -> bool;

    /// It does not run any more; `false` if nobody waits for it.
    fn leave(&self) -> bool;

    /// Tells whoever waits. What the call itself said goes before `end`.
    fn finish(self: Box<Self>, end: End);
}

/// What became of a call that has nothing to complain of.
pub(super) enum End {
    Committed,
    /// The commit failed, and was of this call only.
    NotCommitted(Error),
    /// Others had a part in it.
    RolledBack(String),
    /// There was no connection for it.
    Acquire(AcquireError),
    Closed,
}

/// Where a call is, between whoever waits for it and whoever runs it.
#[derive(Debug, Default)]
pub(super) struct Stage(Mutex<At>);

#[derive(Debug, Default)]
enum At {
    #[default]
    Queue,
    /// In the hands of these calls, under this number.
    Running(Arc<Calls>, u64),
    Over,
    Abandoned,
}

impl Stage {
    /// Nobody waits any more: if it runs it is stopped, if not it never will.
    pub(super) fn abandon(&self) {
        let mut at = self.0.lock();
        if let At::Running(calls, number) = &*at {
            calls.abandon(*number);
        }
        *at = At::Abandoned;
    }
}

/// What a call's caller waits for.
pub(super) type Answer<T, E> = oneshot::Receiver<Result<T, CallError<E>>>;

/// A call that runs `f`.
pub(super) struct Call<F, T, E> {
    f: Option<F>,
    result: Option<Result<T, CallError<E>>>,
    reply: oneshot::Sender<Result<T, CallError<E>>>,
    stage: Arc<Stage>,
}

impl<F, T, E> Call<F, T, E> {
    /// The call, and what its caller keeps of it.
    pub(super) fn new(f: F) -> (Self, Answer<T, E>, Arc<Stage>) {
        let (reply, result) = oneshot::channel();
        let stage = Arc::new(Stage::default());
        (Self { f: Some(f), result: None, reply, stage: Arc::clone(&stage) }, result, stage)
    }
}

impl<F, T, E> Job for Call<F, T, E>
where
    F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn enter(&self, calls: &Arc<Calls>, number: u64) -> bool {
        let mut at = self.stage.0.lock();
        if matches!(&*at, At::Abandoned) {
            return false;
        }
        *at = At::Running(Arc::clone(calls), number);
        true
    }

    fn run(&mut self, transaction: &Transaction<'_>) -> bool {
        let Some(f) = self.f.take() else { return false };
        let result = match catch_panic(|| f(transaction)) {
            Ok(result) => result.map_err(CallError::Failed),
            Err(panic) => Err(CallError::Panicked(panic)),
        };
        let is_ok = result.is_ok();
        self.result = Some(result);
        is_ok
    }

    fn leave(&self) -> bool {
        let mut at = self.stage.0.lock();
        if matches!(&*at, At::Abandoned) {
            return false;
        }
        *at = At::Over;
        true
    }

    fn finish(self: Box<Self>, end: End) {
        let Self { result, reply, .. } = *self;
        let result = match (result, end) {
            (Some(Ok(value)), End::Committed) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (_, End::NotCommitted(error)) => Err(CallError::Failed(E::from(error))),
            (_, End::RolledBack(why)) => Err(CallError::RolledBack(why)),
            (_, End::Acquire(error)) => Err(CallError::Acquire(error)),
            (_, End::Committed | End::Closed) => Err(CallError::Closed),
        };
        // Whoever is gone needs no answer.
        let _ = reply.send(result);
    }
}
