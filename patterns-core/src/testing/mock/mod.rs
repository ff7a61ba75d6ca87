use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;

mod asserts;
mod reply;
mod state;

use reply::Act;
pub use reply::Reply;
pub use state::MockStatus;
use state::{Next, Running, Shared, State};

use crate::outcome::catch_panics;

/// An async function that does what a test tells it to, and remembers how it was called. Clones are the same one.
///
/// A call takes the next [`Reply`] of the script, or where that is used up, what the default makes; without a default
/// it panics. It begins when its future is first polled, as any async function does: a future that nobody polls is no
/// call. A function of several arguments takes a tuple, one without any takes `()`.
///
/// It stands for code that is not of this workspace, so it does not look at the ambient token or deadline: whoever
/// calls it has to, and dropping its future is all that ends a call that hangs.
///
/// However, it keeps the arguments of every call until the last clone is gone.
///
/// # Comparison to Python's `unittest.mock.AsyncMock`
///
/// | there | here |
/// |---|---|
/// | `return_value=x` | [`always(x)`](Self::always) |
/// | `side_effect=[a, b]` | [`results([a, b])`](Self::results) |
/// | `side_effect=function` | [`returns_with(function)`](Self::returns_with) |
/// | `side_effect=SomeError` | `always(Err(..))`: an error is a value; [`Reply::panic`] is the other kind |
/// | `await_count` | [`call_count`](Self::call_count) |
/// | `await_args_list` | [`calls`](Self::calls), and [`times`](Self::times) |
/// | `assert_awaited_once`, `assert_not_awaited` | [`assert_called_once`](Self::assert_called_once), [`assert_not_called`](Self::assert_not_called) |
/// | `assert_awaited_with`, `assert_awaited_once_with` | [`assert_called_with`](Self::assert_called_with), [`assert_called_once_with`](Self::assert_called_once_with) |
/// | `assert_any_await` | [`assert_any_call`](Self::assert_any_call) |
/// | `StopAsyncIteration` once the list is used up | a panic that names the mock and the call |
/// | - | [`Reply::pending`], [`Reply::after`], [`Reply::future`] |
/// | - | [`in_flight`](Self::in_flight), [`cancelled`](Self::cancelled), [`called`](Self::called) |
///
/// # Comparison to `mockall`
///
/// Its expectations of async functions are ready at once: no delay, no call that hangs, nothing to cancel. It mocks
/// traits by macro; this is one function, and a fake that implements a trait has one for each method.
///
/// # Examples
///
/// ```
/// use patterns_core::testing::{AsyncMock, Reply};
/// use std::time::Duration;
/// use tokio::time::timeout;
///
/// // What is tested takes any async function.
/// async fn greet(name_of: impl AsyncFn(u32) -> Result<String, String>) -> String {
///     match timeout(Duration::from_secs(1), name_of(7)).await {
///         Ok(Ok(name)) => format!("hello {name}"),
///         Ok(Err(error)) => format!("sorry, {error}"),
///         Err(_) => "sorry, too slow".to_owned(),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let name_of = AsyncMock::new("name_of")
///     .returns(Ok("Ada".to_owned()))
///     .returns(Err("unknown".to_owned()))
///     .then(Reply::pending());
/// assert_eq!(greet(async |id| name_of.call(id).await).await, "hello Ada");
/// assert_eq!(greet(async |id| name_of.call(id).await).await, "sorry, unknown");
/// assert_eq!(greet(async |id| name_of.call(id).await).await, "sorry, too slow");
///
/// name_of.assert_called_times(3);
/// name_of.assert_called_with(&7);
/// assert_eq!((name_of.status().finished, name_of.cancelled()), (2, 1));
///
/// let fourth = tokio::spawn(name_of.call(8));
/// assert!(fourth.await.unwrap_err().is_panic(), "nothing was scripted for it");
/// # }
/// ```
///
/// As a part of a fake:
///
/// ```
/// use patterns_core::testing::AsyncMock;
///
/// trait Store {
///     fn get(&self, key: u32) -> impl Future<Output = Option<String>> + Send;
/// }
///
/// struct FakeStore {
///     get: AsyncMock<u32, Option<String>>,
/// }
///
/// impl Store for FakeStore {
///     fn get(&self, key: u32) -> impl Future<Output = Option<String>> + Send {
///         self.get.call(key)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let get = AsyncMock::new("Store::get").returns_with(|key: &u32| Some(format!("value {key}")));
/// let store = FakeStore { get };
/// assert_eq!(store.get(3).await.as_deref(), Some("value 3"));
/// store.get.assert_called_once_with(&3);
/// # }
/// ```
pub struct AsyncMock<Args, Out> {
    shared: Arc<Shared<Args, Out>>,
}

