use std::fmt;

use serde::de;

use crate::settings::nearest::nearest;
use crate::settings::path::KeyPath;

/// Why a value can't be used, and where it is.
#[derive(Debug)]
pub(crate) struct Fail {
    /// Unknown only on its way up to the first place that knows.
    pub(crate) path: Option<KeyPath>,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    /// The reason, ready to be shown.
    Invalid(String),
    /// A field without a default is not there.
    Missing(String),
}

impl Fail {
    fn expected(what: impl fmt::Display) -> Self {
        Self { path: None, what: What::Invalid(format!("expected {what}")) }
    }

    /// Notes where it happened, unless something closer has.
    pub(super) fn at(mut self, path: &KeyPath) -> Self {
        self.path.get_or_insert_with(|| path.clone());
        self
    }
}

impl de::Error for Fail {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // One problem is one line.
        let line = message.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self { path: None, what: What::Invalid(line) }
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::expected(in_words(&expected.to_string()))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::expected(in_words(&expected.to_string()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let all = expected.join(", ");
        Self::expected(match nearest(variant, expected.iter().copied()) {
            Some(near) => format!("one of {all}; did you mean {near}?"),
            None => format!("one of {all}"),
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Self { path: None, what: What::Missing(field.to_owned()) }
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Invalid(reason) => f.write_str(reason),
            What::Missing(field) => write!(f, "{field} is missing"),
        }
    }
}

impl std::error::Error for Fail {}

/// What serde expects, for people who don't write Rust.
fn in_words(expected: &str) -> String {
    let (least, of) = match expected.strip_prefix("a nonzero ") {
        Some(of) => (1, of),
        None => (0, expected),
    };
    match of {
        "u8" => format!("a whole number from {least} to {}", u8::MAX),
        "u16" => format!("a whole number from {least} to {}", u16::MAX),
        "u32" => format!("a whole number from {least} to {}", u32::MAX),
        "u64" | "u128" | "usize" => format!("a whole number, {least} or more"),
        "i8" => format!("a whole number from {} to {}", i8::MIN, i8::MAX),
        "i16" => format!("a whole number from {} to {}", i16::MIN, i16::MAX),
        "i32" => format!("a whole number from {} to {}", i32::MIN, i32::MAX),
        "i64" | "i128" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}
