//! A duration as people write it, such as `10m` or `1h 30m`; not zero.
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

pub(super) fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(&humantime::format_duration(*value)),
        None => serializer.serialize_none(),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    match humantime::parse_duration(&text) {
        Ok(Duration::ZERO) => Err(D::Error::custom("the interval must be longer than nothing")),
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(D::Error::custom(format_args!("not a duration such as 10m: {text}: {error}"))),
    }
}
