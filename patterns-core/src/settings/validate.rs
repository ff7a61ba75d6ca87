use super::path::KeyPath;

/// What a type can't say about its values: relations between settings, ranges.
///
/// [`Settings::load_valid`](super::Settings::load_valid) calls it once every setting is of its type, and
/// reports what it finds with key, value and source, like any other problem.
///
/// # Examples
///
/// ```
/// use patterns_core::settings::{Findings, Settings, Validate};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Pool {
///     min: u32,
///     max: u32,
/// }
///
/// impl Default for Pool {
///     fn default() -> Self {
///         Self { min: 1, max: 8 }
///     }
/// }
///
/// impl Validate for Pool {
///     fn validate(&self, findings: &mut Findings) {
///         if self.min > self.max {
///             findings.refuse("min", format!("must not exceed max, which is {}", self.max));
///         }
///     }
/// }
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct App {
///     pool: Pool,
/// }
///
/// impl Validate for App {
///     fn validate(&self, findings: &mut Findings) {
///         findings.below("pool", &self.pool);
///     }
/// }
///
/// # fn main() {
/// let refused = Settings::new().set("pool.min", "9", "--min").load_valid::<App>().err().unwrap();
/// assert_eq!(refused.to_string(), "--min: pool.min = \"9\": must not exceed max, which is 8");
/// # }
/// ```
pub trait Validate {
    /// Reports everything that is wrong with these settings.
    fn validate(&self, findings: &mut Findings);
}

/// What [`Validate`] has found.
#[derive(Debug, Default)]
pub struct Findings {
    below: KeyPath,
    pub(super) found: Vec<Found>,
}

/// One finding, and the key that it is about.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) key: KeyPath,
    pub(super) what: Finding,
}

#[derive(Debug)]
pub(super) enum Finding {
    /// The value can't be, for this reason.
    Refused(String),
    /// The same, and the value is not to be shown.
    Hidden(String),
    /// The same, and this is to be shown in the place of the value.
    Shown(String, String),
    /// Not the value, but that it is there, or how it is called.
    Key(String),
    /// There is none.
    Missing,
}

impl Findings {
    /// Refuses the value of `key` (with dots between levels), for this reason.
    pub fn refuse(&mut self, key: &str, reason: impl Into<String>) {
        self.add(key, Finding::Refused(in_one_line(reason.into())));
    }

    /// Refuses the value of `key` without showing it. The reason is shown, also where the key is a
    /// [`secret`](super::Settings::secret), so it must not quote the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::settings::{Findings, Settings, Validate};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Serialize, Deserialize)]
    /// struct Web {
    ///     token: String,
    /// }
    ///
    /// impl Validate for Web {
    ///     fn validate(&self, findings: &mut Findings) {
    ///         if self.token.len() < 16 {
    ///             findings.refuse_secret("token", "must have at least 16 characters");
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let refused = Settings::new().set("token", "hush", "--token").load_valid::<Web>().err().unwrap();
    /// assert_eq!(refused.to_string(), "--token: token = (hidden): must have at least 16 characters");
    /// # }
    /// ```
    pub fn refuse_secret(&mut self, key: &str, reason: impl Into<String>) {
        self.add(key, Finding::Hidden(in_one_line(reason.into())));
    }

