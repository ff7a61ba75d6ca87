//! Items one after the other, with the wait where it belongs.
//!
//! | | |
//! |---|---|
//! | [`generator`] | a stream from code that emits; however the consumer stops, the producer is waited for |
//! | [`paginate`] | the items of many pages, by number, cursor or [Link header](next_link) |
//! | [`batch`](FlowExt::batch), [`try_batch`](FlowExt::try_batch) | gathered by number and by time |
//! | [`prefetch`](FlowExt::prefetch) | read ahead in a task of its own, by so much and no more |
//! | [`pump`] | into a writer, as fast as the other side reads |
//!
//! All of them are a plain [`Stream`], for `futures_util::StreamExt` and whatever else takes one.
//! A [`pipeline`](crate::pipeline) is for work on the items, in parallel.
//!
//! # Who may wait for whom
//!
//! A stream does nothing unless somebody waits for its next item, so a slow consumer slows the source: no buffer
//! grows. Memory is bounded by what each says: `generator` one item, `paginate` a page, `batch` a batch,
//! `prefetch` what it may be ahead, `pump` a chunk.
//!
//! # Deadlines and cancellation
//!
//! `next` has no way to say that it was interrupted, so a stream obeys the context at its source:
//! `generator`, `paginate` and `prefetch` keep the context in which they were made, and an interruption is
//! an item with an error. A consumer that must not wait for a source that is deaf to all that says so itself, and
//! loses nothing by it: `context::interruptible(stream.next()).await?`.
//!
//! # Examples
//!
//! A producer of pages, a page ahead of the inserts, a hundred rows to each:
//!
//! ```
//! use futures_util::StreamExt;
//! use patterns_core::stream::{FlowExt, Page, paginate};
//! use std::time::Duration;
//! use tokio::time::{Instant, sleep};
//!
//! async fn fetch(page: u64) -> std::io::Result<Vec<u64>> {
//!     sleep(Duration::from_secs(1)).await;
//!     Ok((page * 100..page * 100 + if page < 3 { 100 } else { 42 }).collect())
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let rows = paginate(0, async |page| Ok::<_, std::io::Error>(Page::numbered(fetch(page).await?, page, 100)));
//! let mut batches = rows.prefetch(100).try_batch(100, Duration::from_secs(5));
//! let (start, mut rows) = (Instant::now(), 0);
//! while let Some(batch) = batches.next().await {
//!     let batch = batch?;
//!     sleep(Duration::from_secs(1)).await; // insert
//!     rows += batch.len();
//! }
//! assert_eq!(rows, 342);
//! assert_eq!(start.elapsed(), Duration::from_secs(5), "four pages, and the last insert");
//! # Ok(()) }
//! ```
//!
//! In the book: [stream](../../../book/stream.html).
mod batch;
mod error;
mod ext;
mod generator;
mod hand;
mod link;
mod paginate;
mod prefetch;
mod pump;
mod wind_down;
mod yielder;

pub use batch::{Batch, TryBatch};
pub use error::{CloseError, Stopped};
pub use ext::FlowExt;
pub use futures_util::Stream;
pub use generator::{Generator, generator};
pub use link::next_link;
pub use paginate::{Page, Paginate, PaginateError, paginate};
pub use prefetch::Prefetch;
pub use pump::{Pump, PumpError, Pumped, pump};
pub use yielder::Yielder;
