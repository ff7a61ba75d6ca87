//! Timers in one table, linked into lists by number.

/// No timer.
const NONE: u32 = u32::MAX;

/// Tells a timer from all others that its wheel ever had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub(super) index: u32,
    sequence: u64,
}

#[derive(Debug)]
struct Node<T> {
    due: u64,
    sequence: u64,
    next: u32,
    prev: u32,
    /// `None` where the place is free.
    value: Option<T>,
}

/// First in, first out.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self { head: NONE, tail: NONE };

    pub(super) fn is_empty(&self) -> bool {
        self.head == NONE
    }
}

/// All timers of a wheel.
#[derive(Debug)]
pub(super) struct Nodes<T> {
    nodes: Vec<Node<T>>,
    /// The free places, linked by `next`.
    free: u32,
    sequence: u64,
}

impl<T> Nodes<T> {
    pub(super) const fn new() -> Self {
        Self { nodes: Vec::new(), free: NONE, sequence: 0 }
    }

    /// Puts a timer into the table, but into no list.
    pub(super) fn add(&mut self, due: u64, value: T) -> Key {
        self.sequence += 1;
        let node = Node { due, sequence: self.sequence, next: NONE, prev: NONE, value: Some(value) };
        let index = if self.free == NONE {
            // By half, not double: of what is held at most a third is unused.
            if self.nodes.len() == self.nodes.capacity() {
                self.nodes.reserve_exact((self.nodes.len() / 2).max(16));
            }
            let index = u32::try_from(self.nodes.len()).ok().filter(|index| *index != NONE);
            let index = index.expect("a wheel holds fewer than 2^32 timers");
            self.nodes.push(node);
            index
        } else {
            let index = self.free;
            self.free = self.nodes[index as usize].next;
            self.nodes[index as usize] = node;
            index
        };
        Key { index, sequence: self.sequence }
    }

    /// Takes a timer that is in no list out of the table.
    pub(super) fn take(&mut self, index: u32) -> Option<T> {
        let node = &mut self.nodes[index as usize];
        let value = node.value.take();
        node.next = self.free;
        self.free = index;
        value
    }

    /// The timer's number and when it is due, while it is there.
    pub(super) fn find(&self, key: Key) -> Option<(u32, u64)> {
        let node = self.nodes.get(key.index as usize)?;
        (node.sequence == key.sequence && node.value.is_some()).then_some((key.index, node.due))
    }

    pub(super) fn due(&self, index: u32) -> u64 {
        self.nodes[index as usize].due
    }

    pub(super) fn push_back(&mut self, list: &mut List, index: u32) {
        let node = &mut self.nodes[index as usize];
        (node.prev, node.next) = (list.tail, NONE);
        if list.tail == NONE {
            list.head = index;
        } else {
            self.nodes[list.tail as usize].next = index;
        }
        list.tail = index;
    }

    pub(super) fn pop_front(&mut self, list: &mut List) -> Option<u32> {
        let index = list.head;
        if index == NONE {
            return None;
        }
        self.unlink(list, index);
        Some(index)
    }

    /// Takes a timer out of the list that it is in.
    pub(super) fn unlink(&mut self, list: &mut List, index: u32) {
        let Node { prev, next, .. } = self.nodes[index as usize];
        match prev {
            NONE => list.head = next,
            prev => self.nodes[prev as usize].next = next,
        }
        match next {
            NONE => list.tail = prev,
            next => self.nodes[next as usize].prev = prev,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.nodes.iter().filter_map(|node| Some((node.due, node.value.as_ref()?)))
    }

    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node<T>>()
    }
}
