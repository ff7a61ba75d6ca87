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

/// What the hook saw of the latest panic at one depth of nested catches.
struct Seen {
    depth: u32,
    message: String,
    place: String,
}

thread_local! {
    static CATCHING: Cell<u32> = const { Cell::new(0) };
    // By depth, as a destructor that runs during an unwinding may catch a panic of its own.
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

static HOOK: Once = Once::new();

const NO_MESSAGE: &str = "(no message)";

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

    /// `file:line:column`, unless a later panic hook hid it, or the panic was resumed rather than
    /// raised.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
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
        if let Some(place) = self.place {
            remember(self.message.clone(), place);
        }
        panic::resume_unwind(Box::new(self.message))
    }

    /// Takes a `catch_unwind` payload (or a tokio `JoinError`'s) that was caught without a place.
    #[must_use]
    pub fn from_payload(payload: Box<dyn Any + Send>) -> Self {
        let message = text(&*payload).to_owned();
        // A payload may panic when it is dropped, and what that one throws too: it is left where it is.
        if let Err(another) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(another);
        }
        Self { message, place: None }
    }
}

fn text(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<String>(), payload.downcast_ref::<&'static str>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => NO_MESSAGE,
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
/// However, where a program is built with `panic = "abort"`, nothing is caught.
///
/// # Errors
///
/// [`Panic`] if `f` panicked.
pub fn catch_panic<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    // Not while this thread panics: the hook can't be changed then, and the place of the next panic is lost.
    if !std::thread::panicking() {
        HOOK.call_once(chain_hook);
    }
    let depth = CATCHING.get() + 1;
    CATCHING.set(depth);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    CATCHING.set(depth - 1);
    result.map_err(|payload| {
        let panic = Panic::from_payload(payload);
        let seen = SEEN.with_borrow_mut(|seen| {
            let at = seen.iter().position(|seen| seen.depth == depth)?;
            Some(seen.swap_remove(at))
        });
        // Another text: what the hook saw was caught further in, and this one was resumed, of
        // which the hook is not told.
        let place = seen.filter(|seen| seen.message == panic.message).map(|seen| seen.place);
        Panic { place, ..panic }
    })
}

fn chain_hook() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        note(info);
        previous(info);
    }));
}

fn note(info: &panic::PanicHookInfo<'_>) {
    if let Some(place) = info.location() {
        remember(text(info.payload()).to_owned(), place.to_string());
    }
}

/// Keeps what is known of a panic for the innermost catch around it, if there is one.
fn remember(message: String, place: String) {
    // `try_with`: a panic may come while this thread's locals are being destroyed.
    let depth = CATCHING.try_with(Cell::get).unwrap_or(0);
    if depth == 0 {
        return;
    }
    let new = Seen { depth, message, place };
    let _ = SEEN.try_with(|seen| {
        let Ok(mut seen) = seen.try_borrow_mut() else { return };
        match seen.iter_mut().find(|seen| seen.depth == depth) {
            Some(old) => *old = new,
            None => seen.push(new),
        }
    });
}

/// Drives `fut`; a panic in any of its polls, or in its destructor once it has finished, comes back
/// as a value.
///
/// However, a panic in the destructor of a `fut` that is dropped unfinished is the dropper's.
///
/// # Errors
///
/// The future gives [`Panic`] if `fut` panicked.
///
/// # Panics
///
/// If polled after it has given the result.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping this drops `fut`.
pub fn catch_panics<F: Future>(fut: F) -> CatchPanics<F> {
    CatchPanics { fut: Some(Box::pin(fut)) }
}

/// The future of [`catch_panics`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct CatchPanics<F> {
    fut: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for CatchPanics<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let fut = self.fut.as_mut().expect("polled after it had finished");
        let result = match catch_panic(|| fut.as_mut().poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Ok(value),
            Err(panic) => Err(panic),
        };
        let fut = self.fut.take();
        Poll::Ready(catch_panic(|| drop(fut)).and(result))
    }
}
