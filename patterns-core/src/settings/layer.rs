//! What one source says, and where.

use std::collections::BTreeMap;

use config::{Map, Value, ValueKind};

use super::file::Contents;
use super::layers::from_json;
use super::lines::Lines;
use super::path::KeyPath;
use super::problem::Source;

/// One layer: its values, and where each of its keys stands.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) root: Value,
    pub(super) places: BTreeMap<KeyPath, Source>,
    /// Whether its values are texts whose type shows only where they are used.
    pub(super) text: bool,
    /// Values that another key of this layer is set below of.
    pub(super) buried: Vec<Buried>,
}

/// A value that can't stand, as keys below it are set elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Buried {
    pub(super) key: KeyPath,
    pub(super) value: Value,
    pub(super) source: Source,
}

impl Layer {
    pub(super) fn of_defaults(root: Value) -> Self {
        Self { root, ..Self::default() }
    }

    pub(super) fn of_file(path: &std::path::Path, contents: Contents) -> Self {
        let root = Value::new(None, contents.values);
        let mut places = BTreeMap::new();
        walk(&KeyPath::default(), &root, &mut |key| {
            let line = line_of(&contents.lines, &key);
            places.insert(key, Source::File { path: path.to_owned(), line });
        });
        Self { root, places, ..Self::default() }
    }

    /// An empty layer of texts: environment or flags.
    pub(super) fn of_texts() -> Self {
        Self { root: Value::new(None, Map::<String, Value>::new()), text: true, ..Self::default() }
    }

    /// Sets `key` to a text; where the settings have a table and the text is one in JSON, the keys in
    /// it, as tables are merged.
    pub(super) fn set(&mut self, key: KeyPath, text: String, source: Source, defaults: &Value) {
        let table = key.get(defaults).and_then(|default| match &default.kind {
            ValueKind::Table(_) => serde_json::from_str(&text).ok().filter(serde_json::Value::is_object),
            _ => None,
        });
        self.bury_above(&key);
        match table {
            Some(table) => self.set_all(&key, from_json(table), &source),
            None => {
                key.set(&mut self.root, Value::new(None, text));
            }
        }
        // An empty table sets nothing.
        if key.get(&self.root).is_some() {
            self.places.insert(key, source);
        }
    }

    fn bury_above(&mut self, key: &KeyPath) {
        let mut above = key.parent();
        while let Some(at) = above {
            if at.get(&self.root).is_some() && !is_table(&at, &self.root) {
                self.bury(&at);
            }
            above = at.parent();
        }
    }

    /// Takes the value at `key` out, with everything that is said of it.
    pub(super) fn bury(&mut self, key: &KeyPath) {
        let source = self.source_of(key).cloned();
        self.places.retain(|place, _| !place.starts_with(key));
        if let (Some(source), Some(value)) = (source, key.remove(&mut self.root)) {
            self.buried.push(Buried { key: key.clone(), value, source });
        }
    }

    fn set_all(&mut self, key: &KeyPath, value: Value, source: &Source) {
        match value.kind {
            ValueKind::Table(table) => {
                for (name, value) in table {
                    self.set_all(&key.key(&name), value, source);
                }
            }
            _ => {
                key.set(&mut self.root, value);
                self.places.insert(key.clone(), source.clone());
            }
        }
    }

    /// Where the value at `key` comes from, if from this layer: from the key itself, or as a part of
    /// one that stands above it.
    pub(super) fn source_of(&self, key: &KeyPath) -> Option<&Source> {
        let mut at = key.clone();
        loop {
            if let Some(source) = self.places.get(&at) {
                let whole = at == *key;
                let opaque = at.get(&self.root).is_none_or(|value| !matches!(value.kind, ValueKind::Table(_)));
                return (whole || opaque).then_some(source);
            }
            at = at.parent()?;
        }
    }

    /// The first place of a key that starts with this one.
    pub(super) fn source_below(&self, key: &KeyPath) -> Option<&Source> {
        // Whatever starts with a key follows it at once.
        let (first, source) = self.places.range(key..).next()?;
        first.starts_with(key).then_some(source)
    }
}

pub(super) fn is_table(key: &KeyPath, root: &Value) -> bool {
    key.get(root).is_some_and(|value| matches!(value.kind, ValueKind::Table(_)))
}

/// The line of a key; for what stands elsewhere and comes in by an alias, the line of the alias.
fn line_of(lines: &Lines, key: &KeyPath) -> Option<usize> {
    let mut at = key.clone();
    loop {
        if let Some(line) = lines.get(&at) {
            return Some(*line);
        }
        at = at.parent()?;
    }
}

/// Calls `found` with every key of a tree.
pub(super) fn walk(path: &KeyPath, value: &Value, found: &mut impl FnMut(KeyPath)) {
    let mut visit = |path: KeyPath, value: &Value| {
        walk(&path, value, found);
        found(path);
    };
    match &value.kind {
        ValueKind::Table(table) => table.iter().for_each(|(key, value)| visit(path.key(key), value)),
        ValueKind::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| visit(path.index(index), value));
        }
        _ => {}
    }
}
