//! The layers, and the tree that they make together.

use std::collections::{BTreeMap, BTreeSet};

use config::{Config, ConfigError, Map, Value, ValueKind};

use super::file::Contents;
use super::lines::Lines;
use super::nearest::folded;
use super::path::KeyPath;
use super::problem::Source;

/// One layer: its values, and where each of its keys stands.
#[derive(Debug, Default)]
pub(super) struct Layer {
    root: Value,
    places: BTreeMap<KeyPath, Source>,
    /// Whether its values are texts whose type shows only where they are used.
    text: bool,
    /// Values that another key of this layer is set below of.
    buried: Vec<Buried>,
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
    fn bury(&mut self, key: &KeyPath) {
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
    fn source_of(&self, key: &KeyPath) -> Option<&Source> {
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
    fn source_below(&self, key: &KeyPath) -> Option<&Source> {
        let (_, source) = self.places.range(key..).find(|(other, _)| other.starts_with(key))?;
        Some(source)
    }
}

fn is_table(key: &KeyPath, root: &Value) -> bool {
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
fn walk(path: &KeyPath, value: &Value, found: &mut impl FnMut(KeyPath)) {
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

/// All layers, lowest first.
#[derive(Debug)]
pub(super) struct Layers(Vec<Layer>);

impl Layers {
    /// Also gives the values that can't stand, with the number of their layer, and leaves them out.
    pub(super) fn new(mut layers: Vec<Layer>, defaults: &Value) -> (Self, Vec<(usize, Buried)>) {
        let mut buried = Vec::new();
        for number in 1..layers.len() {
            let mut plain = Vec::new();
            walk(&KeyPath::default(), &layers[number].root, &mut |key| plain.push(key));
            for key in plain {
                let Some(value) = key.get(&layers[number].root) else { continue };
                let is_nothing = matches!(value.kind, ValueKind::Nil) && is_table(&key, defaults);
                let is_below = layers[number + 1..].iter().any(|layer| is_table(&key, &layer.root));
                if is_nothing || (is_below && !matches!(value.kind, ValueKind::Table(_))) {
                    layers[number].bury(&key);
                }
            }
            // A heading with nothing under it says nothing.
            let said = layers[number].buried.iter().filter(|buried| !matches!(buried.value.kind, ValueKind::Nil));
            buried.extend(said.map(|buried| (number, buried.clone())));
        }
        (Self(layers), buried)
    }

    /// What the layers say together: tables are merged, anything else is replaced.
    pub(super) fn merged(&self) -> Result<Value, ConfigError> {
        let mut builder = Config::builder();
        for (number, layer) in self.0.iter().enumerate() {
            builder = builder.add_source(Marked(mark(&layer.root, &number.to_string())));
        }
        match builder.build()?.cache.kind {
            ValueKind::Table(mut all) => Ok(all.remove(ROOT).unwrap_or_default()),
            _ => Ok(Value::default()),
        }
    }

    /// Whether a value of the [merged](Self::merged) tree is a text of unknown type.
    pub(super) fn is_text(&self, value: &Value) -> bool {
        self.layer_of(value).is_some_and(|layer| self.0[layer].text)
    }

    /// The number of the layer that a scalar or a list of the merged tree comes from.
    pub(super) fn layer_of(&self, value: &Value) -> Option<usize> {
        value.origin()?.parse().ok().filter(|layer| *layer < self.0.len())
    }

    /// Every place at which the key itself is set, lowest layer first.
    pub(super) fn sources_at(&self, key: &KeyPath) -> Vec<(usize, Source)> {
        let layers = self.0.iter().enumerate();
        layers.filter_map(|(number, layer)| Some((number, layer.places.get(key)?.clone()))).collect()
    }

    /// Where the value at `key` comes from, and the number of that layer.
    pub(super) fn source_of(&self, key: &KeyPath) -> (usize, Source) {
        let layers = || self.0.iter().enumerate().rev();
        layers()
            .find_map(|(number, layer)| Some((number, layer.source_of(key)?)))
            .or_else(|| layers().find_map(|(number, layer)| Some((number, layer.source_below(key)?))))
            .map_or((0, Source::Default), |(number, source)| (number, source.clone()))
    }
}

/// A copy of a tree in which each value knows the number of its layer.
fn mark(value: &Value, layer: &String) -> Value {
    let kind = match &value.kind {
        ValueKind::Table(table) => {
            ValueKind::Table(table.iter().map(|(key, value)| (key.clone(), mark(value, layer))).collect())
        }
        ValueKind::Array(list) => ValueKind::Array(list.iter().map(|value| mark(value, layer)).collect()),
        scalar => scalar.clone(),
    };
    Value::new(Some(layer), kind)
}

/// `config` takes the outermost keys for paths, and makes room for `ports[99999999999]`. So there is but
/// one, and the layer is below it.
const ROOT: &str = "root";

/// A layer as `config` takes it.
#[derive(Clone, Debug)]
struct Marked(Value);

impl config::Source for Marked {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok([(ROOT.to_owned(), self.0.clone())].into_iter().collect())
    }
}

/// The key that the name of an environment variable means: `HTTP__MAX_RETRIES` is `http.max-retries`
/// if the settings write it so.
pub(super) fn key_of_variable(name: &str, defaults: &Value) -> KeyPath {
    let mut path = KeyPath::default();
    for segment in name.split("__") {
        let known: BTreeSet<&String> = match path.get(defaults).map(|value| &value.kind) {
            Some(ValueKind::Table(table)) => table.keys().collect(),
            _ => BTreeSet::new(),
        };
        let lower = segment.to_lowercase();
        let key = known.into_iter().find(|key| folded(key) == folded(segment));
        path = path.key(key.unwrap_or(&lower));
    }
    path
}

/// JSON as a tree of `config`.
pub(super) fn from_json(value: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    let kind = match value {
        Json::Null => ValueKind::Nil,
        Json::Bool(value) => ValueKind::Boolean(value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => ValueKind::I64(value),
            (None, Some(value)) => ValueKind::U64(value),
            (None, None) => ValueKind::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => ValueKind::String(text),
        Json::Array(list) => ValueKind::Array(list.into_iter().map(from_json).collect()),
        Json::Object(table) => {
            ValueKind::Table(table.into_iter().map(|(key, value)| (key, from_json(value))).collect())
        }
    };
    Value::new(None, kind)
}
