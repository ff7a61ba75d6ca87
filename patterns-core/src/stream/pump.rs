use std::fmt;
use std::io;

use futures_util::{Stream, StreamExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::context::{Interrupt, interruptible};

/// Writes what `source` gives to `writer`, no faster than the other side reads it, and flushes at its end;
/// returns how much that was.
///
/// A chunk is taken from the source only when the one before has been written whole, so that a slow reader slows the
/// source, and one chunk is all that is in memory. To let the source run ahead,
/// [`prefetch`](super::FlowExt::prefetch) it by a number of chunks. This is [`Pump`] run to its end; use that
/// where the transfer must survive a timeout.
///
/// `writer` may be a `&mut` of one. It is not shut down.
///
/// # Comparison to Python's `writer.write(..)` and `await writer.drain()`
///
/// There is no drain to forget: nothing is buffered here.
///
/// # Errors
///
/// - [`PumpError::Reset`]: the other side closed or reset the connection.
/// - [`PumpError::Write`]: writing failed otherwise.
/// - [`PumpError::Read`]: the source gave an error. What came before it has been written, but not flushed.
/// - [`PumpError::Interrupted`]: the ambient token was cancelled, or the ambient deadline passed.
///
/// # Cancel safety
///
/// Not cancel safe: what the source gave and how much of it was written is lost; use [`Pump::run`].
///
/// # Examples
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use patterns_core::stream::{PumpError, pump};
/// use std::convert::Infallible;
/// use tokio::io::{AsyncReadExt, duplex};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), PumpError<Infallible>> {
/// let chunks = || stream::iter(["hello ", "world"]).map(Ok::<_, Infallible>);
/// let (mut ours, mut theirs) = duplex(4);
/// let read = tokio::spawn(async move {
///     let mut text = String::new();
///     theirs.read_to_string(&mut text).await?;
///     Ok::<_, std::io::Error>(text)
/// });
/// let pumped = pump(chunks(), &mut ours).await?;
/// assert_eq!((pumped.chunks, pumped.bytes), (2, 11));
/// drop(ours);
/// assert_eq!(read.await.unwrap().unwrap(), "hello world");
///
/// let (ours, theirs) = duplex(4);
/// drop(theirs);
/// assert!(pump(chunks(), ours).await.unwrap_err().is_reset());
/// # Ok(()) }
/// ```
pub async fn pump<S, B, E, W>(source: S, writer: W) -> Result<Pumped, PumpError<E>>
where
    S: Stream<Item = Result<B, E>> + Unpin,
    B: AsRef<[u8]>,
    W: AsyncWrite + Unpin,
{
    Pump::new(source, writer).run().await
}

/// How much a [`Pump`] has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pumped {
    /// Chunks that were written whole.
    pub chunks: u64,
    /// Bytes that the writer took.
    pub bytes: u64,
}

/// [`pump`] as a value: a transfer that can be interrupted and goes on where it was.
///
/// # Examples
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use patterns_core::cancel::timeout;
/// use patterns_core::stream::Pump;
/// use std::convert::Infallible;
/// use std::time::Duration;
/// use tokio::io::{AsyncReadExt, duplex};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let (ours, mut theirs) = duplex(4);
/// let mut pump = Pump::new(stream::iter(["hello world"]).map(Ok::<_, Infallible>), ours);
///
/// assert!(timeout(Duration::from_secs(1), pump.run()).await.is_err(), "nobody reads");
/// assert_eq!(pump.pumped().bytes, 4);
///
/// let mut text = [0; 11];
/// let (pumped, read) = tokio::join!(pump.run(), theirs.read_exact(&mut text));
/// assert_eq!(pumped?.bytes, 11);
/// read?;
/// assert_eq!(&text, b"hello world");
/// # Ok(()) }
/// ```
#[must_use = "nothing is moved until it is run"]
pub struct Pump<S, B, W> {
    source: S,
    writer: W,
    /// What is being written, and how much of it has been.
    chunk: Option<(B, usize)>,
    ended: bool,
    pumped: Pumped,
}

impl<S, B, E, W> Pump<S, B, W>
where
    S: Stream<Item = Result<B, E>> + Unpin,
    B: AsRef<[u8]>,
    W: AsyncWrite + Unpin,
{
    /// A pump from `source` to `writer` that has moved nothing yet.
    pub fn new(source: S, writer: W) -> Self {
        Self { source, writer, chunk: None, ended: false, pumped: Pumped::default() }
    }

    /// Moves everything that is left, and flushes; returns how much was moved in all.
    ///
    /// After an error it may be called again, where the source and the writer allow that.
    ///
    /// # Errors
    ///
    /// As [`pump`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped and called again, it goes on with the very next byte, if the writer's `write`
    /// is cancel safe, as those of tokio are.
    pub async fn run(&mut self) -> Result<Pumped, PumpError<E>> {
        match interruptible(self.drive()).await {
            Ok(driven) => driven.map(|()| self.pumped),
            Err(interrupt) => Err(PumpError::Interrupted(interrupt)),
        }
    }

    async fn drive(&mut self) -> Result<(), PumpError<E>> {
        loop {
            if let Some((chunk, written)) = &mut self.chunk {
                let rest = &AsRef::<[u8]>::as_ref(&*chunk)[*written..];
                if !rest.is_empty() {
                    let taken = self.writer.write(rest).await.map_err(PumpError::<E>::from_write)?;
                    if taken == 0 {
                        return Err(PumpError::Write(io::ErrorKind::WriteZero.into()));
                    }
                    *written += taken;
                    self.pumped.bytes += taken as u64;
                    continue;
                }
                self.chunk = None;
                self.pumped.chunks += 1;
            }
            if self.ended {
                return self.writer.flush().await.map_err(PumpError::from_write);
            }
            match self.source.next().await {
                Some(Ok(chunk)) => self.chunk = Some((chunk, 0)),
                Some(Err(error)) => return Err(PumpError::Read(error)),
                None => self.ended = true,
            }
        }
    }
}

impl<S, B, W> Pump<S, B, W> {
    /// How much was moved so far.
    #[must_use]
    pub fn pumped(&self) -> Pumped {
        self.pumped
    }

    /// The source and the writer. Of a chunk that was not written whole the rest is lost.
    #[must_use]
    pub fn into_inner(self) -> (S, W) {
        (self.source, self.writer)
    }
}

impl<S, B, W> fmt::Debug for Pump<S, B, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump").field("pumped", &self.pumped).field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// Why not everything was moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PumpError<E> {
    /// The other side closed or reset the connection: nobody reads any more.
    #[error("the other side reset the connection: {0}")]
    Reset(#[source] io::Error),
    /// Writing failed otherwise.
    #[error("writing failed: {0}")]
    Write(#[source] io::Error),
    /// The source gave an error.
    #[error("the source failed")]
    Read(#[source] E),
    /// The ambient token was cancelled, or the ambient deadline passed.
    #[error("interrupted while writing")]
    Interrupted(#[source] Interrupt),
}

impl<E> PumpError<E> {
    fn from_write(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
        match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected => Self::Reset(error),
            _ => Self::Write(error),
        }
    }

    /// Whether the other side closed or reset the connection.
    #[must_use]
    pub fn is_reset(&self) -> bool {
        matches!(self, Self::Reset(_))
    }

    /// Whether it was interrupted.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }
}
