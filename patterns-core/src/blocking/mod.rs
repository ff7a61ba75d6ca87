//! Blocking and CPU work on threads of its own, off the loop.
//!
//! # Why not `spawn_blocking`?
//!
//! Code that doesn't await holds up every task of its loop, and no timeout can end it. So it belongs on
//! another thread, and tokio has [some](tokio::task::spawn_blocking) for that. Under load they ask
//! questions that they leave open:
//!
//! 1. *How many at once?* Up to 512 threads, however many cores there are. A [`BlockingPool`] has as many as it
//!    was given.
//! 2. *How many wait?* Any number, so an overload ends in memory. Here as many as there are places; beyond
//!    that [`run`](BlockingPool::run) waits, and [`try_submit`](BlockingPool::try_submit) gives the closure back.
//! 3. *What of work that nobody wants any more?* There it runs all the same, and nothing tells it. Here it never
//!    starts once its deadline has passed or its caller has gone; one that runs
//!    [can look](JobContext::is_cancelled); and one that doesn't look is [counted and named](Status::running).
//! 4. *What of a thread that never comes back?* There the end of the runtime waits for it without end. Here
//!    [`shutdown`](BlockingPool::shutdown) has a limit, and names it.
//!
//! # On a paused clock
//!
//! A job takes no virtual time. And tokio advances a [paused clock](tokio::time::pause) whenever its runtime has
//! nothing to do, though a thread of this pool may be at work: a `timeout` around a job may fire at once. A test
//! holds the clock by a blocking task of the runtime itself, for as long as threads are to work:
//!
//! ```
//! use patterns_core::blocking::BlockingPool;
//! use patterns_core::cancel::timeout;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let pool = BlockingPool::builder().threads(1).build()?;
//! let (let_go, held) = std::sync::mpsc::channel::<()>();
//! drop(tokio::task::spawn_blocking(move || held.recv()));
//!
//! let sum = timeout(Duration::from_secs(1), pool.run(|_| (1..=1_000_u32).sum::<u32>())).await??;
//! assert_eq!(sum, 500_500);
//! drop(let_go);
//! # Ok(()) }
//! ```
//!
//! In the book: [blocking](../../../book/blocking.html).
mod builder;
mod error;
mod handle;
mod job;
mod job_context;
mod pool;
mod shared;
mod shutdown;
mod state;
mod status;

pub use builder::Builder;
pub use error::{BlockingError, BuildError, SubmitError};
pub use handle::JobHandle;
pub use job_context::JobContext;
pub use pool::BlockingPool;
pub use shutdown::Receipt;
pub use status::{RunningJob, Status};
