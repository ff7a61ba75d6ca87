use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;

use super::Hub;
use super::stage::Stage;

tokio::task_local! {
    /// Which ask the running reply is the answer to.
    static ANSWERING: Answering;
}

/// Whose reply is running, and the ask that it answers.
#[derive(Clone)]
struct Answering {
    actor: Arc<Hub>,
    ask: Arc<Link>,
}

/// An ask that an actor's own code has made, for as long as it is under way.
///
/// Links make a chain: an actor asks, to answer an ask, which was made to answer an ask. A chain begins where an actor
/// is *held*: it handles nothing until the future that asks has ended. Where the chain comes back to an
/// actor that it holds, nobody in it can ever be answered, so the last ask is refused.
///
/// # How it is known that a future holds its actor
///
/// Handlers give such futures to actix (`AtomicResponse`, `ctx.wait`), which polls them before everything else of
/// the actor, and returns from the poll if they are not ready. So an ask that was made since the actor was held
/// is made by such a future, if the poll ends without having got to the mailbox; until then it is `UNDECIDED`. If the
/// poll gets there, the actor is not held any more, and the ask may be anybody's.
pub(crate) struct Link {
    /// Whose code asked.
    asker: Arc<Hub>,
    /// The ask that the asker is about to answer.
    parent: Option<Arc<Link>>,
    state: AtomicU8,
    /// Wakes the ask itself, where it waits for the decision.
    waker: AtomicWaker,
}

/// Made in a held actor's task, in a poll that has not ended.
const UNDECIDED: u8 = 0;
/// Its asker handles nothing meanwhile.
const HOLDING: u8 = 1;
/// Made by a reply: its asker goes on, but does not answer the parent meanwhile.
const PASSING: u8 = 2;
/// It has ended, or turned out to hold nobody.
const OVER: u8 = 3;

impl Link {
    fn new(asker: Arc<Hub>, parent: Option<Arc<Self>>, state: u8) -> Arc<Self> {
        Arc::new(Self { asker, parent, state: AtomicU8::new(state), waker: AtomicWaker::new() })
    }

    /// One that is made in the task of a held actor.
    pub(super) fn undecided(asker: Arc<Hub>, parent: Option<Arc<Self>>) -> Arc<Self> {
        Self::new(asker, parent, UNDECIDED)
    }

    /// The link of an ask that is made here and now; `None` where no actor waits for it.
    pub(super) fn here() -> Option<Arc<Self>> {
        if let Some(stage) = Stage::current() {
            return stage.link();
        }
        ANSWERING.try_with(|answering| Self::new(answering.actor.clone(), Some(answering.ask.clone()), PASSING)).ok()
    }

    /// Runs a reply of `actor` that answers `ask`.
    pub(super) fn scope<F: Future>(actor: Arc<Hub>, ask: Arc<Self>, reply: F) -> impl Future<Output = F::Output> {
        ANSWERING.scope(Answering { actor, ask }, reply)
    }

    /// Whether `asked` may be waited for: not if that waits for this.
    ///
    /// # Errors
    ///
    /// The names on the way from the actor that waits for itself, back to it.
    pub(super) async fn open(self: Arc<Self>, asked: &Arc<Hub>) -> Result<Open, Vec<Arc<str>>> {
        let open = Open(self);
        if let Some(circle) = open.0.circle_to(asked)
            && open.0.is_waited_for().await
        {
            return Err(circle);
        }
        Ok(open)
    }

    fn circle_to(&self, asked: &Arc<Hub>) -> Option<Vec<Arc<str>>> {
        let mut circle = vec![asked.name.clone()];
        let mut next = Some(self);
        while let Some(link) = next {
            let holds = match link.state.load(Ordering::Acquire) {
                HOLDING => true,
                // The caller waits for the decision.
                UNDECIDED if std::ptr::eq(link, self) => true,
                PASSING => false,
                _ => return None,
            };
            circle.push(link.asker.name.clone());
            if holds && Arc::ptr_eq(&link.asker, asked) {
                circle.reverse();
                return Some(circle);
            }
            next = link.parent.as_deref();
        }
        None
    }

    /// Waits until it is decided, which is at the end of the running poll at the latest.
    async fn is_waited_for(&self) -> bool {
        poll_fn(|cx| {
            self.waker.register(cx.waker());
            match self.state.load(Ordering::Acquire) {
                UNDECIDED => Poll::Pending,
                state => Poll::Ready(state != OVER),
            }
        })
        .await
    }

    /// Whether the future that made it holds its actor.
    pub(super) fn decide(&self, holds: bool) {
        let state = if holds { HOLDING } else { OVER };
        let _ = self.state.compare_exchange(UNDECIDED, state, Ordering::AcqRel, Ordering::Acquire);
        self.waker.wake();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Not by recursion: the chain may be longer than the stack.
        let mut next = self.parent.take();
        while let Some(mut link) = next.and_then(Arc::into_inner) {
            next = link.parent.take();
        }
    }
}

/// An ask is under way; dropped, it is over.
pub(super) struct Open(Arc<Link>);

impl Open {
    pub(super) fn link(&self) -> Arc<Link> {
        self.0.clone()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.state.store(OVER, Ordering::Release);
    }
}
