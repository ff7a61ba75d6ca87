//! Testing async code: time that a test moves, functions that a test scripts, faults on purpose, and an interruption
//! at every await.
//!
//! | | |
//! |---|---|
//! | [`explore_cancellation`] | re-runs a scenario, each time interrupted at another poll, and checks its invariants after every run |
//! | [`AsyncMock`] | an async function that does what it is told to (return, fail, take its time, hang, panic) and remembers its calls |
//! | [`Faults`] | errors, delays, hangs, panics and lost replies around real operations; the same seed makes the same ones |
//! | [`elapse`], [`wait_idle`], [`hold_time`] | let time pass, let everything else happen, let neither be mixed up |
//!
//! # Testing on a paused clock
//!
//! Everything in this workspace reads tokio's clock and sleeps by it, and a test can pause that clock:
//! `#[tokio::test(start_paused = true)]`. An hour then takes as long as what happens in it:
//!
//! ```
//! use std::time::Duration;
//! use tokio::time::{Instant, interval};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let began = Instant::now();
//! let mut minutes = interval(Duration::from_secs(60));
//! minutes.tick().await; // the first one is at once
//! for _ in 0..60 {
//!     minutes.tick().await;
//! }
//! assert_eq!(began.elapsed(), Duration::from_secs(3600)); // exactly, and some microseconds later
//! # }
//! ```
//!
//! ## How time moves
//!
//! 1. While any task can run, the clock stands still. What a test measures is what it waited for, so it may assert
//!    equality: no tolerance, and no flakes on a slow machine.
//! 2. When no task can run, the clock jumps to the next timer and fires it. This is *auto-advance*: it needs no call,
//!    and every timer on the way gets its turn, in order.
//! 3. Of timers that are due at the same instant any may come first. Where a test needs an order, it lets
//!    a millisecond lie between.
//! 4. Timers are rounded up to milliseconds: a sleep of a nanosecond ends at the next full one.
//!
//! ## To let time pass, or not
//!
//! - [`elapse`] lets time pass, and what is due by then be done. `tokio::time::advance` is seldom what a test wants:
//!   it jumps over all timers in one step, and returns before anybody has seen it.
//! - [`wait_idle`] lets everything happen that needs no time. It is for "now all of them wait in line" before
//!   the test does the next thing. A `sleep(1 ms)` in its place moves the clock, and a number of `yield_now`s is a
//!   guess.
//! - `tokio::time::timeout` of an hour around what might hang costs nothing, and makes a failure of it. Without any
//!   timer the runtime sleeps for ever, and so does the test.
//!
//! ```
//! use patterns_core::semaphore::Semaphore;
//! use patterns_core::testing::{AsyncMock, elapse, wait_idle};
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let fetch = AsyncMock::new("fetch").always("page").latency(Duration::from_secs(10));
//! let gate = Semaphore::new(3);
//! for page in 0..9 {
//!     let (fetch, gate) = (fetch.clone(), gate.clone());
//!     tokio::spawn(async move {
//!         let _permit = gate.acquire().await.expect("it is open");
//!         fetch.call(page).await
//!     });
//! }
//! wait_idle().await;
//! assert_eq!(fetch.in_flight(), 3, "never more than three at once");
//! elapse(Duration::from_secs(15)).await;
//! assert_eq!((fetch.status().finished, fetch.in_flight()), (3, 3));
//! elapse(Duration::from_secs(15)).await;
//! assert_eq!(fetch.status().finished, 9);
//! # }
//! ```
//!
//! ## What it can't do
//!
//! 1. *Several threads.* Only a runtime of the current thread can pause its clock; on a multi-threaded one `pause`
//!    panics and `start_paused` is refused. What races on threads is for a stress test or a model checker.
//! 2. *Real I/O and other threads.* The runtime can't tell a task that waits for a socket from one that waits for
//!    nothing: with all of them waiting, the clock jumps, and the timeout of an hour passes before
//!    the other side can answer. Use `tokio::io::duplex` where it will do, [`hold_time`] where it has to be a socket,
//!    and a running clock for whole servers. A `spawn_blocking` holds the clock by itself while it runs.
//! 3. *Other clocks.* `std::time::Instant` and timers not of tokio don't stop. Code that mixes them waits in
//!    earnest, or sees an hour pass in no time.
//! 4. *A task that never stops waking itself* stops time: the clock moves only when nothing can run.
//! 5. *Real timing*: how long something takes to compute, and whether it blocks the thread, is not seen.
//!
//! In the book: [testing](../../../book/testing.html).
mod clock;
mod explore;
mod faults;
mod idle;
mod interruption;
mod mock;
mod probe;
mod run;

pub use clock::{elapse, hold_time};
pub use explore::{Exploration, Explorer, explore_cancellation};
pub use faults::{Fault, FaultReport, Faults, FaultsBuilder, FaultsError, Injected, When};
pub use idle::wait_idle;
pub use interruption::Interruption;
pub use mock::{AsyncMock, MockStatus, Reply};
