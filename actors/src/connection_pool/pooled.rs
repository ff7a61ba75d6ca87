use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::ConnectionManager;
use super::plane::{Loan, Plane};

/// A connection on loan from a [`ConnectionPool`](super::ConnectionPool). Dropped, it goes back.
///
/// It goes straight to whoever has waited longest. One that is dropped while its thread panics is checked
/// first, as nobody knows in the middle of what it was left.
pub struct Pooled<M: ConnectionManager> {
    plane: Arc<Plane<M>>,
    /// `None` only while it is dropped.
    loan: Option<Loan<M::Connection>>,
    discard: bool,
}

impl<M: ConnectionManager> Pooled<M> {
    pub(super) fn new(plane: Arc<Plane<M>>, loan: Loan<M::Connection>) -> Self {
        Self { plane, loan: Some(loan), discard: false }
    }

    /// Gives the connection back to be closed instead of used again. Its slot is free once it is closed.
    pub fn discard(mut self) {
        self.discard = true;
    }
}

impl<M: ConnectionManager> Deref for Pooled<M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        match &self.loan {
            Some(loan) => &loan.conn.value,
            None => unreachable!("it is only taken out on drop"),
        }
    }
}

impl<M: ConnectionManager> DerefMut for Pooled<M> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        match &mut self.loan {
            Some(loan) => &mut loan.conn.value,
            None => unreachable!("it is only taken out on drop"),
        }
    }
}

impl<M: ConnectionManager> Drop for Pooled<M> {
    fn drop(&mut self) {
        if let Some(loan) = self.loan.take() {
            self.plane.give_back(loan, self.discard);
        }
    }
}

impl<M: ConnectionManager<Connection: fmt::Debug>> fmt::Debug for Pooled<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pooled").field(&**self).finish()
    }
}
