use std::fmt;

use config::{Value, ValueKind};

/// One step down into a tree of values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A place in a tree of values: `sites[0].url`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyPath(Vec<Step>);

impl KeyPath {
    /// `a.b` as two steps; empty for the root.
    pub(super) fn dotted(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self(text.split('.').map(|key| Step::Key(key.into())).collect()) }
    }

    /// A key as reports write it: `a[0].b` as three steps.
    pub(super) fn reported(text: &str) -> Self {
        let mut path = Self::default();
        for part in text.split('.').filter(|part| !part.is_empty()) {
            let indices = part.strip_suffix(']').and_then(|part| part.split_once('[')).and_then(|(key, indices)| {
                let indices: Result<Vec<_>, _> = indices.split("][").map(str::parse).collect();
                Some((key, indices.ok()?))
            });
            path = match indices {
                Some((key, indices)) => indices.into_iter().fold(path.key(key), |path, index| path.index(index)),
                None => path.key(part),
            };
        }
        path
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub(super) fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    pub(super) fn parent(&self) -> Option<Self> {
        let (_, parent) = self.0.split_last()?;
        Some(Self(parent.to_vec()))
    }

    /// What is left of this place below another.
    pub(super) fn strip_prefix(&self, prefix: &Self) -> Option<Self> {
        self.0.strip_prefix(&*prefix.0).map(|rest| Self(rest.to_vec()))
    }

    /// The first step, and the rest.
    pub(super) fn split_first(&self) -> Option<(Self, Self)> {
        let (first, rest) = self.0.split_first()?;
        Some((Self(vec![first.clone()]), Self(rest.to_vec())))
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }

    /// Whether this is what `pattern` names, or in it; a step `*` of the pattern is any key.
    pub(super) fn is_within(&self, pattern: &Self) -> bool {
        self.0.len() >= pattern.0.len() && self.agrees(pattern)
    }

    /// Whether this is what `pattern` names, or around it.
    pub(super) fn is_around(&self, pattern: &Self) -> bool {
        self.0.len() <= pattern.0.len() && self.agrees(pattern)
    }

    fn agrees(&self, pattern: &Self) -> bool {
        let any = |step: &Step, wanted: &Step| matches!((step, wanted), (Step::Key(_), Step::Key(any)) if any == "*");
        self.0.iter().zip(&pattern.0).all(|(step, wanted)| step == wanted || any(step, wanted))
    }

    pub(super) fn last_key(&self) -> Option<&str> {
        match self.0.last()? {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        }
    }

    /// The value at this place.
    pub(super) fn get<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, step| match (&value.kind, step) {
            (ValueKind::Table(table), Step::Key(key)) => table.get(key),
            (ValueKind::Array(list), Step::Index(index)) => list.get(*index),
            _ => None,
        })
    }

    /// Takes the value at this place out of its table.
    pub(super) fn remove(&self, root: &mut Value) -> Option<Value> {
        let (last, above) = self.0.split_last()?;
        let table = above.iter().try_fold(root, |value, step| match (&mut value.kind, step) {
            (ValueKind::Table(table), Step::Key(key)) => table.get_mut(key),
            (ValueKind::Array(list), Step::Index(index)) => list.get_mut(*index),
            _ => None,
        })?;
        match (&mut table.kind, last) {
            (ValueKind::Table(table), Step::Key(key)) => table.remove(key),
            _ => None,
        }
    }

    /// Puts a value at this place, over whatever is in the way. Returns whether it could: lists are
    /// not extended.
    pub(super) fn set(&self, root: &mut Value, value: Value) -> bool {
        let mut place = root;
        for step in &self.0 {
            place = match step {
                Step::Key(key) => {
                    if !matches!(place.kind, ValueKind::Table(_)) {
                        place.kind = ValueKind::Table(config::Map::new());
                    }
                    let ValueKind::Table(table) = &mut place.kind else { return false };
                    table.entry(key.clone()).or_default()
                }
                Step::Index(index) => {
                    let ValueKind::Array(list) = &mut place.kind else { return false };
                    let Some(element) = list.get_mut(*index) else { return false };
                    element
                }
            };
        }
        *place = value;
        true
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    f.write_str(if number == 0 { "" } else { "." })?;
                    // Quoted, any other stays one key on one line.
                    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
                    if !key.is_empty() && key.chars().all(plain) { f.write_str(key)? } else { write!(f, "{key:?}")? }
                }
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
