use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::ConnectionManager;
use super::plane::{Conn, Tie};

/// A connection on loan from a [`ConnectionPool`](super::ConnectionPool). Dropped, it goes back.
///
/// It goes straight to whoever has waited longest. One that is dropped while its thread panics is checked
/// first, as nobody knows in the middle of what it was left.
pub struct Pooled<M: ConnectionManager> {
    tie: Arc<Tie<M>>,
    /// `None` only while it is dropped.
    conn: Option<Conn<M::Connection>>,
    discard: bool,
}

impl<M: ConnectionManager> Pooled<M> {
    #[inline]
    pub(super) fn new(tie: Arc<Tie<M>>, conn: Conn<M::Connection>) -> Self {
        Self { tie, conn: Some(conn), discard: false }
    }

    /// Gives the connection back to be closed instead of used again. Its slot is free once it is closed.
    pub fn discard(mut self) {
        self.discard = true;
    }
}

impl<M: ConnectionManager> Deref for Pooled<M> {
    type Target = M::Connection;

    fn deref(&self) -> &M::Connection {
        match &self.conn {
            Some(conn) => &conn.value,
            None => unreachable!("it is only taken out on drop"),
        }
    }
}

impl<M: ConnectionManager> DerefMut for Pooled<M> {
    fn deref_mut(&mut self) -> &mut M::Connection {
        match &mut self.conn {
            Some(conn) => &mut conn.value,
            None => unreachable!("it is only taken out on drop"),
        }
    }
}

impl<M: ConnectionManager> Drop for Pooled<M> {
    #[inline]
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.tie.plane.give_back(conn, self.discard);
        }
    }
}

impl<M: ConnectionManager<Connection: fmt::Debug>> fmt::Debug for Pooled<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pooled").field(&**self).finish()
    }
}
