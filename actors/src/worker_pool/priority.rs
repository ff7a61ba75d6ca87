use serde::{Deserialize, Serialize};

/// How urgent a job is; see [`Submission::priority`](super::Submission::priority).
///
/// A more urgent job is started first, but not for ever: its [turn](super#turns) is passed over by more urgent
/// ones that began at most the pool's [`ageing`](super::WorkerPoolConfig::ageing) later, twice that for two levels,
/// and by those that stand before such a one in its ring. The turn of plain jobs, of normal priority and without a key,
/// begins when the first job comes to wait beside them that is not plain: nothing can pass them before.
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
