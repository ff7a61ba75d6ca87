use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};

use futures_util::{StreamExt, stream};
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::stream::{Pump, PumpError, Stream, pump};
use tokio::io::{AsyncReadExt, AsyncWrite, duplex};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::support::{polled, secs};

/// Chunks of 16 bytes without end, and how many were taken.
fn counted() -> (impl Stream<Item = Result<[u8; 16], Infallible>> + Send + Unpin + 'static, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let chunks = stream::repeat(()).map(move |()| {
        counter.fetch_add(1, SeqCst);
        Ok([7; 16])
    });
    (chunks, taken)
}

fn texts<const N: usize>(texts: [&'static str; N]) -> impl Stream<Item = Result<&'static str, Infallible>> + Unpin {
    stream::iter(texts).map(Ok)
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_slows_the_source_and_one_chunk_is_all_that_is_in_memory() {
    let (chunks, taken) = counted();
    let (ours, mut theirs) = duplex(64);
    let pumping = tokio::spawn(async move { pump(chunks, ours).await });
    sleep(secs(1)).await;
    assert_eq!(taken.load(SeqCst), 5, "four fill the pipe, and the fifth waits");
    let mut chunk = [0; 16];
    for read in 1..=100 {
        theirs.read_exact(&mut chunk).await.unwrap();
        sleep(secs(1)).await;
        assert_eq!(taken.load(SeqCst), 5 + read);
    }
    drop(theirs);
    assert!(pumping.await.unwrap().unwrap_err().is_reset());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_reset_while_it_waits_is_a_typed_error() {
    let (ours, theirs) = duplex(4);
    let mut pump = Pump::new(texts(["hello world"]), ours);
    let (result, ()) = tokio::join!(pump.run(), async {
        sleep(secs(1)).await;
        drop(theirs);
    });
    let Err(PumpError::Reset(error)) = result else { panic!("it was reset") };
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!((pump.pumped().chunks, pump.pumped().bytes), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_source_comes_after_what_came_before_it() {
    let (ours, mut theirs) = duplex(64);
    let chunks = stream::iter([Ok("one"), Err(io::Error::other("disk is gone")), Ok("two")]);
    let mut pump = Pump::new(chunks, ours);
    let Err(PumpError::Read(error)) = pump.run().await else { panic!("the source failed") };
    assert_eq!(error.to_string(), "disk is gone");
    let mut read = [0; 3];
    theirs.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"one");

    // A source that can go on may.
    assert_eq!(pump.run().await.unwrap().chunks, 2);
    theirs.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"two");
}

#[tokio::test(start_paused = true)]
async fn cancelled_it_says_so_and_goes_on_where_it_was() {
    let (ours, mut theirs) = duplex(4);
    let mut pump = Pump::new(texts(["hello ", "world"]), ours);
    let token = CancelToken::new();
    let context = patterns_core::context::Context::current().with_token(token.clone());
    let (result, ()) = tokio::join!(context.scope(pump.run()), async {
        sleep(secs(1)).await;
        token.cancel("enough");
    });
    assert!(result.unwrap_err().is_interrupted());

    let mut text = [0; 11];
    let (result, read) = tokio::join!(pump.run(), theirs.read_exact(&mut text));
    read.unwrap();
    assert_eq!((result.unwrap().bytes, &text), (11, b"hello world"));
}

#[tokio::test(start_paused = true)]
async fn dropped_at_every_poll_it_neither_loses_nor_doubles_a_byte() {
    let (ours, mut theirs) = duplex(3);
    let chunks = texts(["Who", " ", "", "goes slowly", "", ", goes safely; who goes safely", ", goes far."]).then(
        async |chunk| {
            yield_now().await;
            chunk
        },
    );
    let mut pump = Pump::new(Box::pin(chunks), ours);
    let mut read = Vec::new();
    let pumped = loop {
        if let Some(result) = polled(1, pump.run()).await {
            break result.unwrap();
        }
        let mut part = [0; 2];
        if let Ok(Ok(some)) = timeout(secs(0), theirs.read(&mut part)).await {
            read.extend_from_slice(&part[..some]);
        }
        yield_now().await;
    };
    drop(pump);
    theirs.read_to_end(&mut read).await.unwrap();
    assert_eq!(String::from_utf8(read).unwrap(), "Who goes slowly, goes safely; who goes safely, goes far.");
    assert_eq!((pumped.chunks, pumped.bytes), (7, 56));
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_a_flush_and_without_a_shutdown() {
    let mut writer = tokio::io::BufWriter::new(Vec::new());
    pump(texts(["a", "b"]), &mut writer).await.unwrap();
    assert_eq!(writer.get_ref(), b"ab");
    pump(texts(["c"]), &mut writer).await.unwrap();
    assert_eq!(writer.into_inner(), b"abc");
}

/// A writer that takes nothing, or fails.
struct Broken(Option<io::ErrorKind>);

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.0.map_or(Ok(0), |kind| Err(kind.into())))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_ways_in_which_writing_fails_are_told_apart() {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, StorageFull};
    for kind in [BrokenPipe, ConnectionAborted, ConnectionReset] {
        assert!(pump(texts(["a"]), Broken(Some(kind))).await.unwrap_err().is_reset(), "{kind}");
    }
    for (kind, expected) in [(Some(StorageFull), StorageFull), (None, io::ErrorKind::WriteZero)] {
        let error = pump(texts(["a"]), Broken(kind)).await.unwrap_err();
        assert!(matches!(error, PumpError::Write(error) if error.kind() == expected));
    }
}
