//! Who is there to be looked at.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::{semaphore, task_group};

/// What is alive of one kind, by slot.
pub(super) struct Register<T: 'static>(Mutex<Slots<T>>);

struct Slots<T> {
    slots: Vec<Option<Weak<T>>>,
    free: Vec<usize>,
}

pub(super) static GROUPS: Register<task_group::Shared> = Register::new();
pub(super) static SEMAPHORES: Register<semaphore::Shared> = Register::new();

impl<T> Register<T> {
    const fn new() -> Self {
        Self(Mutex::new(Slots { slots: Vec::new(), free: Vec::new() }))
    }

    fn enter(&'static self, thing: Weak<T>) -> Registered<T> {
        let mut slots = self.0.lock();
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.slots.push(None);
            slots.slots.len() - 1
        });
        slots.slots[slot] = Some(thing);
        Registered { register: self, slot }
    }

    pub(super) fn all(&self) -> Vec<Arc<T>> {
        // Collected under the lock, dropped by the caller outside of it: one of them may be the last reference.
        self.0.lock().slots.iter().flatten().filter_map(Weak::upgrade).collect()
    }
}

/// That something can be looked at, until this is dropped. It is part of what is looked at.
pub(crate) struct Registered<T: 'static> {
    register: &'static Register<T>,
    slot: usize,
}

impl<T> Drop for Registered<T> {
    fn drop(&mut self) {
        let mut slots = self.register.0.lock();
        let thing = slots.slots[self.slot].take();
        slots.free.push(self.slot);
        drop(slots);
        drop(thing);
    }
}

impl<T> std::fmt::Debug for Registered<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registered").field("slot", &self.slot).finish_non_exhaustive()
    }
}

pub(crate) fn group(group: &Weak<task_group::Shared>) -> Registered<task_group::Shared> {
    GROUPS.enter(Weak::clone(group))
}

pub(crate) fn semaphore(semaphore: &Weak<semaphore::Shared>) -> Registered<semaphore::Shared> {
    SEMAPHORES.enter(Weak::clone(semaphore))
}
