//! Several futures side by side inside one task, free to borrow from it.
//!
//! | | ends | a failure | gives |
//! |---|---|---|---|
//! | [`gather`] | with the last | is a value like any other | `Vec<T>` |
//! | [`try_gather`] | with the last, or the first error | drops the siblings | `Result<Vec<T>, GatherError<E>>` |
//! | [`gather_settled`] | with the last | leaves the siblings alone; so does a panic | `Vec<Outcome<T, E>>` |
//! | [`race`] | with the first | is a value like any other | `(T, usize)` |
//! | [`race_ok`] | with the first success | leaves the siblings alone | `Result<(T, usize), AllFailed<E>>` |
//! | [`map_concurrent`] | with the last item | is a value like any other | `Vec<T>` |
//! | [`try_map_concurrent`] | with the last item, or an error | drops the others | `Result<Vec<T>, GatherError<E>>` |
//!
//! Results are in the order of the input. [`map_stream`] and [`try_map_stream`] take their input from a stream.
//!
//! # Why not spawn?
//!
//! Nothing is spawned, so nothing needs to be `'static` or `Send`, nothing can outlive the call, and there is
//! nothing to clean up. However, the parts share one task: they wait side by side, but compute one after
//! another, and they stand still while the task doesn't poll them. For parallel work, and for work that has to
//! clean up asynchronously when it is cut short, use a [`TaskGroup`](crate::task_group::TaskGroup).
//!
//! # Futures of different types
//!
//! `tokio::join!` and `tokio::try_join!` take a fixed number of futures of any types, and need no allocation:
//!
//! ```
//! use std::time::Duration;
//! use tokio::time::{Instant, sleep};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! async fn user(id: &u32) -> String {
//!     sleep(Duration::from_millis(500)).await;
//!     format!("user {id}")
//! }
//! async fn posts(id: &u32) -> Vec<u32> {
//!     sleep(Duration::from_millis(500)).await;
//!     vec![id * 10]
//! }
//! let (id, start) = (7, Instant::now());
//! let (user, posts) = tokio::join!(user(&id), posts(&id));
//! assert_eq!((user.as_str(), posts), ("user 7", vec![70]));
//! assert_eq!(start.elapsed(), Duration::from_millis(500));
//! # }
//! ```
//!
//! # Cancellation and deadlines
//!
//! The ambient token and deadline reach every part, as they belong to the task. So what a part awaits
//! [interruptibly](crate::context::interruptible) ends early with an error, and the part with it, after its
//! cleanup; a part that awaits anything else goes on, and the whole waits for it. To give all of them up at once,
//! dropped where they await, put the whole into [`interruptible`](crate::context::interruptible).
//!
//! ```
//! use patterns_core::cancel::CancelToken;
//! use patterns_core::context::{self, Context, interruptible};
//! use patterns_core::gather::gather;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let token = CancelToken::new();
//! token.cancel("enough");
//! Context::current().with_token(token).scope(async {
//!     // Each part is told, and says so.
//!     let slept = gather([context::sleep(Duration::from_secs(60)), context::sleep(Duration::from_secs(90))]).await;
//!     assert!(slept.iter().all(Result::is_err));
//!     // These don't listen: the whole is given up.
//!     let deaf = gather([tokio::time::sleep(Duration::from_secs(60))]);
//!     assert!(interruptible(deaf).await.is_err());
//! }).await;
//! # }
//! ```
//!
//! # Cost
//!
//! An allocation per part; a wake-up polls the parts that were woken and no others. When the task's
//! [budget](tokio::task::coop) is used up, the rest is left for the next turn, unpolled. Joins that don't look
//! at the budget poll every finished `JoinHandle` in vain until then, which makes them quadratic.
//!
//! In the book: [gather](../../../book/gather.html).
mod all;
mod error;
mod feed;
mod map;
mod parts;
mod race;
mod settled;
mod try_all;

pub use all::{Gather, gather};
pub use error::{AllFailed, GatherError};
pub use map::{MapConcurrent, TryMapConcurrent, map_concurrent, map_stream, try_map_concurrent, try_map_stream};
pub(crate) use parts::Parts;
pub use race::{Race, RaceOk, race, race_ok};
pub use settled::{GatherSettled, gather_settled};
pub use try_all::{TryGather, try_gather};
