//! Durations in configuration files, as people write them: `"1m 30s"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

/// Writes `1m 30s`.
pub(crate) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*value))
}

/// Reads `1m 30s`, `250ms`, `2h`; a bare number has no unit and is refused.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text)
        .map_err(|error| de::Error::custom(format_args!("{text:?} is not a duration such as \"1m 30s\": {error}")))
}
