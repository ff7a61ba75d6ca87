use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use config::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::file::{self, Contents};
use super::layers::{Buried, Layer, Layers, from_json, key_of_variable};
use super::load::Loading;
use super::path::KeyPath;
use super::problem::{Problem, ProblemKind, SettingsError, Source};
use super::render::render;
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
    files: Vec<(PathBuf, bool)>,
    vars: Vec<(String, String, OsString)>,
    flags: Vec<(KeyPath, String, String)>,
    secrets: Vec<KeyPath>,
}

impl Settings {
    /// Nothing but the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads this file, whose name ends in `.toml`, `.yaml`, `.yml` or `.json`.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push((path.into(), false));
        self
    }

    /// Reads this file if it exists.
    pub fn optional_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push((path.into(), true));
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

    /// Keeps the value of `key`, and of all keys below it, out of reports.
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
        self.load_and(|_, _| {})
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
        self.load_and(|settings: &T, findings| settings.validate(findings))
    }

    fn load_and<T>(&self, validate: impl FnOnce(&T, &mut Findings)) -> Result<T, SettingsError>
    where
        T: Serialize + DeserializeOwned + Default,
    {
        let defaults = serde_json::to_value(T::default()).map_err(|error| broken_default(error.to_string()))?;
        let defaults = from_json(defaults);
        let (layers, unread) = self.layers(&defaults);
        let tree = layers.merged().map_err(|error| broken_default(error.to_string()))?;
        let mut loading = Loading::new(&layers, tree, &self.secrets);
        for (layer, key, problem) in unread {
            loading.add(layer, key, problem);
        }
        let loaded = loading.load(&defaults);
        if let Some(settings) = &loaded
            && loading.found_nothing()
        {
            let mut findings = Findings::default();
            validate(settings, &mut findings);
            for (key, reason) in findings.found {
                loading.note_refused(&key, reason);
            }
        }
        match loaded {
            Some(settings) if loading.found_nothing() => Ok(settings),
            None if loading.found_nothing() => Err(broken_default("the default can't be read back".into())),
            _ => Err(SettingsError::of(loading.into_problems())),
        }
    }

    /// All layers, lowest first, and what could not be read: those layers are empty, so that the
    /// others are still checked.
    fn layers(&self, defaults: &Value) -> (Layers, Vec<(usize, KeyPath, Problem)>) {
        let mut layers = vec![Layer::of_defaults(defaults.clone())];
        let mut unread = Vec::new();
        for (path, optional) in &self.files {
            let contents = file::read(path, *optional).unwrap_or_else(|problem| {
                unread.push((layers.len(), KeyPath::default(), problem));
                Contents::default()
            });
            layers.push(Layer::of_file(path, contents));
        }
        let mut environment = Layer::of_texts();
        for (rest, name, value) in &self.vars {
            let (key, source) = (key_of_variable(rest, defaults), Source::Variable(name.clone()));
            match value.to_str() {
                Some(text) => environment.set(key, text.to_owned(), source, defaults),
                None => {
                    let problem = not_unicode(&key, source);
                    unread.push((layers.len(), key, problem));
                }
            }
        }
        let mut flags = Layer::of_texts();
        for (key, text, source) in &self.flags {
            flags.set(key.clone(), text.clone(), Source::Flag(source.clone()), defaults);
        }
        layers.extend([environment, flags]);
        let (layers, buried) = Layers::new(layers, defaults);
        unread.extend(buried.into_iter().map(|(layer, Buried { key, value, source })| {
            let secret = self.secrets.iter().any(|secret| key.starts_with(secret) || secret.starts_with(&key));
            let value = if secret { "(hidden)".to_owned() } else { render(&value) };
            let reason = "keys below it are set too, so it must be a table".to_owned();
            let problem = Problem::new(source, key.to_string(), ProblemKind::Invalid { value, reason });
            (layer, key, problem)
        }));
        (layers, unread)
    }
}

/// Without the values, of which some may be secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self.files.iter().map(|(path, _)| path).collect();
        let variables: Vec<_> = self.vars.iter().map(|(_, name, _)| name).collect();
        let flags: Vec<_> = self.flags.iter().map(|(key, ..)| key.to_string()).collect();
        f.debug_struct("Settings")
            .field("files", &files)
            .field("variables", &variables)
            .field("flags", &flags)
            .finish_non_exhaustive()
    }
}

fn not_unicode(key: &KeyPath, source: Source) -> Problem {
    let (value, reason) = ("(binary)".to_owned(), "not valid Unicode".to_owned());
    Problem::new(source, key.to_string(), ProblemKind::Invalid { value, reason })
}

/// The type itself can't be used for settings: a mistake in the program.
fn broken_default(reason: String) -> SettingsError {
    SettingsError::of(vec![Problem::new(Source::Default, String::new(), ProblemKind::Unreadable { reason })])
}
