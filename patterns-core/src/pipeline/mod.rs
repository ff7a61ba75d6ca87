//! Items through stages that work at the same time, with backpressure from end to end.
//!
//! # How much is inside
//!
//! Between two stages lies a belt with room for a [fixed number](Pipeline::buffer) of items. A worker takes one item
//! and holds it until there is room for its result, so at most
//!
//! ```text
//! parallelism of every stage + room of every belt + 1 in the sink
//! ```
//!
//! items are inside, and the source gives one only when there is room for it. An ordered stage needs no
//! buffer on top: a result that is too early stays with its worker until the one before has been passed on.
//!
//! # Why it never stands still
//!
//! Items leave a belt in their order, so the oldest item of an ordered stage waits for nobody in its stage, only for
//! room behind it; the last belt is emptied by the sink. Every worker is a task, so none of them is held up by
//! another one that nobody polls.
//!
//! # How it ends
//!
//! - The source ends: each stage ends when the one before has, and all of its items are through.
//! - An item fails or panics: the stages are told to stop. Those behind the failed one never see an end, so
//!   none of them takes what it got so far for the whole.
//! - A stage of [`through`](Pipeline::through) has enough: the stages before it stop, those behind it finish.
//! - The context is cancelled: the stages are told to stop.
//!
//! In each case the [report](PipelineReport) says where every item was.
//!
//! # Examples
//!
//! A large file in chunks, of which two are in the works and a few wait, whatever its size:
//!
//! ```
//! use futures_util::stream::{self, Stream};
//! use patterns_core::pipeline::{Pipeline, PipelineError, utf8};
//! use std::convert::Infallible;
//! use tokio::io::{AsyncRead, AsyncReadExt};
//!
//! fn chunks(file: impl AsyncRead + Unpin + Send + 'static) -> impl Stream<Item = std::io::Result<Vec<u8>>> {
//!     stream::try_unfold(file, |mut file| async {
//!         let mut chunk = vec![0; 5];
//!         let read = file.read(&mut chunk).await?;
//!         chunk.truncate(read);
//!         Ok::<_, std::io::Error>((read > 0).then_some((chunk, file)))
//!     })
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), PipelineError> {
//! let mut text = String::new();
//! let report = Pipeline::from_try_stream("shout", chunks("überall gleich schön".as_bytes()))
//!     .through("utf8", utf8)
//!     .stage("upper", 2, async |text: String| Ok::<_, Infallible>(text.to_uppercase()))
//!     .for_each(async |part| {
//!         text.push_str(&part);
//!         Ok::<_, Infallible>(())
//!     })
//!     .await?;
//! assert_eq!(text, "ÜBERALL GLEICH SCHÖN");
//! assert_eq!(report.entered(), 5);
//! # Ok(()) }
//! ```
//!
//! In the book: [pipeline](../../../book/pipeline.html).
mod belt;
mod builder;
mod error;
mod report;
mod run;
mod source;
mod stage;
mod utf8;

pub use belt::Intake;
pub use builder::Pipeline;
pub use error::{PipelineError, StageError};
pub use report::{Monitor, PipelineReport, StageReport};
pub use utf8::{NotUtf8, Utf8, Utf8Decoder, utf8};
