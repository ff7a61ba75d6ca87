use super::super::DriverError;

/// What the name of the second stream has more than that of the log's.
const KEPT: &str = "_KEPT";

/// What the streams and subjects of a namespace are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// The stream of the log, which has one subject.
    pub(super) log_stream: String,
    pub(super) log: String,
    /// Where the server says again what it has written into the log.
    pub(super) feed: String,
    /// The stream of what is too large for the log.
    pub(super) kept_stream: String,
    /// What its subjects begin with.
    kept: String,
}

impl Names {
    pub(super) fn new(namespace: &str) -> Result<Self, DriverError> {
        let is_word = namespace.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        // The stream of its log would be another namespace's `kept_stream`.
        let is_taken = namespace.ends_with(KEPT);
        if namespace.is_empty() || namespace.len() > 64 || !is_word || is_taken {
            let expected =
                "expected 1 to 64 of the letters a to z and A to Z, digits, `-` and `_`, and not `_KEPT` at the end";
            return Err(DriverError::refused(format!("namespace: {namespace:?}, {expected}")));
        }
        Ok(Self {
            log_stream: format!("JOBS_{namespace}"),
            log: format!("jobs.{namespace}.log"),
            feed: format!("jobs.{namespace}.feed"),
            kept_stream: format!("JOBS_{namespace}{KEPT}"),
            kept: format!("jobs.{namespace}.kept"),
        })
    }

    /// All that is kept beside the log.
    pub(super) fn all_kept(&self) -> String {
        format!("{}.>", self.kept)
    }

    /// A part of a text, or all of them: `*`.
    pub(super) fn text(&self, name: &str, part: &str) -> String {
        format!("{}.text.{name}.{part}", self.kept)
    }

    /// A part of the copy of the tables that holds up to this place of the log, or all of them: `*`.
    pub(super) fn copy(&self, seq: u64, part: &str) -> String {
        format!("{}.copy.{seq}.{part}", self.kept)
    }

    /// What says which copy is the latest.
    pub(super) fn head(&self) -> String {
        format!("{}.head", self.kept)
    }

    /// Which of what is kept a subject names.
    pub(super) fn parse<'a>(&self, subject: &'a str) -> Option<Subject<'a>> {
        let mut words = subject.strip_prefix(&*self.kept)?.strip_prefix('.')?.split('.');
        match (words.next()?, words.next(), words.next()) {
            ("text", Some(name), Some(part)) => Some(Subject::Text(name, part.parse().ok()?)),
            ("copy", Some(seq), Some(part)) => Some(Subject::Copy(seq.parse().ok()?, part.parse().ok()?)),
            _ => None,
        }
    }
}

/// What is kept beside the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject<'a> {
    /// Of a text with this name, this part.
    Text(&'a str, u32),
    /// Of the copy that holds up to this place of the log, this part.
    Copy(u64, u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_one_word_of_a_subject() {
        assert!(Names::new("app-1_A").is_ok() && Names::new(&"a".repeat(64)).is_ok());
        assert!(Names::new("KEPT").is_ok() && Names::new("app_KEPT_1").is_ok() && Names::new("app_kept").is_ok());
        for odd in ["", "a.b", "a b", "a*", ">", "é", &"a".repeat(65), "app_KEPT", "_KEPT"] {
            assert!(Names::new(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn what_is_kept_is_found_again_by_its_subject() {
        let names = Names::new("app").unwrap();
        assert_eq!(names.parse(&names.text("abc", "7")), Some(Subject::Text("abc", 7)));
        assert_eq!(names.parse(&names.copy(12, "3")), Some(Subject::Copy(12, 3)));
        assert_eq!((names.parse(&names.head()), names.parse("jobs.other.kept.copy.1.1")), (None, None));
    }
}
