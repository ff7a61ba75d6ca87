use serde::{Deserialize, Serialize};

/// How many dead letters are kept.
///
/// # Defaults
///
/// The latest 1,024.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DeadLetterConfig {
    /// How many letters are kept; 0 keeps none, and only counts.
    pub capacity: usize,
}

impl Default for DeadLetterConfig {
    fn default() -> Self {
        Self { capacity: 1024 }
    }
}

impl DeadLetterConfig {
    /// This configuration with another number of letters.
    #[must_use]
    pub fn capacity(mut self, letters: usize) -> Self {
        self.capacity = letters;
        self
    }
}
