use serde::{Deserialize, Serialize};

/// How urgent a job is; see [`Submission::priority`](super::Submission::priority).
///
/// A more urgent job is started first, but not for ever: a job is passed over only by jobs that came at
/// most the pool's [`ageing`](super::WorkerPoolConfig::ageing) after it could have been started, and twice
/// that for two levels. From then on it is its turn. For a plain job, of normal priority and without a key, that time
/// begins when the first job comes to wait beside it that is not plain: nothing can pass it before.
///
/// # Examples
///
/// ```
/// use actors::worker_pool::Priority;
///
/// assert!(Priority::Low < Priority::Normal && Priority::Normal < Priority::High);
/// assert_eq!(Priority::default(), Priority::Normal);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait: reports, prefetching.
    Low,
    /// What nobody has said anything about.
    #[default]
    Normal,
    /// Somebody is waiting for it.
    High,
}
