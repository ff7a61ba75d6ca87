use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, Stream};

use super::Hub;
use super::forward::Forward;
use super::link::Link;
use super::reply::{Failure, Replies};

/// What is under way between an actor's handlers and its askers.
#[derive(Default)]
pub(super) struct Answers {
    /// Answers under way. They outlive the incarnation that gave them, as their futures may.
    relays: RefCell<FuturesUnordered<LocalBoxFuture<'static, ()>>>,
    /// Futures that give answers, where they are the actor's own.
    replies: Replies,
    /// The link of the ask that is being handled, if it has one.
    handling: Cell<Option<Arc<Link>>>,
    /// The link of the ask that the actor is held for.
    held_for: Cell<Option<Arc<Link>>>,
    /// Asks that the actor's code made in this poll, while it was held.
    undecided: RefCell<Vec<Arc<Link>>>,
}

impl Answers {
    pub(super) fn relay<R: 'static>(&self, forward: Forward<R>) {
        self.relays.borrow_mut().push(Box::pin(forward));
    }

    pub(super) fn replies(&self) -> &Replies {
        &self.replies
    }

    /// Where the reply that the handler has just returned will say why it failed.
    pub(super) fn latest_failure(&self) -> Option<Rc<Failure>> {
        self.replies.take_latest()
    }

    /// Relays what has been answered. Returns whether nothing is under way any more.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> bool {
        let no_replies = self.replies.poll(cx);
        let mut relays = self.relays.borrow_mut();
        while let Poll::Ready(Some(())) = Pin::new(&mut *relays).poll_next(cx) {}
        no_replies && relays.is_empty()
    }

    pub(super) fn drop_all(&self) {
        self.replies.drop_all();
        let relays = std::mem::take(&mut *self.relays.borrow_mut());
        drop(relays);
    }

    /// Notes the link of the ask that is about to be handled.
    pub(super) fn handle(&self, link: Arc<Link>) {
        self.handling.set(Some(link));
    }

    /// The link of the ask whose handler is running.
    pub(super) fn handling(&self) -> Option<Arc<Link>> {
        peek(&self.handling)
    }

    /// The handler has come back.
    pub(super) fn end_handling(&self) {
        self.handling.set(None);
    }

    /// The handler has come back, and has the actor wait for something.
    pub(super) fn hold(&self) {
        self.held_for.set(self.handling.take());
    }

    /// The actor does not wait any more.
    pub(super) fn let_go(&self) {
        self.handling.set(None);
        self.held_for.set(None);
        self.decide(false);
    }

    /// The link of an ask that the held actor's code makes.
    pub(super) fn link(&self, actor: &Arc<Hub>) -> Arc<Link> {
        let link = Link::undecided(actor.clone(), peek(&self.held_for));
        self.undecided.borrow_mut().push(link.clone());
        link
    }

    /// Says whether the asks that were made since the actor was held hold it.
    pub(super) fn decide(&self, hold: bool) {
        let links = std::mem::take(&mut *self.undecided.borrow_mut());
        for link in links {
            link.decide(hold);
        }
    }
}

/// Looks at a cell without taking what is in.
fn peek<T: Clone>(cell: &Cell<Option<T>>) -> Option<T> {
    let value = cell.take();
    cell.set(value.clone());
    value
}