impl<Args: 'static, Out: 'static> AsyncMock<Args, Out> {
    /// A mock that expects no call. Its panics and failed assertions call it `name`.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let state = State {
            script: VecDeque::new(),
            scripted: 0,
            default: None,
            latency: Duration::ZERO,
            log: Vec::new(),
            status: MockStatus::default(),
        };
        Self { shared: Arc::new(Shared { name: name.into(), state: Mutex::new(state), more: Notify::new() }) }
    }

    /// The next call without a reply returns `value`.
    #[must_use]
    pub fn returns(self, value: Out) -> Self {
        self.then(Reply::value(value))
    }

    /// As many of the next calls return these, in this order.
    #[must_use]
    pub fn results(self, values: impl IntoIterator<Item = Out>) -> Self {
        values.into_iter().fold(self, Self::returns)
    }

    /// The next call without a reply gets this one.
    #[must_use]
    pub fn then(self, reply: Reply<Args, Out>) -> Self {
        self.enqueue(reply);
        self
    }

    /// [`then`](Self::then) for a mock that is in use.
    pub fn enqueue(&self, reply: Reply<Args, Out>) {
        let mut state = self.shared.state.lock();
        state.scripted += 1;
        state.script.push_back(reply);
    }

    /// Every call after the script returns a clone of `value`. Replaces any other default.
    #[must_use]
    pub fn always(self, value: Out) -> Self
    where
        Out: Clone + Send + Sync,
    {
        self.otherwise(move || Reply::value(value.clone()))
    }

    /// Every call after the script returns what `f` makes of its arguments. Replaces any other default.
    #[must_use]
    pub fn returns_with(self, f: impl Fn(&Args) -> Out + Send + Sync + 'static) -> Self {
        let f = Arc::new(f);
        self.otherwise(move || {
            let f = Arc::clone(&f);
            Reply::with(move |args: &Args| f(args))
        })
    }

    /// Every call after the script gets a reply of this kind: `otherwise(Reply::pending)`, say. Replaces any other
    /// default.
    #[must_use]
    pub fn otherwise(self, reply: impl Fn() -> Reply<Args, Out> + Send + Sync + 'static) -> Self {
        let replaced = self.shared.state.lock().default.replace(Arc::new(reply));
        // User code: under no lock.
        drop(replaced);
        self
    }

    /// Every call takes this long before its reply, scripted or not.
    #[must_use]
    pub fn latency(self, latency: Duration) -> Self {
        self.shared.state.lock().latency = latency;
        self
    }

    /// Calls it. The future borrows nothing; it is `Send` where `Args` is `Send + Sync` and `Out` is `Send`.
    ///
    /// # Panics
    ///
    /// The future panics where
    ///
    /// - the script is used up and there is no default: `unexpected call 3 of mock ..`,
    /// - its reply is a panic, or user code in it panics.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the call, and that is counted ([`cancelled`](Self::cancelled)). Its reply is spent.
    pub fn call(&self, args: Args) -> impl Future<Output = Out> + use<Args, Out> {
        let shared = Arc::clone(&self.shared);
        async move {
            let args = Arc::new(args);
            let (mut running, next) = Running::begin(shared, Arc::clone(&args));
            let Reply { delay, act } = match next {
                Next::Reply(reply) => reply,
                Next::Make(make) => running.guard(|| make()),
                Next::Nothing { call, scripted } => running.unexpected(call, scripted),
            };
            let delay = delay.saturating_add(running.latency);
            if !delay.is_zero() {
                sleep(delay).await;
            }
            let out = match act {
                Act::Value(value) => value,
                Act::With(f) => running.guard(|| f(&args)),
                Act::Future(fut) => match catch_panics(fut).await {
                    Ok(out) => out,
                    Err(panic) => running.resume(panic),
                },
                Act::Pending => std::future::pending().await,
                Act::Panic(message) => running.panic(&message),
            };
            running.finished();
            out
        }
    }
}

impl<Args, Out> Clone for AsyncMock<Args, Out> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<Args, Out> fmt::Debug for AsyncMock<Args, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncMock")
            .field("name", &self.shared.name)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
