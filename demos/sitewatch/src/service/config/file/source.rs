//! Where a secret comes from.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use patterns_core::settings::Findings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::super::Secret;

/// How a secret may be written.
const EXPECTED: &str = "a text, { file = \"/path\" } or { env = \"NAME\" }";

/// The longest file that is read for one, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The environment that secrets may come from.
#[derive(Debug)]
pub(crate) struct Vars<'a>(pub(crate) &'a [(OsString, OsString)]);

impl Vars<'_> {
    fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }
}

/// A secret, as a file of settings has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// In the file itself.
    Text(Secret),
    /// In an environment variable.
    Env(String),
    /// In a file of its own.
    File(PathBuf),
    /// Not as it may be written. Nothing is told of it until it is looked at: whoever tells of a value that is of the
    /// wrong type doesn't know that it may be a secret, written wrongly.
    Wrong,
}

impl Source {
    /// The secret itself, or a finding that says why there is none; never with a part of it.
    pub(crate) fn resolve(&self, vars: &Vars<'_>, key: &str, findings: &mut Findings) -> Option<Secret> {
        let found = match self {
            Self::Text(secret) => Ok(secret.expose().to_owned()),
            Self::Env(name) => match vars.get(name).map(OsStr::to_str) {
                Some(Some(text)) => Ok(text.to_owned()),
                Some(None) => Err(format!("the environment variable {name:?} is not valid Unicode")),
                None => Err(format!("there is no environment variable {name:?}")),
            },
            Self::File(path) => {
                read(path).map_err(|problem| format!("the file {} {problem}", absolute(path).display()))
            }
            Self::Wrong => Err(format!("expected {EXPECTED}")),
        };
        match found {
            Ok(text) if text.is_empty() => findings.refuse_secret(key, "must not be empty"),
            Ok(text) => return Some(Secret::new(text)),
            Err(reason) => findings.refuse_secret(key, reason),
        }
        None
    }
}

/// A path as it is, wherever the program was started.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The text of a file, without the newline that editors and `echo` end it with.
fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "is not there".to_owned(),
        std::io::ErrorKind::InvalidData => "is not valid UTF-8".to_owned(),
        _ => format!("can't be read: {error}"),
    };
    let mut text = String::new();
    // A device never ends.
    let mut file = File::open(path).map_err(unreadable)?.take(LONGEST + 1);
    file.read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(format!("has more than {LONGEST} bytes"));
    }
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    Ok(line.unwrap_or(&text).to_owned())
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Secret::new("").serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E>(self, text: &str) -> Result<Source, E> {
        Ok(Source::Text(Secret::new(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Source, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry::<String, Value>()? {
            entries.push(entry);
        }
        let [(key, Value::String(value))] = &*entries else { return Ok(Source::Wrong) };
        Ok(match &**key {
            "env" => Source::Env(value.clone()),
            "file" => Source::File(value.into()),
            _ => Source::Wrong,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Source, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Source::Wrong)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Source, E> {
        Ok(Source::Wrong)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Source, E> {
        Ok(Source::Wrong)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Source, E> {
        Ok(Source::Wrong)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Source, E> {
        Ok(Source::Wrong)
    }

    fn visit_unit<E>(self) -> Result<Source, E> {
        Ok(Source::Wrong)
    }
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let of = |key: &str| {
            json_schema!({
                "type": "object",
                "properties": { key: { "type": "string" } },
                "required": [key],
                "additionalProperties": false,
            })
        };
        json_schema!({
            "description": "A text that is shown nowhere: the text itself, `{ file = \"/run/secrets/token\" }` for \
                what is in a file (without the newline at its end), or `{ env = \"NAME\" }` for what is in a variable \
                of the environment, whose name does not begin with `SITEWATCH_`, as those are settings.",
            "anyOf": [{ "type": "string" }, of("file"), of("env")],
        })
    }
}
