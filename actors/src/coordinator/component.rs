use std::sync::Arc;

use actix::{Actor, Context};
use async_trait::async_trait;
use tokio::time::Instant;

use crate::supervision::ActorState;
use crate::{Handle, Receipt};

/// Whether a component can do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It can't, for this reason: `connection refused`.
    NotReady(String),
}

impl Readiness {
    /// Whether it can.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }
}

/// A part of the program that a [`Coordinator`](super::Coordinator) looks after.
///
/// Every actor's [`Handle`] is one, and so is an `Arc` of one.
#[async_trait]
pub trait Component: Send + Sync + 'static {
    /// Whether it can do its work now. Asked again and again, by one caller at a time; a panic or a
    /// timeout counts as "not ready".
    async fn ready(&self) -> Readiness;

    /// Takes in nothing more, finishes what is in, and is gone by `deadline`.
    ///
    /// It may be dropped at any await once the deadline has passed, and may be called again.
    async fn shut_down(&self, deadline: Instant) -> Receipt;
}

#[async_trait]
impl<C: Component + ?Sized> Component for Arc<C> {
    async fn ready(&self) -> Readiness {
        C::ready(self).await
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        C::shut_down(self, deadline).await
    }
}

/// An actor is ready while it runs. It is stopped with [`Handle::stop_by`].
#[async_trait]
impl<A: Actor<Context = Context<A>>> Component for Handle<A> {
    async fn ready(&self) -> Readiness {
        let status = self.status();
        if status.state == ActorState::Running {
            return Readiness::Ready;
        }
        let why = match (self.stop_reason(), status.last_panic) {
            (Some(reason), _) => format!("{}: {reason}", status.state),
            (None, Some(panic)) => format!("{}: it {panic}", status.state),
            (None, None) => status.state.to_string(),
        };
        Readiness::NotReady(why)
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        self.stop_by(deadline).await
    }
}
