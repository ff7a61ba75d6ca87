use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use patterns_core::settings::Settings;
use serde_json::{Map, Value};

use super::file::SiteTable;
use super::load::{PREFIX, collected};
use crate::config::CheckConfig;

/// Read where the program runs, if it is there and no other file is named.
const FILE: &str = "sitewatch.toml";

/// The tables and values that only the service has, and what only the command line asks for, as variables name them.
const SERVICE: [&str; 10] =
    ["DATABASE", "QUEUE", "CHECKS_AT_ONCE", "GRACE", "WEB", "RETENTION", "DEFAULTS", "SITES", "NOTIFY", "TOKEN"];

/// The file and the environment that a [`CheckConfig`] is loaded from, which may be the service's.
///
/// Without a `file`, that is `sitewatch.toml` where the program runs, if it is there. A file with a table `sites` is
/// the service's; of that the table `[defaults]` counts, as far as a single check knows its keys: not when sites are
/// checked, who is told, and who we are.
///
/// # Examples
///
/// ```
/// use sitewatch::config::CheckConfig;
/// use sitewatch::service::config::for_check;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sitewatch.toml");
/// std::fs::write(&path, "[defaults]\ndepth = 3\nevery = '6h'\n[sites.docs]\ntarget = 'docs'\n")?;
/// let vars = [("SITEWATCH_HTTP__RATE", "1"), ("SITEWATCH_WEB__LISTEN", "[::1]:80")];
/// let config: CheckConfig = for_check(Some(&path), vars).load_valid()?;
/// assert_eq!((config.depth, config.every, config.http.rate), (Some(3), None, 1.0));
/// # Ok(()) }
/// ```
pub fn for_check<K, V>(file: Option<&Path>, vars: impl IntoIterator<Item = (K, V)>) -> Settings
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let settings = match file {
        Some(path) if is_service(path) => part_of(path),
        Some(path) => Settings::new().file(path),
        None if is_service(Path::new(FILE)) => part_of(Path::new(FILE)),
        None => Settings::new().optional_file(FILE),
    };
    settings.env(PREFIX, collected(vars).into_iter().filter(|(name, _)| is_of_check(name)))
}

/// Whether a file is one of the service. What can't be read is told of by whoever reads it for itself.
fn is_service(path: &Path) -> bool {
    let read = Settings::new().optional_file(path).load::<BTreeMap<String, Value>>();
    read.is_ok_and(|keys| keys.get("sites").is_some_and(Value::is_object))
}

fn part_of(path: &Path) -> Settings {
    let (site, check) = (keys_of(&SiteTable::default()), keys_of(&CheckConfig::default()));
    let unknown = site.keys().filter(|key| !check.contains_key(*key)).map(String::as_str);
    // They mean something else there: a check that repeats itself, and how its report is written.
    let others: Vec<&str> = unknown.chain(["every", "report"]).collect();
    Settings::new().part_of_file(path, "defaults", &others)
}

fn keys_of(settings: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(table)) => table,
        _ => Map::new(),
    }
}

fn is_of_check(name: &OsString) -> bool {
    let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_prefix('_')) else { return true };
    let first = rest.split("__").next().unwrap_or_default();
    // `SITEWATCH_URL` is the address of a service, too.
    first != "URL" && !SERVICE.contains(&first)
}
