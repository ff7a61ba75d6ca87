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
#[derive(Debug, Default)]
pub(crate) struct Signal {
    awake: AtomicBool,
    waker: AtomicWaker,
}

impl Signal {
    /// Says that there is something to do. Returns whether this call woke the actor.
    pub(crate) fn poke(&self) -> bool {
        let asleep = !self.awake.swap(true, Ordering::AcqRel);
        if asleep {
            self.waker.wake();
        }
        asleep
    }

    /// The actor is awake and will look for itself.
    pub(crate) fn rise(&self) {
        // A swap, not a store: it must not cut the chain of swaps that case 1 rests on.
        self.awake.swap(true, Ordering::AcqRel);
    }

    /// The actor is about to sleep, once it has looked a last time.
    pub(crate) fn rest(&self, waker: &Waker) {
        self.waker.register(waker);
        self.awake.swap(false, Ordering::AcqRel);
    }
}
