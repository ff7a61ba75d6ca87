use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, Stream};
use patterns_core::context;
use patterns_core::outcome::Panic;

use super::Hub;
use super::forward::Forward;
use super::reply::{Entered, Failure, Replies};

/// What the supervisor of an actor and the future that empties its mailbox share.
pub(crate) struct Stage {
    hub: Arc<Hub>,
    /// How many messages may still be handled before others get to run.
    turn: Cell<usize>,
    /// Whether the last poll of the context got as far as the mailbox. If not, the actor waits for
    /// something (`ctx.wait`, an `AtomicResponse`) before it goes on.
    reached: Cell<bool>,
    /// The panic that a handler ended with. It is noted here, as its place is lost on the way up.
    crash: RefCell<Option<Panic>>,
    /// Answers under way. They outlive the incarnation that gave them, as their futures may.
    relays: RefCell<FuturesUnordered<LocalBoxFuture<'static, ()>>>,
    /// Futures that give answers, where they are the actor's own.
    replies: Rc<Replies>,
}

impl Stage {
    pub(crate) fn new(hub: Arc<Hub>) -> Rc<Self> {
        Rc::new(Self {
            hub,
            turn: Cell::new(0),
            reached: Cell::new(true),
            crash: RefCell::default(),
            relays: RefCell::default(),
            replies: Rc::default(),
        })
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Grants a turn's worth of messages.
    pub(crate) fn begin_turn(&self) {
        self.turn.set(self.hub.config.mailbox.turn.get());
    }

    /// Uses up one message of the turn; `false` if it is over.
    pub(super) fn take_turn(&self) -> bool {
        let left = self.turn.get();
        self.turn.set(left.saturating_sub(1));
        left > 0
    }

    /// The context is about to be polled.
    pub(crate) fn begin_poll(&self) {
        self.reached.set(false);
    }

    pub(super) fn reach(&self) {
        self.reached.set(true);
    }

    /// Whether the actor waits for something before it takes the next message.
    pub(crate) fn is_held(&self) -> bool {
        !self.reached.get()
    }

    pub(super) fn crashed(&self, panic: Panic) {
        *self.crash.borrow_mut() = Some(panic);
    }

    pub(crate) fn take_crash(&self) -> Option<Panic> {
        self.crash.borrow_mut().take()
    }

    /// Runs `f` under the asker's deadline and token, at the actor's own place in the tree of tasks.
    pub(super) fn with_asker<R>(&self, asker: &context::Context, f: impl FnOnce() -> R) -> R {
        let here = context::Context::current().with_token(asker.token().clone());
        match asker.deadline() {
            Some(deadline) => here.with_deadline(deadline).sync_scope(f),
            None => here.sync_scope(f),
        }
    }

    pub(super) fn relay<R: 'static>(&self, forward: Forward<R>) {
        self.relays.borrow_mut().push(Box::pin(forward));
    }

    /// Has replies that handlers return meanwhile belong to this actor.
    pub(super) fn enter(&self) -> Entered {
        self.replies.clone().enter()
    }

    /// Where the reply that the handler has just returned will say why it failed.
    pub(super) fn latest_failure(&self) -> Option<Rc<Failure>> {
        self.replies.take_latest()
    }

    /// Relays what has been answered. Returns whether nothing is under way any more.
    pub(crate) fn poll_relays(&self, cx: &mut Context<'_>) -> bool {
        let no_replies = self.replies.poll(cx);
        let mut relays = self.relays.borrow_mut();
        while let Poll::Ready(Some(())) = std::pin::Pin::new(&mut *relays).poll_next(cx) {}
        no_replies && relays.is_empty()
    }

    /// Gives up the answers that are under way.
    pub(crate) fn drop_relays(&self) {
        self.replies.drop_all();
        let relays = std::mem::take(&mut *self.relays.borrow_mut());
        drop(relays);
    }
}
