use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::{Answer, DeadReason, Effects, End, Fence, JobId, NewJob};

/// An [`Answer`], as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) id: JobId,
    pub(super) fence: Fence,
    pub(super) end: Ended,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) next: Vec<NewJob>,
    /// Whether it comes with what can't be done here.
    #[serde(default)]
    pub(super) effects: bool,
}

/// An [`End`], as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    Done { output: Option<String> },
    Retry { after: Duration, error: String },
    Dead { reason: DeadReason, error: String },
    Cancelled,
    Released { after: Duration },
}

impl From<End> for Ended {
    fn from(end: End) -> Self {
        match end {
            End::Done { output } => Self::Done { output },
            End::Retry { after, error } => Self::Retry { after, error },
            End::Dead { reason, error } => Self::Dead { reason, error },
            End::Cancelled => Self::Cancelled,
            End::Released { after } => Self::Released { after },
        }
    }
}

impl From<Ended> for End {
    fn from(end: Ended) -> Self {
        match end {
            Ended::Done { output } => Self::Done { output },
            Ended::Retry { after, error } => Self::Retry { after, error },
            Ended::Dead { reason, error } => Self::Dead { reason, error },
            Ended::Cancelled => Self::Cancelled,
            Ended::Released { after } => Self::Released { after },
        }
    }
}

impl From<Said> for Answer {
    fn from(said: Said) -> Self {
        let effects = said.effects.then(|| Effects::new(()));
        Self { id: said.id, fence: said.fence, end: said.end.into(), next: said.next, effects }
    }
}
