//! Durations in a configuration, as people write them: `10s`, `1m 30s`, `250ms`.
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// Writes a duration as text.
pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// Reads a duration from text.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|error| serde::de::Error::custom(format!("{text:?} is not a duration such as \"10s\": {error}")))
}
