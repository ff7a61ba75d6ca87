use std::ffi::OsString;
use std::path::Path;

use patterns_core::settings::{Settings, SettingsError};
use serde_json::Value;

use super::ServiceConfig;
use super::file::{SettingsFile, Vars};

/// Begins the names of the variables that are settings.
pub(super) const PREFIX: &str = "SITEWATCH";

/// Variables that begin alike and are no settings: they tell the command line where a service is.
const OTHERS: [&str; 2] = ["SITEWATCH_URL", "SITEWATCH_TOKEN"];

/// Of one site: what says who we are, and by which schedule it goes, comes from one place.
const GROUPS: [&[&str]; 2] = [&["auth"], &["every", "cron"]];

/// What is not shown where it is wrong.
const SECRETS: [&str; 12] = [
    "database",
    "queue",
    "web.token",
    "defaults.auth",
    "defaults.http.headers",
    "sites.*.auth",
    "sites.*.http.headers",
    "notify.*.url",
    "notify.*.secret",
    "notify.*.headers",
    "notify.*.smtp",
    "notify.*.password",
];

/// Reads the settings of the service: environment over file over defaults, each site over `[defaults]`.
///
/// `vars` is the environment: `SITEWATCH_WEB__LISTEN` is `web.listen`, and an empty one says nothing; secrets may be in
/// any variable. Files are read with blocking calls: that of the settings, and those that secrets are in.
///
/// # Errors
///
/// [`SettingsError`] with all problems, a line for each: unknown keys, values that are of the wrong type or make no
/// sense, secrets that are not where they should be. Each has the key, the value unless it may be secret, and the
/// place.
///
/// # Examples
///
/// ```
/// use sitewatch::service::config::{When, load};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sitewatch.toml");
/// let text = "web.token = { env = 'TOKEN' }\n\
///             [defaults]\nevery = '6h'\n\
///             [sites.docs]\ntarget = 'https://example.org/docs/'\n";
/// std::fs::write(&path, text)?;
/// let config = load(&path, [("TOKEN", "0123456789abcdef"), ("SITEWATCH_CHECKS_AT_ONCE", "2")])?;
/// assert_eq!(config.web.token.as_ref().unwrap().expose(), "0123456789abcdef");
/// assert_eq!(config.sites["docs"].schedule.when, When::Every(Duration::from_secs(6 * 3600)));
/// assert_eq!(config.checks_at_once.get(), 2);
/// assert_eq!(load(&path, [("TOKEN", "0123456789abcdef"), ("SITEWATCH_CHECKS_AT_ONCE", "")])?.checks_at_once.get(), 4);
///
/// let refused = load(&path, [("SITEWATCH_GRACE", "0s")]).unwrap_err().to_string();
/// let told = "(hidden): there is no environment variable \"TOKEN\"\n\
///             environment variable SITEWATCH_GRACE: grace = \"0s\": must be longer than nothing";
/// assert!(refused.ends_with(told) && refused.contains("sitewatch.toml:1: web.token = "), "{refused}");
/// # Ok(()) }
/// ```
pub fn load<K, V>(path: &Path, vars: impl IntoIterator<Item = (K, V)>) -> Result<ServiceConfig, SettingsError>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    load_with(path, vars, [])
}

/// [`load`](fn@load), with what the command line says over all of it: key, name of the flag, value.
///
/// # Errors
///
/// As [`load`](fn@load).
pub fn load_with<'a, K, V>(
    path: &Path,
    vars: impl IntoIterator<Item = (K, V)>,
    flags: impl IntoIterator<Item = (&'a str, &'a str, String)>,
) -> Result<ServiceConfig, SettingsError>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let vars = collected(vars);
    let settings =
        flags.into_iter().fold(settings(path, &vars), |settings, (key, flag, value)| settings.set(key, value, flag));
    settings.load_into(|file: SettingsFile, findings| file.build(&Vars(&vars), findings))
}

/// The settings as they are in effect, as a file would have them: each site with all that it inherits, secrets as
/// `"(secret)"`, and without what is not set.
///
/// # Errors
///
/// As [`load`](fn@load).
pub fn show<K, V>(path: &Path, vars: impl IntoIterator<Item = (K, V)>) -> Result<Value, SettingsError>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let vars = collected(vars);
    settings(path, &vars).load_into(|file: SettingsFile, findings| {
        file.build(&Vars(&vars), findings)?;
        let mut shown = serde_json::to_value(&file).ok()?;
        shown.as_object_mut()?.remove("defaults");
        for (name, channel) in &file.notify {
            let keys = shown.get_mut("notify")?.get_mut(name)?.as_object_mut()?;
            channel.keys_of_others().for_each(|key| _ = keys.remove(key));
        }
        Some(without_nothing(shown))
    })
}

fn settings(path: &Path, vars: &[(OsString, OsString)]) -> Settings {
    // An empty one says nothing: what starts the service may hand on one that nobody has set.
    let own =
        vars.iter().filter(|(name, value)| !value.is_empty() && !OTHERS.iter().any(|other| name == other)).cloned();
    let settings = Settings::new().file(path).env(PREFIX, own).inherit("sites", "defaults", &GROUPS);
    SECRETS.into_iter().fold(settings, Settings::secret)
}

pub(super) fn collected<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Vec<(OsString, OsString)>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// TOML has no word for what is not there.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(table) => {
            let said = table.into_iter().filter(|(_, value)| !value.is_null());
            said.map(|(key, value)| (key, without_nothing(value))).collect()
        }
        other => other,
    }
}
