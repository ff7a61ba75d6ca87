//! What a [`CoordinatorActor`](super::CoordinatorActor) is told.

use actix::Message;

use super::{Cause, Readiness};

/// A component's check has come back.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Checked {
    /// Which component, by the order in which they were added.
    pub component: usize,
    /// What it said.
    pub readiness: Readiness,
}

/// Shut the program down. Only the first one counts.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ShutDown {
    /// Why.
    pub cause: Cause,
}

/// Every component has been shut down.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct AllStopped;
