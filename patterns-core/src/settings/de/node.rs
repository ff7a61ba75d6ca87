use config::{Value, ValueKind};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};

use super::parts::{Elements, Entries, Variant};
use super::{Fail, Surroundings};
use crate::settings::layers::from_json;
use crate::settings::path::KeyPath;

/// A value at its place.
pub(super) struct Node<'a> {
    pub(super) value: Value,
    pub(super) path: KeyPath,
    pub(super) around: &'a Surroundings<'a>,
}

impl<'a> Node<'a> {
    pub(super) fn new(value: Value, path: KeyPath, around: &'a Surroundings<'a>) -> Self {
        Self { value, path, around }
    }

    /// The text, if it is one whose type its source can't tell.
    fn text(&self) -> Option<&str> {
        match &self.value.kind {
            ValueKind::String(text) if self.around.layers.is_text(&self.value) => Some(text.trim()),
            _ => None,
        }
    }

    /// Reads a text as JSON where a list or a table is wanted and it looks like one.
    fn expanded(mut self, opening: char) -> Self {
        let Some(text) = self.text().filter(|text| text.starts_with(opening)) else { return self };
        if let Ok(json) = serde_json::from_str(text) {
            self.value = from_json(json);
        }
        self
    }

    /// Gives the visitor what there is; whether it takes it is its business.
    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let path = self.path.clone();
        let visited = match self.value.kind {
            ValueKind::Nil => visitor.visit_unit(),
            ValueKind::Boolean(value) => visitor.visit_bool(value),
            ValueKind::I64(value) => visitor.visit_i64(value),
            ValueKind::I128(value) => visitor.visit_i128(value),
            ValueKind::U64(value) => visitor.visit_u64(value),
            ValueKind::U128(value) => visitor.visit_u128(value),
            ValueKind::Float(value) => visitor.visit_f64(value),
            ValueKind::String(text) => visitor.visit_string(text),
            ValueKind::Array(list) => visitor.visit_seq(Elements::new(list, self.path, self.around)),
            ValueKind::Table(table) => visitor.visit_map(Entries::new(table, self.path, self.around)),
        };
        visited.map_err(|fail| fail.at(&path))
    }

    fn visit_bool<'de, V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Fail> {
        if let Some(value) = self.text().and_then(bool_of) {
            self.value.kind = ValueKind::Boolean(value);
        }
        self.visit(visitor)
    }

    fn visit_integer<'de, V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Fail> {
        if let Some(value) = self.text().and_then(integer_of) {
            self.value.kind = value;
        }
        self.visit(visitor)
    }

    fn visit_float<'de, V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Fail> {
        if let Some(value) = self.text().and_then(|text| text.parse::<f64>().ok()) {
            self.value.kind = ValueKind::Float(value);
        }
        self.visit(visitor)
    }

    fn visit_list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let mut node = self.expanded('[');
        if let Some(text) = node.text() {
            let origin = node.value.origin().map(ToOwned::to_owned);
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            node.value.kind = ValueKind::Array(parts.map(|part| Value::new(origin.as_ref(), part)).collect());
        }
        node.visit(visitor)
    }
}

fn bool_of(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn integer_of(text: &str) -> Option<ValueKind> {
    text.parse().map(ValueKind::I64).or_else(|_| text.parse().map(ValueKind::U64)).ok()
}

macro_rules! like {
    ($($method:ident => $visit:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
            self.$visit(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Fail;

    like! {
        deserialize_bool => visit_bool,
        deserialize_i8 => visit_integer, deserialize_i16 => visit_integer, deserialize_i32 => visit_integer,
        deserialize_i64 => visit_integer, deserialize_i128 => visit_integer,
        deserialize_u8 => visit_integer, deserialize_u16 => visit_integer, deserialize_u32 => visit_integer,
        deserialize_u64 => visit_integer, deserialize_u128 => visit_integer,
        deserialize_f32 => visit_float, deserialize_f64 => visit_float,
        deserialize_char => visit, deserialize_str => visit, deserialize_string => visit,
        deserialize_bytes => visit_list, deserialize_byte_buf => visit_list, deserialize_seq => visit_list,
        deserialize_unit => visit, deserialize_identifier => visit,
    }

    /// Asked by whatever looks at the value before it decides: untagged enums, flattened fields.
    /// What the default is like tells what a text may be.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match self.path.get(self.around.defaults).map(|default| &default.kind) {
            Some(ValueKind::Boolean(_)) => self.visit_bool(visitor),
            Some(ValueKind::I64(_) | ValueKind::U64(_)) => self.visit_integer(visitor),
            Some(ValueKind::Float(_)) => self.visit_float(visitor),
            Some(ValueKind::Array(_)) => self.visit_list(visitor),
            _ => self.visit(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        if matches!(self.value.kind, ValueKind::Nil) || self.text().is_some_and(str::is_empty) {
            return visitor.visit_none();
        }
        let path = self.path.clone();
        visitor.visit_some(self).map_err(|fail| fail.at(&path))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fail> {
        self.visit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fail> {
        let path = self.path.clone();
        visitor.visit_newtype_struct(self).map_err(|fail| fail.at(&path))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fail> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fail> {
        self.visit_list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.expanded('{').visit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        let mut node = self.expanded('{');
        match &mut node.value.kind {
            ValueKind::Table(table) => {
                let (path, unknown) = (&node.path, &node.around.unknown);
                table.retain(|key, _| {
                    let known = fields.contains(&key.as_str());
                    if !known {
                        unknown.borrow_mut().insert(path.key(key), fields);
                    }
                    known
                });
            }
            // A struct can also be read from a list of its fields, which no one should write.
            ValueKind::Array(_) => {
                let unexpected = de::Unexpected::Seq;
                return Err(<Fail as de::Error>::invalid_type(unexpected, &"a table").at(&node.path));
            }
            _ => {}
        }
        node.visit(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        let node = self.expanded('{');
        let path = node.path.clone();
        let visited = match node.value.kind {
            ValueKind::String(name) => visitor.visit_enum(IntoDeserializer::<Fail>::into_deserializer(name)),
            ValueKind::Table(table) => {
                Variant::of(table, &path, node.around, variants).and_then(|variant| visitor.visit_enum(variant))
            }
            _ => Err(one_of(variants)),
        };
        visited.map_err(|fail| fail.at(&path))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_unit()
    }
}

pub(super) fn one_of(variants: &[&str]) -> Fail {
    <Fail as de::Error>::custom(format_args!("expected one of {}", variants.join(", ")))
}
