//! From layers to a value, with everything that is wrong on the way.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use config::{Value, ValueKind};
use serde::de::DeserializeOwned;

use super::de::{Fail, Surroundings, What, deserialize};
use super::layers::Layers;
use super::nearest::{folded, nearest};
use super::path::KeyPath;
use super::problem::{Problem, ProblemKind, Source};
use super::render::render;
use super::validate::{Finding, Found};

/// Problems by where they belong in the report.
type Report = BTreeMap<(usize, Option<usize>, KeyPath), Vec<Problem>>;

/// How many wrong values are looked for: each is found by another attempt to read all of them.
const MOST: usize = 200;

/// What stands for a secret in a report.
pub(super) const HIDDEN: &str = "(hidden)";

/// The layers, and what is found wrong in them.
pub(super) struct Loading<'a> {
    pub(super) layers: &'a Layers,
    /// All layers together.
    pub(super) tree: Value,
    pub(super) secrets: &'a [KeyPath],
    found: Report,
}

impl<'a> Loading<'a> {
    pub(super) fn new(layers: &'a Layers, tree: Value, secrets: &'a [KeyPath]) -> Self {
        Self { layers, tree, secrets, found: Report::new() }
    }

    /// Adds what was found wrong before, while reading a layer.
    pub(super) fn add(&mut self, layer: usize, key: KeyPath, problem: Problem) {
        self.found.entry((layer, None, key)).or_default().push(problem);
    }

    pub(super) fn found_nothing(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found wrong, by layer and line.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.found.into_values().flatten().collect()
    }

    /// Makes a `T`, or notes problems.
    ///
    /// A deserializer stops at the first failure. So the value that failed is put back to its
    /// default, or left out where it has none, until all the others have had their turn.
    pub(super) fn load<T: DeserializeOwned>(&mut self, defaults: &Value) -> Option<T> {
        let mut around =
            Surroundings { layers: self.layers, defaults, skipped: BTreeSet::new(), unknown: RefCell::default() };
        let mut repaired = self.tree.clone();
        let mut reset = BTreeSet::new();
        let loaded = loop {
            let fail = match deserialize::<T>(repaired.clone(), &around) {
                Ok(value) => break Some(value),
                Err(fail) => fail,
            };
            let path = fail.path.clone().unwrap_or_default();
            self.note_fail(fail, &path, &around.skipped);
            if self.found.len() >= MOST {
                break None;
            }
            let heirs = self.layers.heirs(&path, &self.tree);
            // What was left out before and is still in the way, as the value of a variant is, takes what is
            // around it along.
            let mut at = path;
            let out_of_the_way = loop {
                if at.is_root() {
                    break false;
                }
                let default = at.get(defaults).filter(|_| reset.insert(at.clone()));
                let restored = default.is_some_and(|default| at.set(&mut repaired, default.clone()));
                if restored || around.skipped.insert(at.clone()) {
                    break true;
                }
                at = at.parent().unwrap_or_default();
            };
            if !out_of_the_way {
                break None;
            }
            // Whoever inherits it would fail the same way, one by one.
            for heir in heirs {
                if let Some(default) = heir.get(defaults).filter(|_| reset.insert(heir.clone())) {
                    heir.set(&mut repaired, default.clone());
                }
            }
        };
        for (path, fields) in around.unknown.into_inner() {
            self.note_unknown(&path, fields, defaults);
        }
        loaded
    }

    fn note_fail(&mut self, fail: Fail, path: &KeyPath, skipped: &BTreeSet<KeyPath>) {
        let origin = self.layers.origin_of(path);
        match fail.what {
            What::Invalid(reason) => {
                self.note_value(&origin, reason, |value, reason| ProblemKind::Invalid { value, reason })
            }
            // What was left out above is missing for that reason only, and already noted.
            What::Missing(field) if skipped.contains(&path.key(&field)) => {}
            What::Missing(field) => self.note(&origin, &origin.key(&field), ProblemKind::Missing),
        }
    }

