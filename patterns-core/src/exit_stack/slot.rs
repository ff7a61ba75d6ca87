use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use parking_lot::Mutex;

use super::ExitStack;

/// Where a resource lies while nobody uses it.
pub(super) struct Slot<R>(Arc<Mutex<Option<R>>>);

impl<R> Slot<R> {
    pub(super) fn new(resource: R) -> Self {
        Self(Arc::new(Mutex::new(Some(resource))))
    }

    /// Takes the resource for use; nothing while someone else uses it.
    pub(super) fn take(&self) -> Option<Held<R>> {
        let resource = self.0.lock().take()?;
        Some(Held { resource: Some(resource), slot: self.clone() })
    }
}

impl<R> Clone for Slot<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A resource in use, which goes back to its slot when this is dropped.
pub(super) struct Held<R> {
    /// Empty only while it is being dropped.
    resource: Option<R>,
    slot: Slot<R>,
}

impl<R> Held<R> {
    /// The resource for good: it won't go back.
    pub(super) fn into_inner(mut self) -> R {
        self.resource.take().expect("taken only here and by drop")
    }
}

impl<R> Deref for Held<R> {
    type Target = R;

    fn deref(&self) -> &R {
        self.resource.as_ref().expect("there until dropped")
    }
}

impl<R> DerefMut for Held<R> {
    fn deref_mut(&mut self) -> &mut R {
        self.resource.as_mut().expect("there until dropped")
    }
}

impl<R> Drop for Held<R> {
    fn drop(&mut self) {
        if let Some(resource) = self.resource.take() {
            *self.slot.0.lock() = Some(resource);
        }
    }
}

/// A resource that an [`ExitStack`] releases. Made by [`ExitStack::enter`].
///
/// It borrows the stack, so that nobody can use the resource after its release has begun.
pub struct Entered<'stack, R> {
    held: Held<R>,
    stack: PhantomData<&'stack ExitStack>,
}

impl<R> Entered<'_, R> {
    pub(super) fn new(held: Held<R>) -> Self {
        Self { held, stack: PhantomData }
    }
}

impl<R> Deref for Entered<'_, R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.held
    }
}

impl<R> DerefMut for Entered<'_, R> {
    fn deref_mut(&mut self) -> &mut R {
        &mut self.held
    }
}

impl<R: fmt::Debug> fmt::Debug for Entered<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entered").field(&**self).finish()
    }
}
