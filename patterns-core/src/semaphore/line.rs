use std::cmp::Reverse;
use std::collections::VecDeque;
use std::task::Waker;

use crate::context::Context;

/// Whoever waits: what for, and how to tell it. Ordered by rank.
pub(super) struct Entry {
    pub(super) rank: Rank,
    pub(super) wants: usize,
    /// `None` once it was woken for an offer: it comes by itself then.
    pub(super) waker: Option<Waker>,
    pub(super) who: Option<Context>,
}

/// The place of a waiter: the higher priority first, then the earlier number.
pub(super) type Rank = (Reverse<i32>, u64);

/// Those who wait, by rank. A newcomer of the common priority goes to the end.
#[derive(Default)]
pub(super) struct Line(VecDeque<Entry>);

impl Line {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn first(&self) -> Option<&Entry> {
        self.0.front()
    }

    pub(super) fn pop_first(&mut self) -> Option<Entry> {
        self.0.pop_front()
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        if self.0.back().is_none_or(|last| last.rank < entry.rank) {
            self.0.push_back(entry);
            return;
        }
        let at = self.0.partition_point(|other| other.rank < entry.rank);
        self.0.insert(at, entry);
    }

    pub(super) fn get_mut(&mut self, rank: Rank) -> Option<&mut Entry> {
        let at = self.find(rank)?;
        self.0.get_mut(at)
    }

    pub(super) fn remove(&mut self, rank: Rank) -> Option<Entry> {
        let at = self.find(rank)?;
        self.0.remove(at)
    }

    /// Takes out those for whom this holds.
    pub(super) fn extract(&mut self, mut leaves: impl FnMut(&Entry) -> bool) -> Vec<Entry> {
        let (out, stay) = std::mem::take(&mut self.0).into_iter().partition(|entry| leaves(entry));
        self.0 = stay;
        Vec::from(out)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    fn find(&self, rank: Rank) -> Option<usize> {
        self.0.binary_search_by_key(&rank, |entry| entry.rank).ok()
    }
}