    fn note_unknown(&mut self, path: &KeyPath, fields: &[&str], defaults: &Value) {
        let path = &self.layers.origin_of(path);
        let parent = path.parent().unwrap_or_default();
        let key = path.last_key().unwrap_or_default();
        let beside = nearest(key, fields.iter().copied()).map(|near| parent.key(near));
        let suggestion = beside.or_else(|| elsewhere(key, &KeyPath::default(), defaults));
        let known = fields.iter().map(|field| parent.key(field).to_string()).collect();
        let suggestion = suggestion.map(|suggestion| suggestion.to_string());
        // A field whose name is misspelt is not also missing.
        self.found.retain(|_, problems| {
            problems.retain(|problem| {
                problem.kind() != &ProblemKind::Missing || Some(problem.key()) != suggestion.as_deref()
            });
            !problems.is_empty()
        });
        let kind = ProblemKind::UnknownKey { suggestion, known };
        let places = self.layers.sources_at(path);
        if places.is_empty() {
            self.note(path, path, kind);
            return;
        }
        // In each layer that has it, as each has to be mended.
        for (layer, source) in places {
            self.note_from(layer, source, path, kind.clone());
        }
    }

    /// Notes what a validation has found.
    pub(super) fn note_finding(&mut self, found: Found) {
        let path = &self.layers.origin_of(&found.key);
        match found.what {
            Finding::Refused(reason) => {
                self.note_value(path, reason, |value, reason| ProblemKind::Refused { value, reason });
            }
            Finding::Hidden(reason) => {
                self.note(path, path, ProblemKind::Refused { value: HIDDEN.to_owned(), reason });
            }
            Finding::Shown(value, reason) => self.note(path, path, ProblemKind::Refused { value, reason }),
            Finding::Key(reason) => self.note(path, path, ProblemKind::Refused { value: String::new(), reason }),
            Finding::Missing => self.note(&path.parent().unwrap_or_default(), path, ProblemKind::Missing),
        }
    }

    fn note_value(&mut self, path: &KeyPath, reason: String, kind: impl FnOnce(String, String) -> ProblemKind) {
        let kind = if self.secrets.iter().any(|secret| path.is_within(secret) || path.is_around(secret)) {
            // The reason may quote the value.
            kind(HIDDEN.to_owned(), "not valid".to_owned())
        } else {
            let mut at = path.clone();
            // A part of a text that was split has no place of its own.
            let value = loop {
                // All settings together are nobody's value, and a secret may be a part of what is around this.
                let around = at != *path;
                if around && self.secrets.iter().any(|secret| at.is_around(secret)) {
                    break HIDDEN.to_owned();
                }
                match (at.get(&self.tree), at.parent()) {
                    (Some(_), None) if around => break "(not there)".to_owned(),
                    (Some(value), _) => break render(value),
                    (None, Some(parent)) => at = parent,
                    (None, None) => break "(not there)".to_owned(),
                }
            };
            kind(value, reason)
        };
        self.note(path, path, kind);
    }

    /// Notes a problem of `key`, seen at `place`.
    fn note(&mut self, place: &KeyPath, key: &KeyPath, kind: ProblemKind) {
        let (layer, source) = self.layers.source_of(place);
        self.note_from(layer, source, key, kind);
    }

    fn note_from(&mut self, layer: usize, source: Source, key: &KeyPath, kind: ProblemKind) {
        let line = match &source {
            Source::File { line, .. } => *line,
            _ => None,
        };
        let problem = Problem::new(source, key.to_string(), kind);
        let problems = self.found.entry((layer, line, key.clone())).or_default();
        // A default that is wrong as well says the same again.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// A setting at another place that has this very name, or that this name has run together.
fn elsewhere(key: &str, path: &KeyPath, value: &Value) -> Option<KeyPath> {
    let ValueKind::Table(table) = &value.kind else { return None };
    let table: BTreeMap<_, _> = table.iter().collect();
    table.into_iter().find_map(|(name, value)| {
        let path = path.key(name);
        let meant = name == key || run_together(&path.to_string()) == run_together(key);
        if meant { Some(path) } else { elsewhere(key, &path, value) }
    })
}

/// `http.max-retries` and `HTTP_MAX_RETRIES` alike.
fn run_together(key: &str) -> String {
    folded(&key.replace('.', ""))
}
