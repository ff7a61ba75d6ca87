//! Running jobs on a bounded number of workers: threads for what computes, tasks for what awaits.
mod builder;
mod config;
mod error;
mod handle;
mod job_handle;
mod plane;
mod status;
mod submission;

pub use builder::WorkerPoolBuilder;
pub use config::{Rejection, WorkerPoolConfig};
pub use error::{Expired, JobError, Reject, StartError, SubmitError};
pub use handle::WorkerPool;
pub use job_handle::JobHandle;
pub use status::{ClassStatus, DrainReceipt, JobClass, JobCounts, PoolState, RunningJob, WorkerPoolStatus};
pub use submission::{Answer, Cpu, Io, Submission, Work};
