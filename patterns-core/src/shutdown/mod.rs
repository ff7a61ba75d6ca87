//! Stopping a program so that nothing in flight is lost, and within a limit.
//!
//! [`Shutdown`] is the request to stop, from a signal or by hand: a cause that cancels a token. The first request
//! asks; a second signal forces. [`Shutdown::run`] runs the program's main future under it, and reports what was left.
//!
//! # Who touches signals
//!
//! Nobody in this crate but [`Shutdown::on_signals`], and that only when it is called: `main` calls it, and passes a
//! clone, a [token](Shutdown::token) or [`requested()`](Shutdown::requested) to whoever needs one.
//! [`Shutdown::new`] and [`Shutdown::from_signals`] give the same without any, for tests and for programs that are
//! parts of others.
//!
//! # What the main future does when asked
//!
//! Its waits [end](crate::context::interruptible), as the ambient token is cancelled, and it returns. What must still
//! be done it does under a [`shield`](crate::cancel::shield) with a limit of its own:
//!
//! ```
//! use patterns_core::cancel::shield;
//! use patterns_core::context::Context;
//! use patterns_core::queue::{self, WorkQueue};
//! use patterns_core::shutdown::{Shutdown, Signal};
//! use std::time::Duration;
//! use tokio::time::{Instant, sleep};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let signals = futures_util::stream::once(async {
//!     sleep(Duration::from_millis(2_500)).await;
//!     Signal::Terminate
//! });
//! let shutdown = Shutdown::from_signals(signals);
//! let queue = WorkQueue::bounded(100);
//! for n in 0..20 {
//!     queue.put(n).await?;
//! }
//! let report = shutdown.run(Duration::from_secs(10), async {
//!     let worker = async {
//!         while let Ok(job) = queue.get().await {
//!             sleep(Duration::from_secs(1)).await; // the work; not `context::sleep`, so it is finished
//!             job.ack();
//!         }
//!     };
//!     let stop = async {
//!         Context::current().token().cancelled().await;
//!         let queue = queue.clone();
//!         let end = queue::Shutdown::Deadline(Instant::now() + Duration::from_secs(2));
//!         shield(Duration::from_secs(5), async move { queue.shutdown(end).await }).await
//!     };
//!     let ((), receipt) = tokio::join!(worker, stop);
//!     receipt
//! }).await;
//!
//! let receipt = report.value.as_ref().unwrap().as_ref().unwrap();
//! assert_eq!((receipt.acked, receipt.in_flight, receipt.handed_back.len()), (4, 1, 15));
//! assert_eq!(queue.stats().acked, 5); // what was in flight then was finished too
//! assert_eq!(report.exit_code(), 0);
//! # Ok(()) }
//! ```
//!
//! In the book: [shutdown](../../../book/shutdown.html).
mod report;
mod request;
mod run;
mod signal;

pub use report::ShutdownReport;
pub use request::Shutdown;
pub use signal::Signal;
