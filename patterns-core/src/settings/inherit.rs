//! Entries of a table that begin with what another table says.

use config::{Value, ValueKind};

use super::path::KeyPath;

/// That the entries of a table inherit.
#[derive(Clone, Debug)]
pub(super) struct Inherit {
    /// The table of the entries.
    entries: KeyPath,
    /// What each of them begins with.
    from: KeyPath,
    /// Keys that go together: an entry that has one of them inherits none of them.
    groups: Vec<Vec<KeyPath>>,
}

impl Inherit {
    pub(super) fn new(entries: &str, from: &str, groups: &[&[&str]]) -> Self {
        let reported = |keys: &[&str]| -> Vec<KeyPath> { keys.iter().map(|key| KeyPath::reported(key)).collect() };
        let groups = groups.iter().map(|keys| reported(keys)).collect();
        Self { entries: KeyPath::reported(entries), from: KeyPath::reported(from), groups }
    }

    /// The entry that `key` is in, and its key in there; nothing for the entry itself.
    fn split(&self, key: &KeyPath) -> Option<(KeyPath, KeyPath)> {
        let (entry, rest) = key.strip_prefix(&self.entries)?.split_first()?;
        (!rest.is_root()).then(|| (self.entries.join(&entry), rest))
    }

    /// The entries of a tree that are tables.
    fn entries(&self, tree: &Value) -> Vec<KeyPath> {
        let Some(Value { kind: ValueKind::Table(table), .. }) = self.entries.get(tree) else { return Vec::new() };
        let mut names: Vec<_> = table.iter().filter(|(_, entry)| is_table(entry)).map(|(name, _)| name).collect();
        names.sort();
        names.into_iter().map(|name| self.entries.key(name)).collect()
    }

    /// Adds a default for the entry that `key` names, or is in.
    pub(super) fn know(&self, key: &KeyPath, defaults: &mut Value) {
        let entry = key.strip_prefix(&self.entries).and_then(|below| below.split_first());
        let Some(entry) = entry.map(|(entry, _)| self.entries.join(&entry)) else { return };
        if entry.get(defaults).is_none()
            && let Some(default) = self.from.get(defaults).cloned()
        {
            entry.set(defaults, default);
        }
    }

    /// Adds a default for every entry that is in a tree.
    pub(super) fn know_all(&self, tree: &Value, defaults: &mut Value) {
        self.entries(tree).iter().for_each(|entry| self.know(entry, defaults));
    }

    /// Lays each entry of a merged tree over what it inherits.
    pub(super) fn apply(&self, tree: &mut Value, defaults: &Value) {
        // What is no table is a problem of its own.
        let from = [self.from.get(tree), self.from.get(defaults)];
        let Some(from) = from.into_iter().flatten().find(|from| is_table(from)).cloned() else { return };
        for entry in self.entries(tree) {
            let Some(own) = entry.get(tree).cloned() else { continue };
            let mut whole = from.clone();
            let has = |group: &&Vec<KeyPath>| group.iter().any(|key| key.get(&own).is_some());
            for key in self.groups.iter().filter(has).flatten() {
                match self.from.join(key).get(defaults) {
                    Some(default) => {
                        key.set(&mut whole, default.clone());
                    }
                    None => {
                        key.remove(&mut whole);
                    }
                }
            }
            lay(&mut whole, own);
            entry.set(tree, whole);
        }
    }

    /// The key that an entry inherits the value of `key` from, if it does. `is_set` tells what somebody has set.
    pub(super) fn origin_of(&self, key: &KeyPath, is_set: impl Fn(&KeyPath) -> bool) -> Option<KeyPath> {
        let (entry, rest) = self.split(key)?;
        let group = self.groups.iter().find(|group| group.iter().any(|of| rest.starts_with(of)));
        let apart = group.is_some_and(|group| group.iter().any(|of| is_set(&entry.join(of))));
        let from = self.from.join(&rest);
        (!apart && !is_set(key) && is_set(&from)).then_some(from)
    }

    /// The keys of a tree that inherit the value of `key`, unless they have one of their own.
    pub(super) fn heirs(&self, key: &KeyPath, tree: &Value) -> Vec<KeyPath> {
        let Some(rest) = key.strip_prefix(&self.from).filter(|rest| !rest.is_root()) else { return Vec::new() };
        self.entries(tree).into_iter().map(|entry| entry.join(&rest)).collect()
    }
}

fn is_table(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Table(_))
}

/// Lays a value over another: tables are merged, anything else is replaced.
fn lay(under: &mut Value, over: Value) {
    if !is_table(under) || !is_table(&over) {
        *under = over;
        return;
    }
    if let (ValueKind::Table(below), ValueKind::Table(above)) = (&mut under.kind, over.kind) {
        for (key, value) in above {
            match below.get_mut(&key) {
                Some(covered) => lay(covered, value),
                None => {
                    below.insert(key, value);
                }
            }
        }
    }
}
