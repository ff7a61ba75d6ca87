//! A part of what was found, where it is too long for one answer.

use std::time::Duration;

use actors::jobs::{Failure, Job, Run};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// How long an answer's outline may be, and a part of it, in bytes. All engines take that, also together with the rest of a
/// job: NATS allows 1 MiB for all of it unless it is told otherwise.
pub(crate) const LONGEST: usize = 256 * 1024;

/// A part of an outline.
///
/// It is entered with the answer that it belongs to, or not at all, and whoever waits for that answer reads it. There is
/// nothing to be done: so it is over at once, and forgotten with the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartJob {
    pub(crate) text: String,
}

#[async_trait]
impl Job for PartJob {
    const KIND: &'static str = "sitewatch.part.1";
    const QUEUE: &'static str = "sitewatch.part";
    const TIMEOUT: Duration = Duration::from_secs(60);
    type Output = ();
    type State = ();

    async fn run(self, _state: &(), _run: &mut Run) -> Result<(), Failure> {
        Ok(())
    }
}

/// A text, in parts. It has no character that takes more than a byte.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = PartJob> {
    text.as_bytes().chunks(LONGEST).map(|part| PartJob { text: String::from_utf8_lossy(part).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Services of other versions read it: if it has to change, so has `KIND`.
    #[test]
    fn a_part_of_this_kind_is_written_like_this() {
        assert_eq!(PartJob::KIND, "sitewatch.part.1");
        let part = PartJob { text: "eJw=".to_owned() };
        assert_eq!(serde_json::to_string(&part).unwrap(), r#"{"text":"eJw="}"#);
    }

    #[test]
    fn the_parts_of_a_text_are_the_text() {
        for length in [0, 1, LONGEST, LONGEST + 1, 3 * LONGEST] {
            let text = "abc".repeat(length).split_off(2 * length);
            let parts: Vec<PartJob> = parts(&text).collect();
            assert_eq!(parts.len(), length.div_ceil(LONGEST));
            assert!(parts.iter().all(|part| part.text.len() <= LONGEST));
            assert_eq!(parts.iter().map(|part| &*part.text).collect::<String>(), text);
        }
    }
}
