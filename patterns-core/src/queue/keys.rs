use std::any::Any;
use std::collections::HashSet;
use std::hash::Hash;

/// The keys that a queue has let in, with the type of the key erased: a queue is named by the type of
/// its items alone.
pub(super) trait Keys<T>: Send {
    /// Whether an item with this item's key was let in before.
    fn contains(&self, item: &T) -> bool;
    /// Remembers the item's key; false if it was known.
    fn insert(&mut self, item: &T) -> bool;
    /// Forgets the item's key.
    fn remove(&mut self, item: &T);
    /// Forgets this key; whether it was known, or `None` if it is of another type.
    fn forget(&mut self, key: &dyn Any) -> Option<bool>;
    fn len(&self) -> usize;
}

pub(super) struct KeySet<K, F> {
    key: F,
    /// The standard hasher: keys such as links come from strangers, who could aim for collisions.
    seen: HashSet<K>,
}

impl<K, F> KeySet<K, F> {
    pub(super) fn new(key: F) -> Self {
        Self { key, seen: HashSet::new() }
    }
}

impl<T, K, F> Keys<T> for KeySet<K, F>
where
    K: Eq + Hash + Send + 'static,
    F: Fn(&T) -> K + Send,
{
    fn contains(&self, item: &T) -> bool {
        self.seen.contains(&(self.key)(item))
    }

    fn insert(&mut self, item: &T) -> bool {
        self.seen.insert((self.key)(item))
    }

    fn remove(&mut self, item: &T) {
        self.seen.remove(&(self.key)(item));
    }

    fn forget(&mut self, key: &dyn Any) -> Option<bool> {
        Some(self.seen.remove(key.downcast_ref::<K>()?))
    }

    fn len(&self) -> usize {
        self.seen.len()
    }
}
