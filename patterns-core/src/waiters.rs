use std::collections::VecDeque;
use std::task::Waker;

/// Who waits for something, longest first. Lives under the lock of the state it belongs to.
///
/// Waking only takes a waiter out of the list; it hands nothing over. Whoever is polled takes what
/// is there, so a woken waiter that is never polled again keeps nothing from the others. A woken
/// waiter that finds nothing comes back under its old number and so keeps its turn.
#[derive(Default)]
pub(crate) struct Waiters {
    /// Sorted by number: new ones go to the end, returning ones to where they were.
    list: VecDeque<(u64, Waker)>,
    next: u64,
}

/// A waiting future's number; `None` before it first waits.
pub(crate) type Place = Option<u64>;

impl Waiters {
    /// Puts the waiter at its place in the list, or gives its entry the current waker.
    pub(crate) fn register(&mut self, place: &mut Place, waker: &Waker) {
        let number = *place.get_or_insert_with(|| {
            self.next += 1;
            self.next
        });
        match self.find(number) {
            Ok(at) => self.list[at].1.clone_from(waker),
            Err(at) => self.list.insert(at, (number, waker.clone())),
        }
    }

    /// The longest waiter, who is to be woken.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Waker> {
        self.list.pop_front().map(|(_, waker)| waker)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether the waiter was woken: it has a number, yet is not in the list.
    pub(crate) fn was_woken(&self, place: Place) -> bool {
        place.is_some_and(|number| self.find(number).is_err())
    }

    /// Takes the waiter out; false where it was not in the list, so that it had been woken or had
    /// never waited.
    pub(crate) fn remove(&mut self, place: Place) -> bool {
        let Some(Ok(at)) = place.map(|number| self.find(number)) else { return false };
        self.list.remove(at);
        true
    }

    fn find(&self, number: u64) -> Result<usize, usize> {
        self.list.binary_search_by_key(&number, |(number, _)| *number)
    }
}

/// Wakers to be called once the lock is released, as a waker may run code that takes it.
#[derive(Default)]
#[must_use]
pub(crate) struct Wakes {
    /// Most operations wake one waiter at most: no allocation for them.
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakes {
    /// The longest waiter of `waiters`, if there is one.
    pub(crate) fn one(&mut self, waiters: &mut Waiters) {
        self.extend(waiters.pop());
    }

    /// These.
    pub(crate) fn extend(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        wakers.into_iter().for_each(|waker| self.add(waker));
    }

    /// This one.
    pub(crate) fn add(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.more.push(waker);
        }
    }

    /// Every waiter of `waiters`.
    pub(crate) fn all(&mut self, waiters: &mut Waiters) {
        self.extend(waiters.list.drain(..).map(|(_, waker)| waker));
    }

    /// Calls them.
    #[inline]
    pub(crate) fn fire(self) {
        if let Some(waker) = self.first {
            waker.wake();
        }
        if !self.more.is_empty() {
            self.more.into_iter().for_each(Waker::wake);
        }
    }
}
