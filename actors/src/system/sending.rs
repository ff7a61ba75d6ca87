use actix::{Actor, Context, Handler, Message};

use super::Handle;
use crate::mailbox::{AskError, Retried, Tell, TellError};

impl<A: Actor<Context = Context<A>>> Handle<A> {
    /// Sends `message`, waiting for room if the lane is full; first come, first served.
    ///
    /// That it was taken in does not mean that it will be handled: the actor may panic over it or
    /// stop first. It is then a [dead letter](crate::dead_letters).
    ///
    /// # Errors
    ///
    /// - [`TellError::Stopped`]: the actor takes in nothing any more, or stopped while this waited.
    /// - [`TellError::Interrupted`]: the ambient token was cancelled, or the ambient deadline passed,
    ///   while this waited.
    /// - [`TellError::Full`]: the lane is full, and this could wait for ever, as the actor
    ///   [waits for it](crate::mailbox#asks-that-wait-for-themselves) meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped while it waits, it leaves the line and drops the message, which is counted
    /// as rejected. Nobody loses a place by it.
    pub async fn tell<M>(&self, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        self.core().tell::<Tell<M>, M>(self.lane, message).await
    }

    /// Sends `message` if there is room now.
    ///
    /// # Errors
    ///
    /// - [`TellError::Full`]: the lane is full, or somebody else waits for room in it.
    /// - [`TellError::Stopped`]: the actor takes in nothing any more.
    pub fn try_tell<M>(&self, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Send + 'static,
    {
        self.core().try_tell::<Tell<M>, M>(self.lane, message)
    }

    /// [`tell`](Self::tell) for a message that is worth a second try: where its handler panics, the next incarnation
    /// handles it again, before anything else.
    ///
    /// Handlers get copies. After [`max_crashes`](crate::supervision::RestartConfig::max_crashes) incarnations have
    /// panicked over it, it is a dead letter of the kind [`Poison`](crate::DeadReason::Poison), with the message and
    /// [every panic](crate::DeadLetter::history), and the actor goes on without it. So a message that no incarnation
    /// can handle costs a few restarts, and not the actor.
    ///
    /// However, what a handler had done before it panicked is done again: use it for messages that may be handled
    /// more than once. It ends with the handler's return: a future that the handler leaves behind is not retried. An
    /// ask is not retried for you, as the asker hears of the panic at once, and can ask again.
    ///
    /// # Errors
    ///
    /// As [`tell`](Self::tell).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`tell`](Self::tell).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actors::prelude::*;
    /// # struct Parser;
    /// # impl Actor for Parser { type Context = Context<Self>; }
    /// #[derive(Message, Clone, Debug, PartialEq)]
    /// #[rtype(result = "()")]
    /// struct Parse(&'static str);
    /// # impl Handler<Parse> for Parser {
    /// #     type Result = ();
    /// #     fn handle(&mut self, Parse(text): Parse, _: &mut Context<Self>) {
    /// #         text.parse::<i32>().expect("a number");
    /// #     }
    /// # }
    /// use actors::DeadReason;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let system = System::start()?;
    /// let parser = system.spawn(ActorConfig::named("parser"), || Parser);
    /// parser.tell_retried(Parse("two")).await?;
    /// // It waits for the poison to be given up.
    /// parser.ask(Parse("2")).await?;
    ///
    /// let letters = system.dead_letters().recent();
    /// assert!(matches!(letters[0].reason(), DeadReason::Poison(_)));
    /// assert_eq!(letters[0].history().len(), 3);
    /// assert_eq!(letters[0].take::<Parse>(), Some(Parse("two")));
    /// # Ok(()) }
    /// ```
    pub async fn tell_retried<M>(&self, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Clone + Send + 'static,
    {
        self.core().tell::<Retried<M>, M>(self.lane, message).await
    }

    /// [`try_tell`](Self::try_tell) for a message that is [retried](Self::tell_retried).
    ///
    /// # Errors
    ///
    /// As [`try_tell`](Self::try_tell).
    pub fn try_tell_retried<M>(&self, message: M) -> Result<(), TellError<M>>
    where
        A: Handler<M>,
        M: Message + Clone + Send + 'static,
    {
        self.core().try_tell::<Retried<M>, M>(self.lane, message)
    }

    /// Sends `message`, waiting for room if the lane is full, and waits for the answer.
    ///
    /// All of it together takes at most the actor's `ask_timeout`, and ends no later than the
    /// ambient deadline. The handler runs under the asker's deadline and token.
    ///
    /// # Errors
    ///
    /// - [`AskError::TimedOut`]: no answer in time.
    /// - [`AskError::Panicked`]: the handler panicked over this message.
    /// - [`AskError::Crashed`]: the actor panicked over something else while the answer was under way.
    /// - [`AskError::Stopped`]: the actor stopped first.
    /// - [`AskError::Unanswered`]: the handler threw its duty to answer away.
    /// - [`AskError::Interrupted`]: the ambient token was cancelled.
    /// - [`AskError::Cycle`]: the actor [waits for this very answer](crate::mailbox#asks-that-wait-for-themselves).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped while the message waits, the message is not handled. Dropped later,
    /// the handler goes on and its answer is thrown away.
    pub async fn ask<M>(&self, message: M) -> Result<M::Result, AskError>
    where
        A: Handler<M>,
        M: Message<Result: Send> + Send + 'static,
    {
        self.core().ask(self.lane, message, true).await
    }

    /// [`ask`](Self::ask), if there is room now.
    ///
    /// # Errors
    ///
    /// [`AskError::Rejected`] where the lane is full, or somebody else waits for room in it; and
    /// those of [`ask`](Self::ask).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, as [`ask`](Self::ask).
    pub async fn try_ask<M>(&self, message: M) -> Result<M::Result, AskError>
    where
        A: Handler<M>,
        M: Message<Result: Send> + Send + 'static,
    {
        self.core().ask(self.lane, message, false).await
    }
}
