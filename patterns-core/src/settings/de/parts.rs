//! What a list, a table and an enum's variant consist of.

use std::vec::IntoIter;

use config::{Map, Value, ValueKind};
use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::node::{Node, one_of};
use super::{Fail, Surroundings};
use crate::settings::path::KeyPath;

/// The elements of a list, but for those that are skipped.
pub(super) struct Elements<'a> {
    rest: IntoIter<Node<'a>>,
}

impl<'a> Elements<'a> {
    pub(super) fn new(list: Vec<Value>, path: KeyPath, around: &'a Surroundings<'a>) -> Self {
        let elements = list.into_iter().enumerate().map(|(index, value)| Node::new(value, path.index(index), around));
        let rest: Vec<_> = elements.filter(|node| !around.skipped.contains(&node.path)).collect();
        Self { rest: rest.into_iter() }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Fail;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fail> {
        let Some(node) = self.rest.next() else { return Ok(None) };
        let path = node.path.clone();
        seed.deserialize(node).map(Some).map_err(|fail| fail.at(&path))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The entries of a table by key, but for those that are skipped.
pub(super) struct Entries<'a> {
    rest: IntoIter<(String, Node<'a>)>,
    value: Option<Node<'a>>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(table: Map<String, Value>, path: KeyPath, around: &'a Surroundings<'a>) -> Self {
        let mut rest: Vec<_> = table
            .into_iter()
            .map(|(key, value)| {
                let path = path.key(&key);
                (key, Node::new(value, path, around))
            })
            .filter(|(_, node)| !around.skipped.contains(&node.path))
            .collect();
        // Which of several problems is met first must not depend on a hash.
        rest.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self { rest: rest.into_iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fail;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fail> {
        let Some((key, node)) = self.rest.next() else { return Ok(None) };
        let path = node.path.clone();
        self.value = Some(node);
        seed.deserialize(Key(key)).map(Some).map_err(|fail| fail.at(&path))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fail> {
        let node = self.value.take().ok_or_else(|| Fail::custom("a value without a key"))?;
        let path = node.path.clone();
        seed.deserialize(node).map_err(|fail| fail.at(&path))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A key of a table, which may also be a number: all formats write keys as texts.
struct Key(String);

macro_rules! numbers {
    ($($method:ident => $visit:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
            match self.0.parse() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_string(self.0),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Key {
    type Error = Fail;

    numbers! {
        deserialize_bool => visit_bool,
        deserialize_i8 => visit_i8, deserialize_i16 => visit_i16, deserialize_i32 => visit_i32,
        deserialize_i64 => visit_i64, deserialize_u8 => visit_u8, deserialize_u16 => visit_u16,
        deserialize_u32 => visit_u32, deserialize_u64 => visit_u64,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_string(self.0)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        let text: StringDeserializer<Fail> = self.0.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct
        map struct identifier ignored_any
    }
}

/// A variant of an enum, written as a table of one entry.
pub(super) struct Variant<'a> {
    name: String,
    node: Node<'a>,
}

impl<'a> Variant<'a> {
    /// Of several entries (a table is merged with the default's) the one of the highest layer, which must
    /// not have two.
    pub(super) fn of(
        table: Map<String, Value>,
        path: &KeyPath,
        around: &'a Surroundings<'a>,
        variants: &[&str],
    ) -> Result<Self, Fail> {
        let layer = |name: &str| around.layers.source_of(&path.key(name)).0;
        let mut entries: Vec<_> = table.into_iter().map(|(name, value)| (layer(&name), name, value)).collect();
        let highest = entries.iter().map(|(layer, ..)| *layer).max();
        entries.retain(|(layer, ..)| Some(*layer) == highest);
        if entries.len() > 1 {
            let mut names: Vec<_> = entries.iter().map(|(_, name, _)| name.as_str()).collect();
            names.sort_unstable();
            return Err(Fail::custom(format_args!("expected only one of {}", names.join(", "))));
        }
        let (_, name, value) = entries.pop().ok_or_else(|| one_of(variants))?;
        let node = Node::new(value, path.key(&name), around);
        Ok(Self { name, node })
    }
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Fail;
    type Variant = Node<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Node<'a>), Fail> {
        let name: StringDeserializer<Fail> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.node))
    }
}

impl<'de> VariantAccess<'de> for Node<'_> {
    type Error = Fail;

    fn unit_variant(self) -> Result<(), Fail> {
        match self.value.kind {
            ValueKind::Nil => Ok(()),
            ValueKind::Table(table) if table.is_empty() => Ok(()),
            _ => Err(Fail::custom("expected nothing below this key").at(&self.path)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fail> {
        let path = self.path.clone();
        seed.deserialize(self).map_err(|fail| fail.at(&path))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_struct("", fields, visitor)
    }
}
