//! What texts in the settings look like, for the schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Types that stand for texts of a shape: a name, and what the schema says of it.
macro_rules! shapes {
    ($($name:ident: $shown:literal = $schema:tt;)*) => {$(
        #[derive(Debug)]
        pub(in crate::service::config) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $shown.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

shapes! {
    Time: "duration" = {
        "description": "A text of numbers with units, such as `\"500ms\"`, `\"1m 30s\"` or `\"90d\"`.",
        "type": "string",
        "examples": ["1m 30s"],
    };
    Expressions: "patterns" = {
        "description": "A [regular expression](https://docs.rs/regex/latest/regex/#syntax), or a list of them, of \
            which any may match, anywhere in the text.",
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }, { "type": "null" }],
    };
    Extent: "scope" = {
        "description": "`\"path\"`: the folder of the target on its own scheme, host and port; `\"origin\"`: all of \
            that scheme, host and port; `\"host\"`: also other ports, by http and https; `\"domain\"`: also hosts \
            below it; or a URL that pages begin with.",
        "type": "string",
        "examples": ["path", "origin", "host", "domain", "https://example.org/docs/"],
    };
    Addresses: "addresses" = {
        "description": "An address and a port, such as `\"127.0.0.1:8080\"` or `\"[::1]:8080\"`, or a list of them.",
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
    };
}
