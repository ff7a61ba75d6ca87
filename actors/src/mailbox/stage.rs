use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;

use patterns_core::cancel::CancelToken;
use patterns_core::context;
use patterns_core::outcome::{Panic, catch_panic};
use tokio::time::Instant;

use super::Hub;
use super::answers::Answers;
use super::link::Link;
use super::meters::Nanos;
use super::turn::Turn;

thread_local! {
    /// That of the actor whose own code runs on this thread.
    static CURRENT: RefCell<Option<Rc<Stage>>> = const { RefCell::new(None) };
}

/// What the supervisor of an actor and the future that empties its mailbox share.
pub(crate) struct Stage {
    hub: Arc<Hub>,
    turn: Turn,
    /// Whether the present poll of the context got as far as the mailbox.
    reached: Cell<bool>,
    /// Whether the actor waits for something (`ctx.wait`, an `AtomicResponse`) before it goes on.
    held: Cell<bool>,
    /// Whether there ever was a message.
    used: Cell<bool>,
    /// The panic that a handler ended with. It is noted here, as its place is lost on the way up.
    crash: Cell<Option<Box<Panic>>>,
    /// The type of the latest message.
    message_type: Cell<&'static str>,
    /// The actor's place in the tree of tasks. One that never had a message has none: it is made for each poll.
    context: OnceCell<context::Context>,
    /// Made at the first answer that takes time.
    answers: OnceCell<Box<Answers>>,
}

impl Stage {
    pub(crate) fn new(hub: Arc<Hub>) -> Rc<Self> {
        Rc::new(Self {
            hub,
            turn: Turn::new(),
            reached: Cell::new(true),
            held: Cell::new(false),
            used: Cell::new(false),
            crash: Cell::new(None),
            message_type: Cell::new(""),
            context: OnceCell::new(),
            answers: OnceCell::new(),
        })
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// That of the actor whose own code is running, if one's is.
    pub(super) fn current() -> Option<Rc<Self>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Runs the actor's own code: in its context, with what it answers its own. A panic comes back.
    pub(crate) fn within<R>(self: &Rc<Self>, f: impl FnOnce() -> R) -> Result<R, Panic> {
        // `try_with`: actors may be dropped while this thread's locals are being destroyed.
        let enter = |stage| CURRENT.try_with(|current| current.replace(stage)).ok().flatten();
        let made;
        let context = match self.context.get() {
            Some(context) => context,
            None => {
                let base = &self.hub.shared.context;
                made = base.with_token(CancelToken::new()).named(self.hub.name.to_string());
                &made
            }
        };
        let before = enter(Some(self.clone()));
        let result = context.sync_scope(|| catch_panic(f));
        drop(enter(before));
        if self.used.get() {
            let _ = self.context.get_or_init(|| context.clone());
        }
        result
    }

    pub(super) fn answers(&self) -> &Answers {
        self.answers.get_or_init(Box::default)
    }

    /// Those under way, if there ever were any.
    pub(super) fn answers_if_any(&self) -> Option<&Answers> {
        self.answers.get().map(|answers| &**answers)
    }

    /// Grants a turn's worth of messages.
    pub(crate) fn begin_turn(&self) {
        self.turn.renew(&self.hub);
    }

    /// Whether others are to run before the next message.
    pub(super) fn is_turn_over(&self, has_work: impl FnOnce() -> bool) -> bool {
        self.turn.is_over(&self.hub, has_work)
    }

    /// A message is taken out of the mailbox, and about to be handled.
    pub(super) fn begin_message(&self, message_type: &'static str, sent_at: u64, now: Option<Instant>) {
        self.used.set(true);
        let now = self.turn.begin(now.map(|now| self.hub.age(now)), &self.hub);
        let waited = now.saturating_sub(sent_at);
        self.hub.meters.wait.record(Nanos(waited));
        let is_known = std::ptr::eq(self.message_type.replace(message_type), message_type);
        self.hub.work.begin(now, waited, (!is_known).then_some(message_type));
    }

    /// Around the handler of a message, for whoever looks at that level.
    pub(super) fn span(&self, kind: &'static str) -> tracing::Span {
        let hub = &self.hub;
        let message_type = self.message_type.get();
        tracing::debug_span!("handle", actor = &*hub.name, incarnation = hub.life.incarnation(), message_type, kind)
    }

    /// The message's handler has come back; `waiting` says whether it has the actor wait for something first.
    pub(super) fn end_message(&self, waiting: bool) {
        match self.answers.get() {
            Some(answers) if waiting => answers.hold(),
            Some(answers) => answers.end_handling(),
            None => {}
        }
        if waiting {
            self.held.set(true);
        }
    }

    /// The actor is about to look for messages, or to sleep.
    pub(super) fn end_messages(&self) {
        if !self.held.get() {
            self.hub.work.rest();
        }
    }

    /// A context of the actor is about to be polled for the first time.
    pub(crate) fn begin_incarnation(&self) {
        self.hub.work.rest();
        self.let_go();
    }

    /// The context is about to be polled.
    pub(crate) fn begin_poll(&self) {
        self.reached.set(false);
    }

    /// The context was polled, and will be again.
    pub(crate) fn end_poll(&self) {
        if !self.reached.get() {
            self.held.set(true);
        }
        if self.held.get()
            && let Some(answers) = self.answers.get()
        {
            answers.decide(true);
        }
    }

    /// The context has got as far as the mailbox.
    pub(super) fn reach(&self) {
        self.reached.set(true);
        if self.held.get() {
            self.hub.work.rest();
            self.let_go();
        }
    }

    fn let_go(&self) {
        self.held.set(false);
        if let Some(answers) = self.answers.get() {
            answers.let_go();
        }
    }

    /// Whether the actor waits for something before it takes the next message.
    pub(crate) fn is_held(&self) -> bool {
        self.held.get()
    }

    /// The link of an ask that the actor's code makes now, if that may hold the actor.
    pub(super) fn link(&self) -> Option<Arc<Link>> {
        self.held.get().then(|| self.answers().link(&self.hub))
    }

    pub(super) fn crashed(&self, panic: Panic) {
        self.hub.work.rest();
        self.crash.set(Some(Box::new(panic)));
    }

    pub(crate) fn take_crash(&self) -> Option<Panic> {
        self.crash.take().map(|panic| *panic)
    }

    /// Runs `f` under the asker's deadline and token, at the actor's own place in the tree of tasks.
    pub(super) fn with_asker<R>(&self, asker: &context::Context, f: impl FnOnce() -> R) -> R {
        let here = context::Context::current().with_token(asker.token().clone());
        match asker.deadline() {
            Some(deadline) => here.with_deadline(deadline).sync_scope(f),
            None => here.sync_scope(f),
        }
    }

    /// Relays what has been answered. Returns whether nothing is under way any more.
    pub(crate) fn poll_relays(&self, cx: &mut Context<'_>) -> bool {
        self.answers.get().is_none_or(|answers| answers.poll(cx))
    }

    /// Gives up the answers that are under way.
    pub(crate) fn drop_relays(&self) {
        if let Some(answers) = self.answers.get() {
            answers.drop_all();
        }
    }
}
