//! A strict deserializer that knows where it is.
//!
//! `config`'s own takes `2.7` for the integer 3 and `"yes"` for 1, and stops without a place. This one
//! converts texts only where the type is unknown to their source (environment and flags), notes
//! unknown keys instead of failing, and every failure carries its key.
mod fail;
mod node;
mod parts;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use config::Value;

use super::layers::Layers;
use super::path::KeyPath;
use node::Node;

pub(super) use fail::{Fail, What};

/// What a deserialization works with besides the tree.
pub(super) struct Surroundings<'a> {
    pub(super) layers: &'a Layers,
    /// The tree of the defaults.
    pub(super) defaults: &'a Value,
    /// Places to leave out, as if they were not there.
    pub(super) skipped: BTreeSet<KeyPath>,
    /// Keys that no field has, with the fields that are there.
    pub(super) unknown: RefCell<BTreeMap<KeyPath, &'static [&'static str]>>,
}

/// Makes a `T` of a merged tree.
pub(super) fn deserialize<T: DeserializeOwned>(tree: Value, around: &Surroundings<'_>) -> Result<T, Fail> {
    T::deserialize(Node::new(tree, KeyPath::default(), around))
}
