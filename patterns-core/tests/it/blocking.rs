//! `blocking`: what a pool does with jobs and their callers. Jobs on their threads are in `threads`, those that wait
//! for one in `queue`, callers who go or give up in `callers`. The pool's end is in `ending`, the law in `laws`, every
//! interruption in `explored`.
//!
//! Threads are stepped by channels, and never slept for. A paused clock jumps to the next timer whenever the loop has
//! nothing to do, whatever the threads do: where that must not be, a test holds it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod callers;
mod ending;
mod explored;
mod laws;
mod queue;
mod threads;

use std::sync::mpsc;

use patterns_core::blocking::{BlockingPool, JobContext};
use tokio::sync::oneshot;

use crate::support::secs;

fn pool(threads: usize, queue: usize) -> BlockingPool {
    BlockingPool::builder().threads(threads).queue(queue).build().unwrap()
}

/// Keeps a paused clock still until it is dropped; but not for ever, so that what hangs then runs into its timeout.
fn hold_clock() -> mpsc::Sender<()> {
    let (let_go, held) = mpsc::channel();
    drop(tokio::task::spawn_blocking(move || held.recv_timeout(secs(30))));
    let_go
}

/// A job's gate: it says when it has begun, and then waits until this is opened or dropped.
struct Gate {
    begun: oneshot::Receiver<()>,
    open: mpsc::Sender<()>,
}

impl Gate {
    /// An error if the job never begins.
    async fn begun(&mut self) -> Result<(), oneshot::error::RecvError> {
        (&mut self.begun).await
    }

    fn open(self) {
        drop(self.open);
    }
}

/// A job that ends as `end` does, once its gate is open. It doesn't look whether it is cancelled.
fn gated<T: Send + 'static>(
    end: impl FnOnce() -> T + Send + 'static,
) -> (Gate, impl FnOnce(&JobContext) -> T + Send + 'static) {
    let (begins, begun) = oneshot::channel();
    let (open, opened) = mpsc::channel::<()>();
    let job = move |_: &JobContext| {
        let _ = begins.send(());
        let _ = opened.recv();
        end()
    };
    (Gate { begun, open }, job)
}
