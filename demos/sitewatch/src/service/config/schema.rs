use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::file::SettingsFile;

/// The JSON schema (draft 2020-12) of what a settings file may say, with every key, its type, its default and its
/// meaning.
///
/// Editors that know it complete keys, and mark what is wrong. What two values mean together only
/// [`load`](fn@super::load) knows.
///
/// # Examples
///
/// ```
/// let schema = sitewatch::service::config::schema();
/// assert_eq!(schema["properties"]["checks_at_once"]["default"], 4);
/// assert_eq!(schema["$defs"]["Site"]["additionalProperties"], false);
/// ```
#[must_use]
pub fn schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<SettingsFile>().to_value()
}
