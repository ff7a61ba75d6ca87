use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::file::{Named, Part};
use super::inherit::Inherit;
use super::layers::from_json;
use super::load::Loading;
use super::path::KeyPath;
use super::problem::{Problem, ProblemKind, SettingsError, Source};
use super::validate::{Findings, Validate};

/// Layered settings: defaults < files < environment < flags. What is wrong in any of them is reported
/// together, each problem with key, value, source and what was expected.
///
/// The order of layers is fixed; among files, and among flags of the same key, the later one wins.
/// Tables are merged, everything else (lists too) is replaced as a whole. Keys that no field has are
/// refused, in every layer.
///
/// Nothing is read behind the caller's back: not the environment, no default file.
///
/// # Texts
///
/// A variable or a flag is a text, and becomes what its field wants: a number, `true`/`false` (also
/// `1`/`0`, `yes`/`no`, `on`/`off`), a list (`"a, b"`, or JSON), a table (JSON, merged like any other);
/// an empty text is `None` for an `Option`. A file says the type itself: there, `"3"` is not a number.
///
/// # Limits
///
/// - The default value must contain every field: no `skip_serializing`, no `alias`.
/// - Below `#[serde(flatten)]` and in internally tagged or untagged enums, serde hides where it is:
///   unknown keys pass there, and an error names the enclosing key.
/// - In an element of a list, or below an `Option` that is `None` by default, a problem may hide
///   others that have no default to go on with.
/// - A report ends after 200 wrong values; YAML may be nested 128 deep, and its aliases stand for
///   100,000 values together.
///
/// # Comparison to the bare `config` crate
///
/// 1. All problems at once, with line, variable or flag; `config` stops at the first, often without a place.
/// 2. Unknown keys are refused, with the key that was probably meant.
/// 3. Values in files are not bent: `config` reads `2.7` as the integer 3 and `"yes"` as 1.
///
/// # Examples
///
/// ```
/// use patterns_core::settings::Settings;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct App {
///     name: String,
///     http: Http,
/// }
///
/// #[derive(Debug, Serialize, Deserialize)]
/// struct Http {
///     retries: u8,
///     verify: bool,
/// }
///
/// impl Default for App {
///     fn default() -> Self {
///         Self { name: "app".into(), http: Http { retries: 3, verify: true } }
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("app.toml");
/// std::fs::write(&path, "name = 'shop'\n[http]\nretries = 5\n")?;
/// let vars = [("APP_HTTP__RETRIES", "7"), ("HOME", "/root")]; // std::env::vars_os() in a program
/// let app: App = Settings::new()
///     .file(&path)
///     .optional_file("/etc/app.yaml")
///     .env("APP", vars)
///     .set("http.verify", "false", "--insecure")
///     .load()?;
/// assert_eq!((app.name.as_str(), app.http.retries, app.http.verify), ("shop", 7, false));
///
/// std::fs::write(&path, "nmae = 'shop'\n[http]\nretries = 500\n")?;
/// let wrong = Settings::new().file(&path).env("APP", [("APP_HTTP__VERIFY", "perhaps")]).load::<App>();
/// # let wrong = wrong.map_err(|error| error.to_string().replace(&format!("{}", path.display()), "app.toml"));
/// assert_eq!(
///     wrong.unwrap_err().to_string(),
///     "app.toml:1: unknown key nmae; did you mean name?\n\
///      app.toml:3: http.retries = 500: expected a whole number from 0 to 255\n\
///      environment variable APP_HTTP__VERIFY: http.verify = \"perhaps\": expected true or false",
/// );
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
#[must_use = "nothing is read until `load`"]
pub struct Settings {
    pub(super) files: Vec<Named>,
    /// Without the prefix, as a whole, and its value.
    pub(super) vars: Vec<(String, String, OsString)>,
    pub(super) flags: Vec<(KeyPath, String, String)>,
    pub(super) secrets: Vec<KeyPath>,
    pub(super) inherits: Vec<Inherit>,
}

impl Settings {
    /// Nothing but the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads this file, whose name ends in `.toml`, `.yaml`, `.yml` or `.json`.
    pub fn file(self, path: impl Into<PathBuf>) -> Self {
        self.named(Named { path: path.into(), optional: false, part: None })
    }

    /// Reads this file if it exists.
    pub fn optional_file(self, path: impl Into<PathBuf>) -> Self {
        self.named(Named { path: path.into(), optional: true, part: None })
    }

