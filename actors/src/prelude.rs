//! What the file of an actor imports: actix's vocabulary, and this crate's.
//!
//! Use this instead of `actix::prelude::*`, which has a `System` and a module called `actors` of
//! its own that collide with this crate's names. Your crate still needs `actix` (0.13, feature `macros`)
//! among its dependencies, as `#[derive(Message)]` names it.
//!
//! ```
//! use actors::prelude::*;
//!
//! struct Idle;
//!
//! impl Actor for Idle {
//!     type Context = Context<Self>;
//! }
//! ```
#[doc(no_inline)]
pub use crate::mailbox::Reply;
#[doc(no_inline)]
pub use crate::{ActorConfig, AskError, Handle, Lane, Receipt, System, TellError, WeakHandle};
#[doc(no_inline)]
pub use actix::{
    Actor, ActorContext, ActorFuture, ActorFutureExt, ActorResponse, AsyncContext, AtomicResponse, Context, Handler,
    Message, MessageResult, ResponseActFuture, ResponseFuture, Running, StreamHandler, WrapFuture, WrapStream,
};
