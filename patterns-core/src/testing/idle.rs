use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor, RuntimeMetrics};
use tokio::task::{spawn_blocking, yield_now};

/// Looks at a runtime that doesn't come to rest: 30 s of real time, as all but the first are a millisecond apart.
const LOOKS: u32 = 30_000;

/// Waits until every other task has nothing left to do at this instant. No virtual time passes.
///
/// *Idle* is what the runtime itself takes for it: no task is ready to run, be it spawned, in a `LocalSet` or the
/// main future, so that its thread goes to sleep. On a paused clock this is when time would jump to the next timer.
/// So whatever can come about without time, I/O or another thread has come about, over any number of wake-ups.
///
/// However, nobody is waited for who himself waits for something from outside: a timer, a socket, a
/// `spawn_blocking`, another thread. Where real I/O is on its way, wait for what it brings instead.
///
/// It also works on a running clock, where it takes no more time than the others need to get their work done.
///
/// # How it works
///
/// A thread of the blocking pool watches the runtime's public count of its sleeps and wakes the caller once there is
/// one. As long as such a thread runs, tokio holds a paused clock where it is (see `tokio::time::pause`), and as it
/// wakes the caller before it ends, the clock has no occasion to move. This costs about a tenth of a
/// millisecond of real time.
///
/// # Comparison to a loop of `yield_now`
///
/// 1. A yield ends after 61 polls of other tasks at the latest. A chain of a hundred tasks that wake each other takes
///    two of them, and in general nobody knows how many. Here the end is seen.
/// 2. A task that yields itself is waited for until it stops doing so.
///
/// Trio's `wait_all_tasks_blocked` and Go's `synctest.Wait` do the same in their runtimes.
///
/// # Panics
///
/// - Outside of a tokio runtime, and in a multi-threaded one, whose tasks may run at any time.
/// - Where the runtime has not come to rest after 30 s of real time: some task never stops waking itself.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// # Examples
///
/// ```
/// use patterns_core::testing::wait_idle;
/// use std::time::Duration;
/// use tokio::sync::mpsc;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let began = Instant::now();
/// let (send, mut receive) = mpsc::channel(1);
/// let sender = tokio::spawn(async move {
///     for item in 0..1_000 {
///         send.send(item).await.unwrap(); // waits for room
///     }
/// });
/// let receiver = tokio::spawn(async move { while receive.recv().await.is_some() {} });
/// let sleeper = tokio::spawn(sleep(Duration::from_secs(1)));
///
/// wait_idle().await;
/// assert!(sender.is_finished() && receiver.is_finished());
/// assert!(!sleeper.is_finished(), "it waits for time, and none has passed");
/// assert_eq!(began.elapsed(), Duration::ZERO);
/// # }
/// ```
pub async fn wait_idle() {
    let metrics = {
        let runtime = Handle::current();
        assert!(
            runtime.runtime_flavor() == RuntimeFlavor::CurrentThread,
            "only a runtime of the current thread can be seen to be idle"
        );
        runtime.metrics()
    };
    // Gives the driver a turn, so that no timer is due and has not fired.
    yield_now().await;
    // Gone once nobody waits any more: the thread must not outlive this, as a runtime that shuts down waits for it.
    let wanted = Arc::new(());
    let still = Arc::downgrade(&wanted);
    let came_to_rest = spawn_blocking(move || watch(&metrics, &still, LOOKS)).await;
    drop(wanted);
    // An error says that the runtime shuts down, so nobody has anything left to do.
    assert!(came_to_rest.unwrap_or(true), "the runtime has not come to rest in 30 s: some task keeps waking itself");
}

/// Looks from another thread until the runtime sleeps or nobody wants to know; false where it didn't in so many looks.
fn watch(metrics: &RuntimeMetrics, wanted: &Weak<()>, looks: u32) -> bool {
    let mut seen = None;
    for look in 0..looks {
        let parks = metrics.worker_park_unpark_count(0);
        // Odd: it sleeps, or is about to. The same twice: it did not just look at its sockets and go on.
        let asleep = parks % 2 == 1 && seen == Some(parks);
        if asleep || wanted.strong_count() == 0 {
            return true;
        }
        seen = Some(parks);
        thread::park_timeout(if look < 50 { Duration::from_micros(20) } else { Duration::from_millis(1) });
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_runtime_that_never_rests_is_given_up() {
        let metrics = Handle::current().metrics();
        let wanted = Arc::new(());
        let still = Arc::downgrade(&wanted);
        let watcher = spawn_blocking(move || watch(&metrics, &still, 10));
        // This task is always ready, so the runtime's thread never sleeps.
        while !watcher.is_finished() {
            yield_now().await;
        }
        assert!(!watcher.await.expect("it does not panic"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_nobody_wants_ends_at_once() {
        let metrics = Handle::current().metrics();
        let watcher = spawn_blocking(move || watch(&metrics, &Weak::new(), u32::MAX));
        while !watcher.is_finished() {
            yield_now().await;
        }
        assert!(watcher.await.expect("it does not panic"));
    }
}