    /// Reads this file for the table `key` of it, as if that were a file of its own: for a program that shares a file
    /// with others. The keys in there that only `others` know are left out; any other that is not known is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::settings::Settings;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    /// struct Client {
    ///     retries: u8,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("shop.toml");
    /// std::fs::write(&path, "port = 80\n[client]\nretries = 5\ncache = { size = 9 }\n")?;
    /// let load = |others: &[&str]| Settings::new().part_of_file(&path, "client", others).load::<Client>();
    /// assert_eq!(load(&["cache.size"])?, Client { retries: 5 });
    ///
    /// let refused = load(&[]).unwrap_err().to_string();
    /// assert!(refused.ends_with("shop.toml:4: unknown key cache; known here: retries"), "{refused}");
    /// # Ok(()) }
    /// ```
    pub fn part_of_file(self, path: impl Into<PathBuf>, key: &str, others: &[&str]) -> Self {
        let others = others.iter().map(|other| KeyPath::reported(other)).collect();
        let part = Part { key: KeyPath::reported(key), others };
        self.named(Named { path: path.into(), optional: false, part: Some(part) })
    }

    fn named(mut self, file: Named) -> Self {
        self.files.push(file);
        self
    }

    /// Takes the variables whose names begin with `prefix` and `_`; two underscores go a level deeper.
    ///
    /// With prefix `APP`, `APP_HTTP__MAX_RETRIES` is `http.max_retries`, or `http.max-retries` or
    /// `http.maxRetries` if the settings write it so. The caller passes [`std::env::vars_os`].
    ///
    /// Of two variables for the same key, which differ in case, the one that sorts last wins. A name
    /// that is not Unicode is none of ours; a value that is not is a problem.
    pub fn env<K, V>(mut self, prefix: &str, vars: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let start = self.vars.len();
        for (name, value) in vars {
            // A name that is not Unicode can't be one of ours.
            let Ok(name) = name.into().into_string() else { continue };
            if let Some(rest) = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')) {
                self.vars.push((rest.to_owned(), name.clone(), value.into()));
            }
        }
        // An environment has no order of its own, and a report should have one.
        self.vars[start..].sort();
        self
    }

    /// Sets `key` (with dots between levels) to `value`, as `source` asks for it: the name of a flag.
    pub fn set(mut self, key: &str, value: impl Into<String>, source: impl Into<String>) -> Self {
        self.flags.push((KeyPath::dotted(key), value.into(), source.into()));
        self
    }

    /// Has every entry of the table `entries` begin with what the table `from` says, which holds one entry as well:
    /// tables are merged, everything else is replaced. A problem that was inherited is told once, where it was set.
    ///
    /// Of the keys of a group an entry that has one, be it an empty table, inherits none: as where they exclude each
    /// other, or belong together.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::settings::Settings;
    /// use serde::{Deserialize, Serialize};
    /// use std::collections::BTreeMap;
    ///
    /// #[derive(Debug, Default, Serialize, Deserialize)]
    /// struct App {
    ///     defaults: Host,
    ///     hosts: BTreeMap<String, Host>,
    /// }
    ///
    /// #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    /// struct Host {
    ///     port: u16,
    ///     key: Option<String>,
    ///     password: Option<String>,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("app.toml");
    /// let text = "defaults = { port = 22, key = 'id' }\n[hosts]\na = { port = 23 }\nb = { password = 'x' }\n";
    /// std::fs::write(&path, text)?;
    /// let settings = || Settings::new().file(&path).inherit("hosts", "defaults", &[&["key", "password"]]);
    /// let app: App = settings().load()?;
    /// assert_eq!(app.hosts["a"], Host { port: 23, key: Some("id".into()), password: None });
    /// assert_eq!(app.hosts["b"], Host { port: 22, key: None, password: Some("x".into()) });
    ///
    /// let refused = settings().set("defaults.port", "ssh", "--port").load::<App>().unwrap_err();
    /// let told = r#"--port: defaults.port = "ssh": expected a whole number from 0 to 65535"#;
    /// assert_eq!(refused.to_string(), told, "and not for b once more");
    /// # Ok(()) }
    /// ```
    pub fn inherit(mut self, entries: &str, from: &str, groups: &[&[&str]]) -> Self {
        self.inherits.push(Inherit::new(entries, from, groups));
        self
    }

    /// Keeps the value of `key`, and of all keys below it, out of reports. A `*` stands for any key of a table:
    /// `hosts.*.password`.
    pub fn secret(mut self, key: &str) -> Self {
        self.secrets.push(KeyPath::reported(key));
        self
    }

    /// Reads and merges all layers and makes a `T` of them.
    ///
    /// Reads files with blocking calls: meant for the start of a program.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with all problems: unknown keys, values of the wrong type, missing or
    /// unreadable files, syntax errors with their place.
    pub fn load<T>(&self) -> Result<T, SettingsError>
    where
        T: Serialize + DeserializeOwned + Default,
    {
        self.load_into(|settings, _| Some(settings))
    }

    /// [`load`](Self::load), and then [validates](Validate) the whole.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with all problems of [`load`](Self::load), or, if there are none, with all
    /// that the validation finds.
    pub fn load_valid<T>(&self) -> Result<T, SettingsError>
    where
        T: Serialize + DeserializeOwned + Default + Validate,
    {
        self.load_into(|settings: T, findings| {
            settings.validate(findings);
            Some(settings)
        })
    }

    /// [`load`](Self::load), and then makes something else of the whole: what a program works with need not be what a
    /// file looks like.
    ///
    /// `into` reports what is wrong, and returns `None` where it can't make anything of it.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with all problems of [`load`](Self::load), or, if there are none, with all that `into` finds.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::settings::Settings;
    /// use serde::{Deserialize, Serialize};
    /// use std::net::SocketAddr;
    ///
    /// #[derive(Default, Serialize, Deserialize)]
    /// struct File {
    ///     host: String,
    ///     port: u16,
    /// }
    ///
    /// let load = |host: &str| {
    ///     let settings = Settings::new().set("host", host, "--host").set("port", "80", "--port");
    ///     settings.load_into(|file: File, findings| match file.host.parse() {
    ///         Ok(host) => Some(SocketAddr::new(host, file.port)),
    ///         Err(_) => {
    ///             findings.refuse("host", "expected an address such as 127.0.0.1");
    ///             None
    ///         }
    ///     })
    /// };
    /// assert_eq!(load("::1").unwrap().to_string(), "[::1]:80");
    /// let refused = load("here").unwrap_err();
    /// assert_eq!(refused.to_string(), r#"--host: host = "here": expected an address such as 127.0.0.1"#);
    /// ```
    pub fn load_into<T, U>(&self, into: impl FnOnce(T, &mut Findings) -> Option<U>) -> Result<U, SettingsError>
    where
        T: Serialize + DeserializeOwned + Default,
    {
        let broken = |reason: String| {
            // The type itself can't be used for settings: a mistake in the program.
            let kind = ProblemKind::Unreadable { reason };
            SettingsError::of(vec![Problem::new(Source::Default, String::new(), kind)])
        };
        let defaults = serde_json::to_value(T::default()).map_err(|error| broken(error.to_string()))?;
        let mut defaults = from_json(defaults);
        let (layers, unread) = self.layers(&mut defaults);
        let tree = layers.merged(&defaults).map_err(|error| broken(error.to_string()))?;
        let mut loading = Loading::new(&layers, tree, &self.secrets);
        for (layer, key, problem) in unread {
            loading.add(layer, key, problem);
        }
        let (made, otherwise) = match loading.load::<T>(&defaults) {
            Some(settings) if loading.found_nothing() => {
                let mut findings = Findings::default();
                let made = into(settings, &mut findings);
                findings.found.into_iter().for_each(|found| loading.note_finding(found));
                (made, "nothing was made of the settings, and nothing found wrong")
            }
            _ => (None, "the default can't be read back"),
        };
        match made {
            Some(made) if loading.found_nothing() => Ok(made),
            None if loading.found_nothing() => Err(broken(otherwise.to_owned())),
            _ => Err(SettingsError::of(loading.into_problems())),
        }
    }
}

/// Without the values, of which some may be secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self.files.iter().map(|file| &file.path).collect();
        let variables: Vec<_> = self.vars.iter().map(|(_, name, _)| name).collect();
        let flags: Vec<_> = self.flags.iter().map(|(key, ..)| key.to_string()).collect();
        f.debug_struct("Settings")
            .field("files", &files)
            .field("variables", &variables)
            .field("flags", &flags)
            .finish_non_exhaustive()
    }
}
