//! Where threads rest that have nothing to do.
//!
//! To wake a thread costs more than a small job, for the one who wakes and for the one who is woken. So one of the
//! resting threads stays *on watch*: it looks for work by itself, every [`NAP`], and as long as it does and another
//! thread is awake, nobody is called. When it has found nothing for about a millisecond it goes to sleep like the
//! others; then each new job calls a thread. So a stream of small jobs is run by threads that are up anyway, and a
//! job that comes when the others are busy waits for a nap at most.
//!
//! # Invariants
//!
//! 1. Each thread of the pool that is not written off is counted once: as awake, on watch or asleep. Whoever calls
//!    one counts it as awake, so that the next caller calls another.
//! 2. `calls` is written before a thread that is about to rest looks for work a last time, and a new job is put where
//!    it looks before `calls` is read (both `SeqCst`): no job stays unseen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

/// How long the thread on watch closes its eyes.
const NAP: Duration = Duration::from_micros(50);
/// How often it does.
const NAPS: u32 = 20;

#[derive(Default)]
pub(super) struct Lounge {
    /// Whether a new job needs somebody to be called.
    calls: AtomicBool,
    state: Mutex<State>,
    watch: Condvar,
    beds: Condvar,
    /// Nobody is awake.
    silence: Condvar,
}

#[derive(Default)]
struct State {
    awake: usize,
    /// Who is on watch.
    on_watch: Option<u64>,
    last_watch: u64,
    asleep: usize,
    /// So many of those who lie down may get up again.
    called: usize,
    /// Somebody waits for silence.
    held: bool,
}

impl State {
    fn needs_call(&self) -> bool {
        match self.on_watch {
            Some(_) => self.awake == 0,
            None => self.asleep > 0,
        }
    }
}

impl Lounge {
    fn write(&self, state: &State) {
        self.calls.store(state.needs_call(), Ordering::SeqCst);
        if state.held && state.awake == 0 {
            self.silence.notify_all();
        }
    }

    /// One more thread is awake.
    pub(super) fn join(&self) {
        let mut state = self.state.lock();
        state.awake += 1;
        self.write(&state);
    }

    /// A thread that was awake is gone, or must not be counted on.
    pub(super) fn quit(&self) {
        let mut state = self.state.lock();
        state.awake -= 1;
        self.write(&state);
    }

    /// Rests until there may be work. The thread was awake, and is again.
    pub(super) fn rest(&self, has_work: impl Fn() -> bool) {
        let mut state = self.state.lock();
        state.awake -= 1;
        if state.on_watch.is_none() {
            state.last_watch += 1;
            let number = state.last_watch;
            state.on_watch = Some(number);
            self.write(&state);
            for _ in 0..NAPS {
                if has_work() {
                    state.on_watch = None;
                    return self.get_up(state);
                }
                self.watch.wait_for(&mut state, NAP);
                if state.on_watch != Some(number) {
                    // Called, and counted as awake.
                    return;
                }
            }
            state.on_watch = None;
        }
        state.asleep += 1;
        self.write(&state);
        if has_work() {
            state.asleep -= 1;
            return self.get_up(state);
        }
        while state.called == 0 {
            self.beds.wait(&mut state);
        }
        state.called -= 1;
    }

    fn get_up(&self, mut state: MutexGuard<'_, State>) {
        state.awake += 1;
        self.write(&state);
    }

    /// Calls a thread if a new job needs one, and this says that there is such a job.
    pub(super) fn call_if(&self, has_work: impl FnOnce() -> bool) {
        if self.calls.load(Ordering::SeqCst) && has_work() {
            self.call_one();
        }
    }

    #[cold]
    fn call_one(&self) {
        let mut state = self.state.lock();
        if !state.needs_call() {
            return;
        }
        state.awake += 1;
        if state.on_watch.take().is_some() {
            self.write(&state);
            drop(state);
            self.watch.notify_all();
        } else {
            state.asleep -= 1;
            state.called += 1;
            self.write(&state);
            drop(state);
            self.beds.notify_one();
        }
    }

    /// Whether somebody waits for silence.
    pub(super) fn is_held(&self) -> bool {
        self.state.lock().held
    }

    /// Claims the wait for silence, unless it is silent or somebody waits already; then [`hold`](Self::hold) must
    /// follow.
    pub(super) fn begin_hold(&self) -> bool {
        let mut state = self.state.lock();
        let begins = !state.held && state.awake > 0;
        state.held |= begins;
        begins
    }

    /// Waits for silence.
    pub(super) fn hold(&self) {
        let mut state = self.state.lock();
        while state.awake > 0 {
            self.silence.wait(&mut state);
        }
        state.held = false;
    }

    /// Has every thread look.
    pub(super) fn call_all(&self) {
        let mut state = self.state.lock();
        let asleep = std::mem::take(&mut state.asleep);
        state.called += asleep;
        state.awake += asleep + usize::from(state.on_watch.take().is_some());
        self.write(&state);
        drop(state);
        self.watch.notify_all();
        self.beds.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

    /// Threads that take what there is, one by one, until there are `stop`.
    fn crew(
        lounge: &Arc<Lounge>,
        work: &Arc<AtomicUsize>,
        done: &Arc<AtomicUsize>,
        total: usize,
    ) -> Vec<thread::JoinHandle<()>> {
        let start = |_: i32| {
            let (lounge, work, done) = (Arc::clone(lounge), Arc::clone(work), Arc::clone(done));
            lounge.join();
            thread::spawn(move || {
                loop {
                    let take = |left: usize| left.checked_sub(1);
                    if work.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                        if done.fetch_add(1, Ordering::SeqCst) + 1 == total {
                            lounge.call_all();
                        }
                    } else if done.load(Ordering::SeqCst) == total {
                        break lounge.quit();
                    } else {
                        lounge.rest(|| work.load(Ordering::SeqCst) > 0 || done.load(Ordering::SeqCst) == total);
                    }
                }
            })
        };
        (0..3).map(start).collect()
    }

    #[test]
    fn no_job_stays_unseen_whoever_rests() {
        const TOTAL: usize = 20_000;
        let lounge = Arc::<Lounge>::default();
        let (work, done) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let crew = crew(&lounge, &work, &done, TOTAL);
        for n in 0..TOTAL {
            work.fetch_add(1, Ordering::SeqCst);
            lounge.call_if(|| true);
            // Now and then nobody is left awake.
            if n % 100 == 0 {
                while done.load(Ordering::SeqCst) <= n {
                    thread::yield_now();
                }
            }
        }
        for thread in crew {
            thread.join().unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), TOTAL);
        let state = lounge.state.lock();
        assert_eq!((state.awake, state.asleep, state.on_watch), (0, 0, None));
    }
}
