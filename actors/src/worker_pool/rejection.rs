use serde::{Deserialize, Serialize};

/// What becomes of a job that comes when all places of its kind are taken.
///
/// There is no sixth way, and none loses a job in silence: it runs, or it ends as a
/// [`JobError::Rejected`](super::JobError::Rejected) at whoever waits for it, and is counted. Jobs that only
/// their key holds back have places of their own, and there the policy is applied among them.
///
/// [`try_spawn`](super::Submission::try_spawn) never waits, runs or drops anything, whatever the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rejection {
    /// Its submitter waits for a place, first come, first served, until its deadline or cancellation.
    #[default]
    Wait,
    /// Its submitter gets it back at once, with [`Reject::Full`](super::Reject::Full).
    Fail,
    /// Its submitter runs it, and so comes with the next one later: an IO job in the submitter's own task, a
    /// CPU job in its thread.
    ///
    /// It runs beside those that the pool's workers run, so that for each such submitter one more runs than the class
    /// is wide, but within `per_key`, `rate` and `global`, and after the waiting jobs of its key: where they stand
    /// against it, its submitter waits.
    ///
    /// A CPU job runs in the submitter's thread only on a multi-threaded runtime, whose other tasks move to another
    /// thread ([`block_in_place`](tokio::task::block_in_place)), and outside of any. On a current-thread runtime it
    /// would hold up everything else, so there its submitter waits.
    CallerRuns,
    /// The job that has been waiting longest is dropped, and ends with
    /// [`Reject::Dropped`](super::Reject::Dropped): for work that is worth less the older it is.
    DropOldest,
    /// The least urgent of the waiting jobs is dropped, and ends with [`Reject::Dropped`](super::Reject::Dropped); of
    /// several, the one that came last. One that comes and is not more urgent than any of them is refused itself, as
    /// by [`Fail`](Self::Fail).
    DropLowest,
}
