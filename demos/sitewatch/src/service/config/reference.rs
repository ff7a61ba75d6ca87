//! What a settings file may say, for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::schema;

/// Markdown that tells of every key of a settings file, from the [`schema`](fn@schema): a section for each table, with
/// a row for each of its keys. It is the same as long as the program is.
///
/// # Examples
///
/// ```
/// let reference = sitewatch::service::config::reference();
/// let row = "| `checks_at_once` | whole number | `4` | How many sites are checked at the same time; at least 1. |";
/// assert!(reference.lines().any(|line| line == row));
/// assert!(reference.contains("## `[defaults]`, `[sites.NAME]`\n"));
/// ```
#[must_use]
pub fn reference() -> String {
    let schema = schema();
    let document = Document { schema: &schema };
    let mut text = String::new();
    for section in document.sections() {
        document.write(&section, &mut text);
    }
    text.push_str("## Types\n");
    for (name, definition) in document.types() {
        let _ = write!(text, "\n### {name}\n\n{}\n", paragraph(definition));
    }
    text
}

struct Document<'a> {
    schema: &'a Value,
}

/// A table, at all the places where it may be.
struct Section<'a> {
    /// As headings in TOML; empty for the top.
    places: Vec<String>,
    schema: &'a Value,
}

impl<'a> Document<'a> {
    fn definitions(&self) -> BTreeMap<&'a str, &'a Value> {
        entries(self.schema, "$defs")
    }

    /// The name of what a schema refers to, and what it is.
    fn definition(&self, schema: &'a Value) -> Option<(&'a str, &'a Value)> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        self.definitions().get_key_value(name).map(|(name, definition)| (*name, *definition))
    }

    /// What is no table and has a name: by lower-case letters, unlike types in Rust.
    fn types(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.definitions().into_iter().filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_lowercase()))
    }

    /// The table that a property is, or that each of its entries is.
    fn table(&self, property: &'a Value) -> Option<(&'static str, &'a Value)> {
        let is_table =
            |schema| self.definition(schema).map(|found| found.1).filter(|found| found.get("properties").is_some());
        is_table(property)
            .map(|table| ("", table))
            .or_else(|| Some((".NAME", is_table(property.get("additionalProperties")?)?)))
    }

    /// All tables; those in a table follow it.
    fn sections(&self) -> Vec<Section<'a>> {
        let mut sections = vec![Section { places: vec![String::new()], schema: self.schema }];
        let mut next = 0;
        while let Some(Section { places, schema }) = sections.get(next) {
            let (places, schema) = (places.clone(), *schema);
            for (key, property) in entries(schema, "properties") {
                let Some((entry, table)) = self.table(property) else { continue };
                let below = places.iter().map(|place| match &**place {
                    "" => format!("{key}{entry}"),
                    place => format!("{place}.{key}{entry}"),
                });
                match sections.iter_mut().find(|section| std::ptr::eq(section.schema, table)) {
                    Some(section) => section.places.extend(below),
                    None => sections.push(Section { places: below.collect(), schema: table }),
                }
            }
            next += 1;
        }
        sections.sort_by(|a, b| a.places.cmp(&b.places));
        sections
    }

    fn write(&self, section: &Section<'a>, text: &mut String) {
        let places: Vec<String> = section.places.iter().map(|place| format!("`[{place}]`")).collect();
        let heading = if section.places[0].is_empty() { "At the top".to_owned() } else { places.join(", ") };
        let _ = write!(text, "## {heading}\n\n{}\n\n", paragraph(section.schema));
        text.push_str("| key | type | default | what |\n|---|---|---|---|\n");
        for (key, property) in entries(section.schema, "properties") {
            if self.table(property).is_none() {
                let (kind, default, what) = (self.kind(property), default(property), self.what(property));
                let _ = writeln!(text, "| `{key}` | {kind} | {default} | {what} |");
            }
        }
        text.push('\n');
    }

    /// What values there are, in words.
    fn kind(&self, schema: &'a Value) -> String {
        let mut alternatives = self.alternatives(schema);
        alternatives.dedup();
        match alternatives.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }

    fn alternatives(&self, schema: &'a Value) -> Vec<String> {
        if let Some((name, definition)) = self.definition(schema) {
            let is_type = self.types().any(|(known, _)| known == name);
            return if is_type { vec![format!("[{name}](#{name})")] } else { self.alternatives(definition) };
        }
        let list = |key: &str| schema.get(key).and_then(Value::as_array);
        if let Some(several) = list("oneOf").or_else(|| list("anyOf")) {
            return several.iter().flat_map(|schema| self.alternatives(schema)).collect();
        }
        if let Some(values) = list("enum") {
            return values.iter().filter(|value| !value.is_null()).map(code).collect();
        }
        match (schema.get("const"), schema.get("type")) {
            (Some(value), _) => vec![code(value)],
            (None, Some(Value::Array(types))) => types.iter().filter_map(|name| self.named(name, schema)).collect(),
            (None, Some(name)) => self.named(name, schema).into_iter().collect(),
            (None, None) => Vec::new(),
        }
    }

    /// One of the types that JSON has, in words; nothing for what may be left out.
    fn named(&self, name: &Value, schema: &'a Value) -> Option<String> {
        let of = |key: &str| schema.get(key).map(|part| self.kind(part)).unwrap_or_default();
        Some(match name.as_str()? {
            "string" => "text".to_owned(),
            "integer" => "whole number".to_owned(),
            "number" => "number".to_owned(),
            "boolean" => "`true` or `false`".to_owned(),
            "array" => format!("list of {}", of("items")),
            "object" => format!("table of {}", of("additionalProperties")),
            _ => return None,
        })
    }

    /// What it means, and each of its values that means something by itself.
    fn what(&self, property: &'a Value) -> String {
        let mut what = one_line(property.get("description"));
        let values = self.definition(property).or_else(|| self.definition(property.get("items")?)).or_else(|| {
            // One that may be left out.
            property.get("anyOf")?.as_array()?.iter().find_map(|schema| self.definition(schema))
        });
        let variants = values.and_then(|(_, definition)| definition.get("oneOf")?.as_array());
        let mut before = "";
        for variant in variants.into_iter().flatten() {
            if let (Some(value), Some(meaning)) = (variant.get("const"), variant.get("description")) {
                let meaning = one_line(Some(meaning));
                let mut letters = meaning.trim_end_matches('.').chars();
                let first = letters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
                let _ = write!(what, "{before} {}: {first}{}", code(value), letters.as_str());
                before = ";";
            }
        }
        if !before.is_empty() {
            what.push('.');
        }
        what
    }
}

/// An object in a schema, by its keys.
fn entries<'a>(schema: &'a Value, key: &str) -> BTreeMap<&'a str, &'a Value> {
    let object = schema.get(key).and_then(Value::as_object);
    object.into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect()
}

fn default(property: &Value) -> String {
    property.get("default").filter(|value| !value.is_null()).map(code).unwrap_or_default()
}

/// A value as TOML has it.
fn code(value: &Value) -> String {
    format!("`{}`", value.to_string().replace('|', "\\|"))
}

/// The first paragraph of what a schema says about itself; what follows is for who reads the code.
fn paragraph(schema: &Value) -> String {
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    joined(description.split("\n\n").next().unwrap_or_default())
}

/// A description for a cell of a table.
fn one_line(description: Option<&Value>) -> String {
    joined(description.and_then(Value::as_str).unwrap_or_default()).replace('|', "\\|")
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