    /// Refuses the value of `key`, and shows `value` in its place: what somebody who can't find the mistake without it may
    /// know of a value that has a secret in it. It is shown as it is, also where the key is a
    /// [`secret`](super::Settings::secret).
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::settings::{Findings, Settings, Validate};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Serialize, Deserialize)]
    /// struct Store {
    ///     server: String,
    /// }
    ///
    /// impl Validate for Store {
    ///     fn validate(&self, findings: &mut Findings) {
    ///         findings.refuse_as("server", "\"mysql://db/x\"", "expected postgres://host/database");
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let refused = Settings::new().secret("server").set("server", "mysql://u:hush@db/x", "--server");
    /// let refused = refused.load_valid::<Store>().err().unwrap().to_string();
    /// assert_eq!(refused, "--server: server = \"mysql://db/x\": expected postgres://host/database");
    /// # }
    /// ```
    pub fn refuse_as(&mut self, key: &str, value: impl Into<String>, reason: impl Into<String>) {
        self.add(key, Finding::Shown(in_one_line(value.into()), in_one_line(reason.into())));
    }

    /// Refuses that `key` is there, or how it is called: its value plays no part, and is not shown.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::settings::{Findings, Settings, Validate};
    /// use serde::{Deserialize, Serialize};
    /// use std::collections::BTreeMap;
    ///
    /// #[derive(Default, Serialize, Deserialize)]
    /// struct App {
    ///     limits: BTreeMap<String, u32>,
    /// }
    ///
    /// impl Validate for App {
    ///     fn validate(&self, findings: &mut Findings) {
    ///         for (name, _) in self.limits.iter().filter(|(name, _)| name.contains(' ')) {
    ///             findings.inside(&["limits", name], |findings| findings.refuse_key("", "a name has no spaces"));
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let refused = Settings::new().set("limits", r#"{"a b": 1}"#, "--limits").load_valid::<App>().err().unwrap();
    /// assert_eq!(refused.to_string(), r#"--limits: limits."a b": a name has no spaces"#);
    /// # }
    /// ```
    pub fn refuse_key(&mut self, key: &str, reason: impl Into<String>) {
        self.add(key, Finding::Key(in_one_line(reason.into())));
    }

    /// Notes that `key` is not there and has to be; the place is that of what it has to be in.
    pub fn missing(&mut self, key: &str) {
        self.add(key, Finding::Missing);
    }

    fn add(&mut self, key: &str, what: Finding) {
        self.found.push(Found { key: self.below.join(&KeyPath::reported(key)), what });
    }

    /// Validates a part: its keys are those below `key`.
    pub fn below(&mut self, key: &str, part: &impl Validate) {
        self.down(KeyPath::reported(key), |findings| part.validate(findings));
    }

    /// Looks at a part, whose keys are those below `keys`, one for each level. They are taken as they are: in the keys
    /// of a table that people name themselves, a dot is a dot.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::settings::{Findings, Settings, Validate};
    /// use serde::{Deserialize, Serialize};
    /// use std::collections::BTreeMap;
    ///
    /// #[derive(Default, Serialize, Deserialize)]
    /// struct App {
    ///     limits: BTreeMap<String, u32>,
    /// }
    ///
    /// impl Validate for App {
    ///     fn validate(&self, findings: &mut Findings) {
    ///         for (name, _) in self.limits.iter().filter(|(_, limit)| **limit == 0) {
    ///             findings.inside(&["limits", name], |findings| findings.refuse("", "must be at least 1"));
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let refused = Settings::new().set("limits", r#"{"a.b": 0}"#, "--limits").load_valid::<App>().err().unwrap();
    /// assert_eq!(refused.to_string(), r#"--limits: limits."a.b" = 0: must be at least 1"#);
    /// # }
    /// ```
    pub fn inside<R>(&mut self, keys: &[&str], look: impl FnOnce(&mut Self) -> R) -> R {
        let part = keys.iter().fold(KeyPath::default(), |path, key| path.key(key));
        self.down(part, look)
    }

    fn down<R>(&mut self, part: KeyPath, look: impl FnOnce(&mut Self) -> R) -> R {
        let deeper = self.below.join(&part);
        let outer = std::mem::replace(&mut self.below, deeper);
        let seen = look(self);
        self.below = outer;
        seen
    }
}

/// One problem is one line, also where its reason quotes what somebody wrote.
fn in_one_line(reason: String) -> String {
    if !reason.contains('\n') {
        return reason;
    }
    reason.split_whitespace().collect::<Vec<_>>().join(" ")
}
