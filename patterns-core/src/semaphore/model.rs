//! The semaphore's lock and the futures that wait at it under the model checker: see [`crate::model`].
//!
//! No runtime runs here: what the watch does at each tick is done by hand.
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use loom::future::block_on;
use loom::thread;

use super::state::State;
use super::{AcquireError, line, state};
use crate::model::check;
use crate::waiters::Wakes;

/// What they are made of here.
mod sync {
    pub(super) use loom::sync::MutexGuard;

    pub(super) use crate::model::Mutex;
}

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "shared.rs"]
mod shared;

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "waiting.rs"]
mod waiting;

#[allow(clippy::duplicate_mod, dead_code, unreachable_pub, reason = "the same code, made of other parts")]
#[path = "watch.rs"]
mod watch;

use shared::Shared;
use waiting::{Waiting, acquire, try_acquire};

fn semaphore(limit: usize) -> Arc<Shared> {
    Arc::new(Shared {
        name: "model".into(),
        grace: Duration::from_millis(10),
        state: sync::Mutex::new(State::new(limit)),
        runtime: OnceLock::new(),
        #[cfg(feature = "inspect")]
        _registered: None,
    })
}

/// [`check`], with a runtime to be found, which never runs what is spawned on it.
fn check_with_runtime(model: impl Fn() + Send + Sync + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _entered = runtime.enter();
    check(model);
}

/// Two looks of the watch: whatever was offered before is stale.
fn two_ticks(semaphore: &Shared) {
    for _ in 0..2 {
        let mut wakes = Wakes::default();
        drop(semaphore.state.lock().tick(&mut wakes));
        wakes.fire();
    }
}

fn assert_whole(semaphore: &Shared, limit: usize) {
    let state = semaphore.state.lock();
    assert_eq!((state.taken(), state.free(), state.waiters().count()), (0, limit, 0));
}

#[test]
fn each_of_three_gets_its_turn_at_one_permit() {
    check_with_runtime(|| {
        let semaphore = semaphore(1);
        let one = |semaphore: Arc<Shared>| {
            let slot = block_on(acquire(&semaphore, 1, 0)).expect("it is open");
            assert_eq!(semaphore.state.lock().taken(), 1);
            semaphore.give_back(1, slot);
        };
        let threads = [0, 1].map(|_| {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || one(semaphore))
        });
        one(Arc::clone(&semaphore));
        threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
        assert_whole(&semaphore, 1);
    });
}

#[test]
fn a_waiter_that_leaves_as_it_is_offered_a_permit_passes_it_on() {
    check_with_runtime(|| {
        let semaphore = semaphore(1);
        let held = try_acquire(&semaphore, 1, 0).expect("it is free");
        let behind = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                let slot = block_on(acquire(&semaphore, 1, 0)).expect("it is open");
                semaphore.give_back(1, slot);
            })
        };
        let leaving = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                let mut waiting = Waiting::new(&semaphore, 1, 0);
                let polled = block_on(poll_fn(|cx| Poll::Ready(Pin::new(&mut waiting).poll(cx))));
                drop(waiting);
                if let Poll::Ready(slot) = polled {
                    semaphore.give_back(1, slot.expect("it is open"));
                }
            })
        };
        semaphore.give_back(1, held);
        behind.join().expect("it ends");
        leaving.join().expect("it ends");
        assert_whole(&semaphore, 1);
    });
}

#[test]
fn an_offer_is_taken_or_revoked_and_never_both() {
    check_with_runtime(|| {
        let semaphore = semaphore(1);
        let held = try_acquire(&semaphore, 1, 0).expect("it is free");
        let waiter = || {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                let slot = block_on(acquire(&semaphore, 1, 0)).expect("it is open");
                assert_eq!(semaphore.state.lock().taken(), 1);
                semaphore.give_back(1, slot);
            })
        };
        let waiters = [waiter(), waiter()];
        semaphore.give_back(1, held);
        two_ticks(&semaphore);
        waiters.into_iter().for_each(|waiter| waiter.join().expect("it ends"));
        assert_whole(&semaphore, 1);
    });
}

#[test]
fn closing_while_a_permit_is_handed_on_ends_every_wait() {
    check_with_runtime(|| {
        let semaphore = semaphore(1);
        let held = try_acquire(&semaphore, 1, 0).expect("it is free");
        let waiter = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || match block_on(acquire(&semaphore, 1, 0)) {
                Ok(slot) => semaphore.give_back(1, slot),
                Err(error) => assert!(matches!(error, AcquireError::Closed)),
            })
        };
        let closing = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(semaphore.locked(State::close)))
        };
        semaphore.give_back(1, held);
        waiter.join().expect("it ends");
        closing.join().expect("it ends");
        assert_whole(&semaphore, 1);
    });
}
