//! What is said to a driver, and what it says.
mod answer;
mod effects;
mod job;
mod owner;
mod queue;
mod record;
mod take;

pub use answer::{Accepted, Answer, DeadReason, End};
pub use effects::Effects;
pub use job::{Due, Entered, NewJob, Unique};
pub use owner::{Beat, Eviction, Leadership, Owner, Owners, Seen};
pub use queue::{QueueCounts, QueueLimits, QueueRate, Turns};
pub use record::{JobFilter, JobRecord, JobState, Prune};
pub use take::{Take, Taken, TakenJob};
