use std::fmt;

use regex::RegexSet;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Regular expressions, any of which may match, anywhere in the text.
///
/// In settings: a list, or one expression by itself; in a text, as in an environment variable, one
/// expression, or a list in JSON. All are compiled together, so a text is searched
/// once, in time linear in its length, however many there are.
///
/// # Examples
///
/// ```
/// use sitewatch::config::Patterns;
///
/// let patterns = Patterns::new(["^https://", r"\.pdf$"])?;
/// assert!(patterns.matches("https://example.com") && patterns.matches("a.pdf"));
/// assert!(!patterns.matches("http://example.com/a.pdf?x"));
/// assert!(!Patterns::default().matches("anything"));
///
/// let error = Patterns::new(["[a-"]).unwrap_err();
/// assert_eq!(error.to_string(), "not a valid regular expression: [a-: unclosed character class");
/// # Ok::<(), sitewatch::config::BadPattern>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Patterns(RegexSet);

/// Not a regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid regular expression: {pattern}: {problem}")]
pub struct BadPattern {
    /// The expression.
    pub pattern: String,
    /// What is wrong with it, on one line.
    pub problem: String,
}

impl Patterns {
    /// Compiles them.
    ///
    /// # Errors
    ///
    /// [`BadPattern`] names the first that is no regular expression, or the last if only all of them
    /// together take more than 10 MiB compiled.
    pub fn new<S: Into<String>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, BadPattern> {
        let patterns: Vec<String> = patterns.into_iter().map(Into::into).collect();
        for pattern in &patterns {
            regex::Regex::new(pattern).map_err(|error| bad(pattern, &error))?;
        }
        let last = patterns.last().cloned().unwrap_or_default();
        RegexSet::new(patterns).map(Self).map_err(|error| bad(&last, &error))
    }

    /// Whether any of them matches somewhere in `text`.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Whether there are none, so that nothing matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The regex crate draws a picture of several lines; its last line says it in words.
fn bad(pattern: &str, error: &regex::Error) -> BadPattern {
    let picture = error.to_string();
    let last = picture.lines().last().unwrap_or_default();
    let problem = last.trim().trim_start_matches("error: ").to_owned();
    BadPattern { pattern: pattern.to_owned(), problem }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.0.patterns() == other.0.patterns()
    }
}

/// Nothing if there are none: a text for them then stays whole wherever settings come from, instead of
/// being split at its commas as a list's would.
impl Serialize for Patterns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.is_empty() {
            true => serializer.serialize_none(),
            false => serializer.collect_seq(self.0.patterns()),
        }
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(deserializer.deserialize_any(OneOrMany)?).map_err(D::Error::custom)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a regular expression or a list of them")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    /// A text that is a JSON list of texts is that list: the command line and the environment know
    /// only texts.
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(serde_json::from_str(text).unwrap_or_else(|_| vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut patterns = Vec::new();
        while let Some(pattern) = list.next_element()? {
            patterns.push(pattern);
        }
        Ok(patterns)
    }
}
