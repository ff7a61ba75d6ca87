use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use crate::waiters::{Place, Wakes};

/// Those who wait, first come first. Each stays in the line from its first look until it goes: asleep, or
/// called and on its way to look again.
///
/// The crate's `Waiters` forgets those it wakes; here the others must see that somebody before them is on the way.
#[derive(Default)]
pub(super) struct Line {
    /// Sorted by number, as newcomers go to the end.
    entries: VecDeque<Entry>,
    next: u64,
}

struct Entry {
    number: u64,
    /// `None` once called.
    asleep: Option<Waker>,
}

impl Line {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Calls everybody who is asleep.
    pub(super) fn call_all(&mut self, calls: &mut Calls) {
        for entry in &mut self.entries {
            if let Some(waker) = entry.asleep.take() {
                calls.0.add(waker);
            }
        }
    }

    /// One has looked in vain: it sleeps until it is called.
    pub(super) fn sleep(&mut self, place: &mut Place, waker: &Waker) {
        self.entry(place).asleep = Some(waker.clone());
    }

    /// One lets those before it go first: it comes again, without being called.
    pub(super) fn give_way(&mut self, place: &mut Place, waker: &Waker, calls: &mut Calls) {
        self.entry(place).asleep = None;
        calls.0.add(waker.clone());
    }

    /// Whether one that came before was called, and has not looked since.
    pub(super) fn is_behind_one_called(&self, place: Place) -> bool {
        let mut before = self.entries.iter().take_while(|entry| place.is_none_or(|number| entry.number < number));
        before.any(|entry| entry.asleep.is_none())
    }

    pub(super) fn remove(&mut self, place: Place) {
        if let Some(Ok(at)) = place.map(|number| self.find(number)) {
            self.entries.remove(at);
        }
    }

    fn entry(&mut self, place: &mut Place) -> &mut Entry {
        let number = *place.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        let at = self.find(number).unwrap_or_else(|at| {
            self.entries.insert(at, Entry { number, asleep: None });
            at
        });
        &mut self.entries[at]
    }

    fn find(&self, number: u64) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&number, |entry| entry.number)
    }
}

/// Those who were called. Dropping this wakes them: it is made before the lock is taken, so that this is after
/// the lock is released, where a closure of the user's panics too.
#[derive(Default)]
pub(super) struct Calls(Wakes);

impl Drop for Calls {
    fn drop(&mut self) {
        mem::take(&mut self.0).fire();
    }
}
