use std::fmt;

use serde::{Deserialize, Serialize};

/// How urgent a message is. Each lane of a mailbox has a bound of its own, so no flood of one kind
/// of message keeps out another kind.
///
/// A control message overtakes every other; an interactive one overtakes batch messages, except that
/// after eight in a row one waiting batch message is handled, so that no lane but control can starve
/// another.
///
/// # Examples
///
/// ```
/// use actors::Lane;
///
/// assert!(Lane::Control < Lane::Interactive && Lane::Interactive < Lane::Batch);
/// assert_eq!(Lane::default(), Lane::Interactive);
/// assert_eq!(Lane::Batch.to_string(), "batch");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// What steers the actor: reconfigure, pause, report. Handled before anything else.
    Control,
    /// What somebody waits for.
    #[default]
    Interactive,
    /// What may wait.
    Batch,
}

impl Lane {
    /// All lanes, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Control, Self::Interactive, Self::Batch];

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Interactive => "interactive",
            Self::Batch => "batch",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
