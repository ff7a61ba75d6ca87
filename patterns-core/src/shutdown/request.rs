use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::Signal;
use super::signal;
use crate::cancel::{CancelCause, CancelKind, CancelToken};

/// A signal so soon after the first belongs to the same request.
const ECHO: Duration = Duration::from_millis(300);

/// The request to stop the program: asked for once, forced by a second signal.
///
/// The first signal, or [`trigger`](Self::trigger), cancels the [token](Self::token), with a cause that says which it
/// was ("got SIGTERM"). A second signal, or [`force`](Self::force), says that there is no more time:
/// [`run`](Self::run) then returns at once. A signal after a trigger by hand is the first signal: it takes another
/// one to force. One within 300 ms of the first is the same request: wrappers such as `timeout`, and some terminals,
/// send it to a program and to its group.
///
/// Clones are the same request. It stays asked for, and nothing takes it back.
///
/// However, asking ends nothing by itself: see [`CancelToken`]. And it does not end the process either, not even when
/// forced: `main` returns, or calls [`std::process::exit`] where a thread may be stuck, since the end of a runtime
/// waits for the blocking tasks of tokio.
///
/// # Comparison to `tokio::signal::ctrl_c`
///
/// 1. SIGTERM too; a second signal is told from the first, and an echo from both.
/// 2. It is a token with a cause: everything here that waits obeys it, without being told.
/// 3. It can be asked for by hand, and from a test, on a paused clock.
///
/// # Examples
///
/// ```
/// use patterns_core::cancel::{CancelCause, CancelKind};
/// use patterns_core::shutdown::Shutdown;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn serve(shutdown: impl Future) -> &'static str {
///     shutdown.await; // beside `accept`, in a `select!`
///     "stopped"
/// }
///
/// let shutdown = Shutdown::new();
/// let server = tokio::spawn({
///     let shutdown = shutdown.clone();
///     async move { serve(shutdown.requested()).await }
/// });
/// assert!(shutdown.trigger(CancelCause::new(CancelKind::Shutdown, "the update is installed")));
/// assert_eq!(server.await.unwrap(), "stopped");
/// assert_eq!(shutdown.requested().await.message(), "the update is installed");
/// assert!(!shutdown.is_forced());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Shutdown {
    pub(super) state: Arc<State>,
    /// `None` where there are no signals.
    _listener: Option<Arc<Listener>>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) asked: CancelToken,
    pub(super) forced: CancelToken,
    /// The first that came.
    pub(super) signal: OnceLock<Signal>,
}

impl Shutdown {
    /// One that only [`trigger`](Self::trigger) asks for. It touches no signals.
    #[must_use]
    pub fn new() -> Self {
        Self { state: Arc::default(), _listener: None }
    }

    /// One that the process's SIGINT and SIGTERM ask for; Ctrl-C, where there are no signals.
    ///
    /// From the call on these signals don't end the process any more, and that for the rest of its life: tokio
    /// never gives them back to the system, not even when all clones are dropped. Call it once, in `main`, before the
    /// work begins.
    ///
    /// # Errors
    ///
    /// If the system does not allow to handle them.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with IO enabled.
    pub fn on_signals() -> io::Result<Self> {
        Ok(Self::from_signals(signal::of_process()?))
    }

    /// One that the items of `signals` ask for: for tests, and for other sources of the same.
    ///
    /// The end of `signals` means nothing.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn from_signals(signals: impl Stream<Item = Signal> + Send + 'static) -> Self {
        let state = Arc::<State>::default();
        let listener = Listener(tokio::spawn(listen(Arc::clone(&state), signals)));
        Self { state, _listener: Some(Arc::new(listener)) }
    }

    /// Asks the program to stop, by hand. Returns whether this was the first request.
    #[allow(clippy::must_use_candidate, reason = "whoever asks seldom cares whether somebody has asked before")]
    pub fn trigger(&self, cause: CancelCause) -> bool {
        self.state.asked.cancel_with(cause)
    }

    /// Asks, and says that there is no more time. Returns whether this was the first to say so.
    #[allow(clippy::must_use_candidate, reason = "whoever forces seldom cares whether somebody has forced before")]
    pub fn force(&self, cause: CancelCause) -> bool {
        self.state.force(cause)
    }

    /// The token that the request cancels. Cancelling it is [`trigger`](Self::trigger); for less than the program,
    /// make a [child](CancelToken::child).
    #[must_use]
    pub fn token(&self) -> &CancelToken {
        &self.state.asked
    }

    /// Whether it was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.state.asked.is_cancelled()
    }

    /// Whether there is no more time.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.state.forced.is_cancelled()
    }

    /// The first signal that came, if one has.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        self.state.signal.get().copied()
    }

    /// Waits until the program is asked to stop; returns at once if it was.
    ///
    /// Like [`CancelToken::cancelled`], this is not interrupted by the ambient token or deadline.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn requested(&self) -> CancelCause {
        self.state.asked.cancelled().await
    }

    /// Waits until there is no more time; returns at once if that is so.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn forced(&self) -> CancelCause {
        self.state.forced.cancelled().await
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn force(&self, cause: CancelCause) -> bool {
        self.asked.cancel_with(cause.clone());
        self.forced.cancel_with(cause)
    }
}

/// The task that listens, owned by the clones: the last of them takes it along.
#[derive(Debug)]
struct Listener(JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(state: Arc<State>, signals: impl Stream<Item = Signal>) {
    let mut signals = pin!(signals);
    let Some(first) = signals.next().await else { return };
    let echo = Instant::now() + ECHO;
    // Before the token, so that whoever sees the request finds its signal.
    let _ = state.signal.set(first);
    state.asked.cancel_with(CancelCause::new(CancelKind::Shutdown, format!("got {first}")));
    // What comes while the thread is held up is found together with the end of that time, and before it.
    let mut is_echo = true;
    loop {
        tokio::select! {
            biased;
            next = signals.next() => match next {
                Some(_) if is_echo => {}
                Some(next) => {
                    state.force(CancelCause::new(CancelKind::Shutdown, format!("got {next} after {first}")));
                    return;
                }
                None => return,
            },
            () = sleep_until(echo), if is_echo => is_echo = false,
        }
    }
}
