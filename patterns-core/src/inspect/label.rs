use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::waits::{Wait, Waiting, waiting};

/// Names a wait: while `fut` is pending, [`tree`](super::tree) shows the current task as waiting for `name`.
///
/// For waits that this crate doesn't know of: a query, a lock, an answer. Costs nothing where `fut` is ready at once,
/// and some 50 ns where it is not.
///
/// # Cancel safety
///
/// Cancel safe if `fut` is: dropping this drops `fut`.
///
/// # Examples
///
/// ```
/// use patterns_core::inspect;
/// use patterns_core::task_group::{BoxError, TaskGroup};
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), BoxError> {
/// TaskGroup::new("import").run(async |group| {
///     group.spawn("page-1", async {
///         inspect::label("reading the body", sleep(Duration::from_secs(5))).await;
///         Ok::<_, BoxError>(())
///     });
///     sleep(Duration::from_secs(2)).await;
///     let tree = inspect::tree();
///     let page = &tree.group("import").unwrap().tasks[0];
///     assert_eq!((page.name.as_str(), page.waits_for().as_str()), ("page-1", "reading the body"));
///     assert_eq!(page.age, Duration::from_secs(2));
///     Ok(())
/// }).await?;
/// assert!(inspect::tree().group("import").is_none());
/// # Ok(()) }
/// ```
pub fn label<F: Future>(name: impl Into<Cow<'static, str>>, fut: F) -> Labelled<F> {
    Labelled { name: Some(name.into()), waiting: None, fut }
}

pin_project! {
    /// The future of [`label`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Labelled<F> {
        // Taken by the first poll that has to wait.
        name: Option<Cow<'static, str>>,
        waiting: Option<Waiting>,
        #[pin]
        fut: F,
    }
}

impl<F: Future> Future for Labelled<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = this.fut.poll(cx);
        if polled.is_ready() {
            *this.waiting = None;
        } else if let Some(name) = this.name.take() {
            *this.waiting = waiting(|| Wait::Label(name));
        }
        polled
    }
}

impl<F> fmt::Debug for Labelled<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labelled").field("waiting", &self.waiting.is_some()).finish_non_exhaustive()
    }
}
