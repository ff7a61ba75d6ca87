use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{advance, sleep};

use super::wait_idle;

/// Lets `duration` of virtual time pass: whatever is due by then happens, each thing at its own time, and is over
/// when this returns.
///
/// Timers are rounded up to milliseconds, as all of tokio's are.
///
/// # Comparison to `tokio::time::advance`
///
/// 1. `advance` jumps in one step: of a task that ticks every second it makes one that ticks once, late. Here the
///    clock stops at each timer on the way.
/// 2. `advance` returns before those that it woke have run. Here they have, and whoever they woke
///    ([`wait_idle`]).
///
/// A plain `sleep` also stops at each timer. However, what is due at the very instant at which it ends may come after
/// it.
///
/// # Panics
///
/// Where the clock is not paused, and where [`wait_idle`] does.
///
/// # Cancel safety
///
/// Cancel safe: time that has passed has passed.
///
/// # Examples
///
/// ```
/// use patterns_core::testing::elapse;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let ticks = Arc::new(AtomicU32::new(0));
/// tokio::spawn({
///     let ticks = Arc::clone(&ticks);
///     async move {
///         loop {
///             sleep(Duration::from_secs(1)).await;
///             ticks.fetch_add(1, SeqCst);
///         }
///     }
/// });
/// elapse(Duration::from_secs(3600)).await;
/// assert_eq!(ticks.load(SeqCst), 3600);
/// # }
/// ```
pub async fn elapse(duration: Duration) {
    // Refuses a clock that runs. It also lets what was just spawned begin at this instant.
    advance(Duration::ZERO).await;
    sleep(duration).await;
    wait_idle().await;
}

/// Runs `fut` while a paused clock stays where it is, however long the runtime has nothing to do.
///
/// For real I/O on a paused clock: where all tasks wait for a socket or another thread, the clock jumps to the next
/// timer, and timeouts pass that would have been far away. In here they don't.
///
/// However, nothing in `fut`, and no other task meanwhile, can wait for time to pass: that hangs. On a running clock
/// this changes nothing.
///
/// # Panics
///
/// Outside of a tokio runtime.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping this drops `fut` and lets go of the clock.
///
/// # Examples
///
/// ```
/// use patterns_core::testing::hold_time;
/// use std::time::Duration;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use tokio::net::{TcpListener, TcpStream};
/// use tokio::time::{Instant, timeout};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> std::io::Result<()> {
/// let began = Instant::now();
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// tokio::spawn(async move {
///     let (mut socket, _) = listener.accept().await?;
///     socket.write_all(b"hello").await
/// });
/// let hello = hold_time(timeout(Duration::from_secs(1), async {
///     let mut text = String::new();
///     TcpStream::connect(address).await?.read_to_string(&mut text).await?;
///     Ok::<_, std::io::Error>(text)
/// }));
/// assert_eq!(hello.await.expect("a second is long")?, "hello");
/// assert_eq!(began.elapsed(), Duration::ZERO);
/// # Ok(()) }
/// ```
pub async fn hold_time<F: Future>(fut: F) -> F::Output {
    // Nothing is ever sent: a blocking thread waits for the sender to go, and tokio's clock for the thread.
    let (held, released) = sync_channel::<()>(1);
    let holding = spawn_blocking(move || {
        let _ = released.recv();
    });
    let output = fut.await;
    drop(held);
    // It doesn't panic, and is not started only where the runtime shuts down.
    drop(holding.await);
    output
}
