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
    pub(super) found: Vec<(KeyPath, String)>,
}

impl Findings {
    /// Refuses the value of `key` (with dots between levels), for this reason.
    pub fn refuse(&mut self, key: &str, reason: impl Into<String>) {
        self.found.push((self.below.join(&KeyPath::reported(key)), reason.into()));
    }

    /// Validates a part: its keys are those below `key`.
    pub fn below(&mut self, key: &str, part: &impl Validate) {
        let deeper = self.below.join(&KeyPath::reported(key));
        let outer = std::mem::replace(&mut self.below, deeper);
        part.validate(self);
        self.below = outer;
    }
}
