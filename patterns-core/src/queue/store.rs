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
    len: usize,
}

enum Lines<T> {
    One(VecDeque<Entry<T>>),
    /// By priority; an empty line is removed.
    Many(BTreeMap<i64, VecDeque<Entry<T>>>),
}

impl<T> Store<T> {
    pub(super) fn new(order: Order, prioritised: bool) -> Self {
        let lines = if prioritised { Lines::Many(BTreeMap::new()) } else { Lines::One(VecDeque::new()) };
        Self { lines, order, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn push(&mut self, entry: Entry<T>) {
        self.len += 1;
        match &mut self.lines {
            Lines::One(line) => line.push_back(entry),
            Lines::Many(lines) => lines.entry(entry.priority).or_default().push_back(entry),
        }
    }

    /// The next item to be handed out.
    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        let order = self.order;
        let next = |line: &mut VecDeque<Entry<T>>| match order {
            Order::Fifo => line.pop_front(),
            Order::Lifo => line.pop_back(),
        };
        let entry = match &mut self.lines {
            Lines::One(line) => next(line)?,
            Lines::Many(lines) => {
                let mut highest = lines.last_entry()?;
                let entry = next(highest.get_mut())?;
                if highest.get().is_empty() {
                    highest.remove();
                }
                entry
            }
        };
        self.len -= 1;
        Some(entry)
    }

    /// The oldest item of the lowest priority, unless a newcomer of this priority ranks lower still.
    pub(super) fn displace_for(&mut self, newcomer: i64) -> Option<Entry<T>> {
        let entry = match &mut self.lines {
            Lines::One(line) => line.pop_front()?,
            Lines::Many(lines) => {
                let mut lowest = lines.first_entry()?;
                if newcomer < *lowest.key() {
                    return None;
                }
                let entry = lowest.get_mut().pop_front()?;
                if lowest.get().is_empty() {
                    lowest.remove();
                }
                entry
            }
        };
        self.len -= 1;
        Some(entry)
    }

    /// Takes everything, in the order in which it would have left.
    pub(super) fn drain(&mut self) -> Vec<T> {
        let mut items = Vec::with_capacity(self.len);
        while let Some(entry) = self.pop() {
            items.push(entry.item);
        }
        items
    }
}
