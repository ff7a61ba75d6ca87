use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;

/// One wake-up for any number of messages.
///
/// A sender pushes its message and then [pokes](Self::poke); the actor [listens](Self::listen) and
/// then pops until nothing is left (or until its turn is over, in which case it wakes itself).
///
/// # Why no message is forgotten
///
/// Both sides swap the same flag, so their swaps have one order.
///
/// 1. The sender's swap comes before the actor's. The actor's swap reads the sender's `true` (or one
///    that follows it), and acquires what the sender released: the pops that come after see the push.
/// 2. The sender's swap comes after the actor's. It then reads `false`, unless another sender's swap
///    came in between and read `false`. Either way somebody wakes the actor after its swap, and the
///    turn that this starts falls under case 1.
///
/// The waker is registered before the swap, so the wake of case 2 finds it.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    poked: AtomicBool,
    waker: AtomicWaker,
}

impl Signal {
    /// Says that there is something to do. Returns whether this call was the one that woke the actor.
    pub(crate) fn poke(&self) -> bool {
        let first = !self.poked.swap(true, Ordering::AcqRel);
        if first {
            self.waker.wake();
        }
        first
    }

    /// Has `waker` woken by the next poke, and takes note of all pokes until now.
    pub(crate) fn listen(&self, waker: &Waker) {
        self.waker.register(waker);
        self.poked.swap(false, Ordering::AcqRel);
    }
}
