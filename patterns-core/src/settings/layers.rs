//! The layers, and the tree that they make together.

use std::collections::BTreeSet;

use config::{Config, ConfigError, Map, Value, ValueKind};

use super::inherit::Inherit;
use super::layer::{Buried, Layer, is_table, walk};
use super::nearest::folded;
use super::path::KeyPath;
use super::problem::Source;

/// All layers, lowest first.
#[derive(Debug)]
pub(super) struct Layers {
    layers: Vec<Layer>,
    inherits: Vec<Inherit>,
}

impl Layers {
    /// Also gives the values that can't stand, with the number of their layer, and leaves them out.
    pub(super) fn new(
        mut layers: Vec<Layer>,
        inherits: Vec<Inherit>,
        defaults: &Value,
    ) -> (Self, Vec<(usize, Buried)>) {
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
        (Self { layers, inherits }, buried)
    }

    /// What the layers say together: tables are merged, anything else is replaced. Then entries inherit.
    pub(super) fn merged(&self, defaults: &Value) -> Result<Value, ConfigError> {
        let mut builder = Config::builder();
        for (number, layer) in self.layers.iter().enumerate() {
            builder = builder.add_source(Marked(mark(&layer.root, &number.to_string())));
        }
        let mut tree = match builder.build()?.cache.kind {
            ValueKind::Table(mut all) => all.remove(ROOT).unwrap_or_default(),
            _ => Value::default(),
        };
        self.inherits.iter().for_each(|inherit| inherit.apply(&mut tree, defaults));
        Ok(tree)
    }

    /// Whether a value of the [merged](Self::merged) tree is a text of unknown type.
    pub(super) fn is_text(&self, value: &Value) -> bool {
        self.layer_of(value).is_some_and(|layer| self.layers[layer].text)
    }

    /// The number of the layer that a scalar or a list of the merged tree comes from.
    pub(super) fn layer_of(&self, value: &Value) -> Option<usize> {
        value.origin()?.parse().ok().filter(|layer| *layer < self.layers.len())
    }

    /// Every place at which the key itself is set, lowest layer first.
    pub(super) fn sources_at(&self, key: &KeyPath) -> Vec<(usize, Source)> {
        let layers = self.layers.iter().enumerate();
        layers.filter_map(|(number, layer)| Some((number, layer.places.get(key)?.clone()))).collect()
    }

    /// Where the value at `key` comes from, and the number of that layer.
    pub(super) fn source_of(&self, key: &KeyPath) -> (usize, Source) {
        let layers = || self.layers.iter().enumerate().rev();
        layers()
            .find_map(|(number, layer)| Some((number, layer.source_of(key)?)))
            .or_else(|| layers().find_map(|(number, layer)| Some((number, layer.source_below(key)?))))
            .map_or((0, Source::Default), |(number, source)| (number, source.clone()))
    }

    /// The key at which the value of `key` is set: another, if it is inherited from there.
    pub(super) fn origin_of(&self, key: &KeyPath) -> KeyPath {
        let is_set = |key: &KeyPath| self.is_set(key);
        self.inherits.iter().find_map(|inherit| inherit.origin_of(key, is_set)).unwrap_or_else(|| key.clone())
    }

    /// The keys of a tree that inherit the value of `key`.
    pub(super) fn heirs(&self, key: &KeyPath, tree: &Value) -> Vec<KeyPath> {
        let entries = self.inherits.iter().flat_map(|inherit| inherit.heirs(key, tree));
        entries.filter(|heir| self.origin_of(heir) == *key).collect()
    }

    /// Whether a layer says something of the value at `key`, or of a part of it.
    fn is_set(&self, key: &KeyPath) -> bool {
        self.layers.iter().any(|layer| layer.source_of(key).is_some() || layer.source_below(key).is_some())
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
