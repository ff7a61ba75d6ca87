use std::collections::{BTreeMap, VecDeque};

use super::Order;

/// An item in the queue or in a job.
pub(super) struct Entry<T> {
    pub(super) item: T,
    /// How often it has been handed out, this time included once it is.
    pub(super) attempt: u32,
    pub(super) priority: i64,
}

/// The items that wait, in the order in which they leave.
pub(super) struct Store<T> {
    lines: Lines<T>,
    order: Order,
}

enum Lines<T> {
    One(VecDeque<Entry<T>>),
    Many(Ranked<T>),
}

/// A line per priority; an empty one is removed.
struct Ranked<T> {
    lines: BTreeMap<i64, VecDeque<Entry<T>>>,
    len: usize,
}

impl<T> Store<T> {
    pub(super) fn new(order: Order, prioritised: bool) -> Self {
        let lines = if prioritised {
            Lines::Many(Ranked { lines: BTreeMap::new(), len: 0 })
        } else {
            Lines::One(VecDeque::new())
        };
        Self { lines, order }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match &self.lines {
            Lines::One(line) => line.len(),
            Lines::Many(ranked) => ranked.len,
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry<T>) {
        match &mut self.lines {
            Lines::One(line) => line.push_back(entry),
            Lines::Many(ranked) => ranked.push(entry),
        }
    }

    /// The next item to be handed out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        match &mut self.lines {
            Lines::One(line) => next(line, self.order),
            Lines::Many(ranked) => ranked.pop(self.order),
        }
    }

    /// The oldest item of the lowest priority, unless a newcomer of this priority ranks lower still.
    pub(super) fn displace_for(&mut self, newcomer: i64) -> Option<Entry<T>> {
        match &mut self.lines {
            Lines::One(line) => line.pop_front(),
            Lines::Many(ranked) => ranked.displace_for(newcomer),
        }
    }

    /// Takes everything, in the order in which it would have left.
    pub(super) fn drain(&mut self) -> Vec<T> {
        let mut items = Vec::with_capacity(self.len());
        while let Some(entry) = self.pop() {
            items.push(entry.item);
        }
        items
    }
}

#[inline]
fn next<T>(line: &mut VecDeque<Entry<T>>, order: Order) -> Option<Entry<T>> {
    match order {
        Order::Fifo => line.pop_front(),
        Order::Lifo => line.pop_back(),
    }
}

/// Never inlined: the plain line's way is short without them.
impl<T> Ranked<T> {
    #[inline(never)]
    fn push(&mut self, entry: Entry<T>) {
        self.len += 1;
        self.lines.entry(entry.priority).or_default().push_back(entry);
    }

    #[inline(never)]
    fn pop(&mut self, order: Order) -> Option<Entry<T>> {
        let mut highest = self.lines.last_entry()?;
        let entry = next(highest.get_mut(), order)?;
        if highest.get().is_empty() {
            highest.remove();
        }
        self.len -= 1;
        Some(entry)
    }

    fn displace_for(&mut self, newcomer: i64) -> Option<Entry<T>> {
        let mut lowest = self.lines.first_entry()?;
        if newcomer < *lowest.key() {
            return None;
        }
        let entry = lowest.get_mut().pop_front()?;
        if lowest.get().is_empty() {
            lowest.remove();
        }
        self.len -= 1;
        Some(entry)
    }
}
