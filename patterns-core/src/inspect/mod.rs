//! What a running program is doing: its groups and tasks, what they wait for, and who waits for whom in a circle.
//!
//! [`tree`] gives a snapshot, as text and as JSON, of every live [`TaskGroup`](crate::task_group::TaskGroup) with its
//! tasks (name, age, state, what each awaits), of every [`Semaphore`](crate::semaphore::Semaphore) with who holds it
//! and who waits for it, and of the tasks that seem to wait for one another in a circle.
//!
//! Nothing has to be prepared for it. Waits of this crate (permits, queues, rate limits, events, sleeps, other tasks) are
//! known by themselves; any other wait gets a name with [`label`].
//!
//! # Limits
//!
//! - A snapshot is taken group by group, not of all at one instant.
//! - A child that has not had to wait yet is counted, not named. Tasks of bare `tokio::spawn` are not
//!   seen, nor are those of a `Background`, but for the permits that they hold.
//! - A circle is a hint, not a proof: a wait in it may have a deadline, a task handle may not be awaited any more, and
//!   semaphores are looked at one after the other.
//! - Circles are found among permits and awaited tasks. Who waits for an item, an event or a lock of another library
//!   counts as free to go on.
//!
//! # Comparison to `tokio-console`
//!
//! 1. It needs no unstable build flag, no second process, and no subscriber.
//! 2. It knows groups, deadlines, causes of cancellation and permits, and finds circles.
//! 3. It has no history and no poll times; the two go well together.
//!
//! In the book: [inspect](../../../book/inspect.html).
mod label;
mod registry;
mod stuck;
mod text;
mod tree;
mod waits;

pub use label::{Labelled, label};
pub(crate) use registry::{Registered, group, semaphore};
pub use tree::{AwaitedNode, GroupNode, PermitsNode, SemaphoreNode, State, TaskNode, Tree, tree};
pub(crate) use tree::{GroupLook, TaskLook};
pub(crate) use waits::{Wait, Waiting, Waits, waiting};
