use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

/// What one call of an [`AsyncMock`](super::AsyncMock) does.
///
/// # Examples
///
/// ```
/// use patterns_core::testing::{AsyncMock, Reply};
/// use std::time::Duration;
/// use tokio::sync::oneshot;
/// use tokio::time::{Instant, timeout};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let (open, opened) = oneshot::channel::<u32>();
/// let mock = AsyncMock::new("read")
///     .then(Reply::value(1).after(Duration::from_secs(5)))
///     .then(Reply::with(|offset: &u32| offset * 2))
///     .then(Reply::future(async { opened.await.expect("the test opens it") }))
///     .then(Reply::pending());
///
/// let began = Instant::now();
/// assert_eq!(mock.call(10).await, 1);
/// assert_eq!(began.elapsed(), Duration::from_secs(5));
/// assert_eq!(mock.call(11).await, 22);
///
/// let third = tokio::spawn(mock.call(12));
/// mock.called(3).await.expect("nobody interrupts");
/// open.send(7).expect("it waits");
/// assert_eq!(third.await.unwrap(), 7);
///
/// assert!(timeout(Duration::from_secs(3600), mock.call(13)).await.is_err());
/// # }
/// ```
#[must_use = "a reply does nothing until a mock gives it"]
pub struct Reply<Args, Out> {
    pub(super) delay: Duration,
    pub(super) act: Act<Args, Out>,
}

pub(super) enum Act<Args, Out> {
    Value(Out),
    With(Box<dyn FnOnce(&Args) -> Out + Send>),
    Future(Pin<Box<dyn Future<Output = Out> + Send>>),
    Pending,
    Panic(Cow<'static, str>),
}

impl<Args, Out> Reply<Args, Out> {
    fn now(act: Act<Args, Out>) -> Self {
        Self { delay: Duration::ZERO, act }
    }

    /// Returns this: a value, or an error where the mocked function returns a `Result`.
    pub fn value(value: Out) -> Self {
        Self::now(Act::Value(value))
    }

    /// Returns what `f` makes of the arguments, once the delay is over. A panic in `f` is the call's.
    pub fn with(f: impl FnOnce(&Args) -> Out + Send + 'static) -> Self {
        Self::now(Act::With(Box::new(f)))
    }

    /// Returns what `fut` returns, and so may wait for something that the test decides on. Begins after the delay.
    pub fn future(fut: impl Future<Output = Out> + Send + 'static) -> Self {
        Self::now(Act::Future(Box::pin(fut)))
    }

    /// Never returns. The call is in flight until its future is dropped.
    pub fn pending() -> Self {
        Self::now(Act::Pending)
    }

    /// Panics with this message.
    pub fn panic(message: impl Into<Cow<'static, str>>) -> Self {
        Self::now(Act::Panic(message.into()))
    }

    /// Lets this much time pass before. Instead of a delay given earlier, and on top of the mock's
    /// [`latency`](super::AsyncMock::latency).
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

impl<Args, Out> fmt::Debug for Reply<Args, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let act = match &self.act {
            Act::Value(_) => "value",
            Act::With(_) => "with",
            Act::Future(_) => "future",
            Act::Pending => "pending",
            Act::Panic(_) => "panic",
        };
        f.debug_struct("Reply").field("act", &act).field("delay", &self.delay).finish()
    }
}
