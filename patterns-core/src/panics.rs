//! Catching a panic together with its text and place.
//!
//! `catch_unwind` gives the payload but not the place, which only the panic hook sees. The first
//! catch therefore chains a hook in front of the one that is installed: it notes the place in a
//! thread-local and then calls the previous hook, so that whatever the program prints for a panic
//! stays as it is. A hook that replaces ours later without chaining costs the place, not the text.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

thread_local! {
    static CATCHING: Cell<u32> = const { Cell::new(0) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// A panic as a value: what it said and where it happened.
///
/// # Examples
///
/// ```
/// use patterns_core::outcome::{catch_panic, Panic};
///
/// let panic: Panic = catch_panic(|| panic!("disk is full")).unwrap_err();
/// assert_eq!(panic.message(), "disk is full");
/// assert!(panic.place().is_some());
/// assert_eq!(catch_panic(|| 7).unwrap(), 7);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Panic {
    message: String,
    place: Option<String>,
}

impl Panic {
    /// The panic's text; `"(no message)"` where its payload was not a string.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// `file:line:column`, unless a later panic hook hid it.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// Takes a `catch_unwind` payload (or a tokio `JoinError`'s) that was caught without a place.
    #[must_use]
    pub fn from_payload(payload: Box<dyn Any + Send>) -> Self {
        let message = match payload.downcast::<String>() {
            Ok(text) => *text,
            Err(payload) => match payload.downcast::<&'static str>() {
                Ok(text) => (*text).to_owned(),
                Err(_) => "(no message)".to_owned(),
            },
        };
        Self { message, place: None }
    }

    /// Goes on panicking with the same text, without telling the panic hook about it again.
    ///
    /// A [`catch_panic`] further out sees text and place as if nobody had caught it before; other
    /// catches see the text as a `String`.
    ///
    /// # Panics
    ///
    /// Always: that is what it is for.
    pub fn resume(self) -> ! {
        // Only for a catch that will take it: the next one on this thread must not find it.
        if CATCHING.with(Cell::get) > 0 {
            PLACE.set(self.place);
        }
        panic::resume_unwind(Box::new(self.message))
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Panic({self})")
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.message)?;
        match &self.place {
            Some(place) => write!(f, " (at {place})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Panic {}

/// Runs `f`; a panic in it comes back as a value with its text and place.
///
/// The state that `f` was changing is the caller's concern, as with
/// [`std::panic::catch_unwind`]: throw it away or know that it is whole.
///
/// # Errors
///
/// [`Panic`] if `f` panicked.
pub fn catch_panic<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // `try_with`: a panic may come while this thread's locals are being destroyed.
            if CATCHING.try_with(Cell::get).unwrap_or(0) > 0 {
                let place = info.location().map(ToString::to_string);
                let _ = PLACE.try_with(|cell| *cell.borrow_mut() = place);
            }
            previous(info);
        }));
    });
    CATCHING.with(|depth| depth.set(depth.get() + 1));
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    CATCHING.with(|depth| depth.set(depth.get() - 1));
    result.map_err(|payload| Panic { place: PLACE.take(), ..Panic::from_payload(payload) })
}

/// Drives `fut`; a panic in any of its polls, or in its destructor afterwards, comes back as a value.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping this drops `fut`.
pub fn catch_panics<F: Future>(fut: F) -> CatchPanics<F> {
    CatchPanics { fut: Box::pin(fut), done: false }
}

/// The future of [`catch_panics`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct CatchPanics<F> {
    fut: Pin<Box<F>>,
    done: bool,
}

impl<F: Future> Future for CatchPanics<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.done, "polled after it had finished");
        let result = catch_panic(|| self.fut.as_mut().poll(cx));
        match result {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => {
                self.done = true;
                Poll::Ready(Ok(value))
            }
            Err(panic) => {
                self.done = true;
                Poll::Ready(Err(panic))
            }
        }
    }
}
