use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::rows::ct;

/// A thread with a runtime of its own, until this is dropped.
pub(super) struct Elsewhere {
    /// `None` only while it is dropped.
    alive: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Has such a thread start something, and keep it going. Its runtime is what actix calls an arbiter: one thread, and
/// tasks that can't leave it.
pub(super) fn elsewhere<T, F>(start: fn() -> F) -> (T, Elsewhere)
where
    T: Send + 'static,
    F: Future<Output = T> + 'static,
{
    let (alive, gone) = oneshot::channel::<()>();
    let (started, starts) = mpsc::channel();
    let thread = thread::spawn(move || {
        let runtime = ct();
        let local = LocalSet::new();
        local.block_on(&runtime, async move {
            let _ = started.send(start().await);
            // Fails, when the other end is dropped.
            let _ = gone.await;
        });
    });
    let started = starts.recv().expect("what is started there doesn't panic");
    (started, Elsewhere { alive: Some(alive), thread: Some(thread) })
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
