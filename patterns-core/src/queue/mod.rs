//! A bounded queue of work that knows what is unfinished.
//!
//! # Why not a channel?
//!
//! A pipeline with a cycle, such as a crawl, where pages bring up more pages, asks three questions that
//! a channel leaves to its users:
//!
//! 1. *When is it done?* An empty channel is not the end: somebody may still work on the item that
//!    brings up the next thousand. [`WorkQueue::join`] counts what is unfinished, not what waits.
//! 2. *Who may block whom?* Workers that wait for room in the queue which only they empty wait for ever.
//!    [`Job::put`] never waits; what bounds it is the number of distinct keys.
//! 3. *Who checks for duplicates, and when?* Between a look into a set and a send, another worker may
//!    do the same. With [`dedupe_by`](Builder::dedupe_by) both are one step.
//!
//! # The end of a crawl
//!
//! The workers run until the queue is closed; whoever started them joins, then closes:
//!
//! ```
//! use patterns_core::queue::{GetError, WorkQueue};
//! use std::time::Duration;
//!
//! fn links(page: u32) -> Vec<u32> {
//!     vec![page, page / 2, page * 7 % 500, page * 11 % 500]
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let frontier = WorkQueue::builder(100).dedupe_by(|page: &u32| *page).build()?;
//! let workers: Vec<_> = (0..4)
//!     .map(|_| {
//!         let frontier = frontier.clone();
//!         tokio::spawn(async move {
//!             loop {
//!                 match frontier.get().await {
//!                     Ok(job) => {
//!                         tokio::time::sleep(Duration::from_millis(20)).await; // fetch
//!                         job.put_all(links(*job)).expect("nobody shuts it down before the join");
//!                         job.ack();
//!                     }
//!                     Err(GetError::Closed) => return Ok(()),
//!                     // Asked to stop, or out of time: what is left in the queue was not done.
//!                     Err(other) => return Err(other),
//!                 }
//!             }
//!         })
//!     })
//!     .collect();
//! frontier.put(1).await?;
//! frontier.join().await?;
//! frontier.close();
//! for worker in workers {
//!     worker.await??;
//! }
//! let stats = frontier.stats();
//! assert_eq!(stats.acked, stats.put);
//! assert_eq!(stats.put, stats.keys as u64);
//! # Ok(()) }
//! ```
//!
//! In the book: [queue](../../../book/queue.html).
mod acks;
mod builder;
mod error;
mod job;
mod keys;
#[cfg(test)]
mod model;
mod put;
mod shared;
mod shutdown;
mod state;
mod stats;
mod store;
mod waiting;
mod work_queue;

/// What the queue's protocol is made of: the model checker has others.
mod sync {
    pub(super) use std::sync::atomic::AtomicU64;

    pub(super) use parking_lot::Mutex;
}

pub use builder::{Builder, OnDrop, Order, Overflow};
pub use error::{BuildError, GetError, PutError};
pub use job::{Failed, Job, Unanswered};
pub use put::{Put, PutAll};
pub use shutdown::{Receipt, Shutdown};
pub use stats::Stats;
pub use work_queue::WorkQueue;
