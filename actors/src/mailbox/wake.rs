use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;

/// One wake-up for any number of messages.
///
/// A sender pushes its message and then [pokes](Self::poke). The actor [rises](Self::rise), pops until
/// nothing is left, [rests](Self::rest), *looks once more*, and only then returns to its executor; if
/// its turn is over before nothing is left, it does not rest but has itself woken.
/// So while it is awake a poke is one atomic swap that wakes nobody: above all, an actor that sends
/// messages to itself does not wake itself at once, ahead of everybody else.
///
/// # Why no message is forgotten
///
/// `awake` is changed by both sides, so the changes have one order. Take a poke, and the actor's next
/// rest.
///
/// 1. The poke comes first in that order. The rest is a swap and reads what the poke wrote, or what
///    somebody wrote on top of it by another swap, and thereby acquires what the sender had released:
///    the look that follows the rest sees the push.
/// 2. The rest comes first. The poke reads `false` and wakes the actor, unless another poke did
///    so before, or the actor rose again by itself; either way the actor gets to its *next* rest, and
///    case 1 holds for that one.
///
/// The waker is registered before the swap, so the wake of case 2 finds it.
///
/// The model checker runs the same code with its own flag and waker; see the tests.
#[derive(Debug, Default)]
pub(crate) struct Signal<F = AtomicBool, W = AtomicWaker> {
    awake: F,
    waker: W,
}

/// A flag that both sides swap.
pub(crate) trait Flag {
    /// Sets the flag with acquire and release semantics; returns what it was.
    fn swap(&self, value: bool) -> bool;
}

impl Flag for AtomicBool {
    fn swap(&self, value: bool) -> bool {
        Self::swap(self, value, Ordering::AcqRel)
    }
}

/// A place for one waker.
pub(crate) trait WakerPlace {
    fn register(&self, waker: &Waker);
    fn wake(&self);
}

impl WakerPlace for AtomicWaker {
    fn register(&self, waker: &Waker) {
        Self::register(self, waker);
    }

    fn wake(&self) {
        Self::wake(self);
    }
}

impl<F: Flag, W: WakerPlace> Signal<F, W> {
    /// Says that there is something to do. Returns whether this call woke the actor.
    pub(crate) fn poke(&self) -> bool {
        let asleep = !self.awake.swap(true);
        if asleep {
            self.waker.wake();
        }
        asleep
    }

    /// The actor is awake and will look for itself.
    pub(crate) fn rise(&self) {
        // A swap, not a store: it must not cut the chain of swaps that case 1 rests on.
        self.awake.swap(true);
    }

    /// The actor is about to sleep, once it has looked a last time.
    pub(crate) fn rest(&self, waker: &Waker) {
        self.waker.register(waker);
        self.awake.swap(false);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use loom::future::{AtomicWaker, block_on};
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use loom::thread;

    use super::{Flag, Signal, Waker, WakerPlace};

    impl Flag for AtomicBool {
        fn swap(&self, value: bool) -> bool {
            Self::swap(self, value, Ordering::AcqRel)
        }
    }

    impl WakerPlace for AtomicWaker {
        fn register(&self, waker: &Waker) {
            self.register_by_ref(waker);
        }

        fn wake(&self) {
            Self::wake(self);
        }
    }

    /// A mailbox that only counts, with the weakest orderings that a queue may have.
    struct Model {
        signal: Signal<AtomicBool, AtomicWaker>,
        queued: AtomicUsize,
    }

    impl Model {
        fn send(&self) {
            self.queued.fetch_add(1, Ordering::Release);
            self.signal.poke();
        }

        /// Takes everything, as an actor's turn does, and says how much that was.
        fn turn(&self, waker: &Waker) -> usize {
            self.signal.rise();
            let mut taken = 0;
            let mut resting = false;
            loop {
                // A plain load first, which may be stale: only the protocol makes it fresh.
                let queued = self.queued.load(Ordering::Relaxed);
                if queued > 0 {
                    self.queued.fetch_sub(queued, Ordering::Acquire);
                    taken += queued;
                    if resting {
                        self.signal.rise();
                        resting = false;
                    }
                } else if resting {
                    return taken;
                } else {
                    self.signal.rest(waker);
                    resting = true;
                }
            }
        }
    }

    /// Every interleaving, and every value that the memory model lets a load see. A lost wake-up shows
    /// as a deadlock, which the checker reports.
    fn check(senders: usize, each: usize) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(move || {
            let model = Arc::new(Model {
                signal: Signal { awake: AtomicBool::new(false), waker: AtomicWaker::new() },
                queued: AtomicUsize::new(0),
            });
            let threads: Vec<_> = (0..senders)
                .map(|_| {
                    let model = model.clone();
                    thread::spawn(move || (0..each).for_each(|_| model.send()))
                })
                .collect();
            let mut taken = 0;
            block_on(poll_fn(|cx| {
                taken += model.turn(cx.waker());
                if taken == senders * each { Poll::Ready(()) } else { Poll::Pending }
            }));
            for thread in threads {
                thread.join().unwrap();
            }
        });
    }

    #[test]
    fn no_interleaving_of_two_senders_loses_a_wake_up() {
        check(2, 1);
    }

    #[test]
    fn no_interleaving_of_a_sender_with_itself_loses_a_wake_up() {
        check(1, 3);
    }
}
