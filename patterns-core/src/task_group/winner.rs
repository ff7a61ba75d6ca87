use std::borrow::Cow;

use super::{FirstOk, TaskGroup, TaskHandle};
use crate::gather::Parts;
use crate::outcome::{BoxError, ErrorGroup, TaskFailed};

/// Awaits the first child to succeed: its value, as the body of a [`FirstOk`] group returns it.
///
/// The other handles are dropped, not their children: what becomes of those is up to the group's policy. Like a
/// handle, this is not interrupted by the ambient token.
///
/// # Errors
///
/// The first failure, if no child succeeded; the group has it already, and doesn't count it twice. A text, if
/// there was no handle.
///
/// # Cancel safety
///
/// Not cancel safe: the handles are dropped with it, and so are the children's values.
pub fn winner<T>(handles: impl IntoIterator<Item = TaskHandle<T>>) -> impl Future<Output = Result<T, BoxError>> {
    let winners = winners(1, handles);
    async move { winners.await?.pop().ok_or_else(|| "no child succeeded".into()) }
}

/// Awaits the first `k` children to succeed: their values in the order in which they finished, as the body of a
/// [`Quorum`](super::Quorum) group returns them.
///
/// It fails as soon as fewer than `k` of these children can still succeed. The other handles are dropped, not
/// their children: what becomes of those is up to the group's policy. Like a handle, this is not interrupted by
/// the ambient token.
///
/// # Errors
///
/// The first failure, if fewer than `k` succeeded; the group has it already, and doesn't count it twice. A text,
/// if there were fewer handles.
///
/// # Cancel safety
///
/// Not cancel safe: the handles are dropped with it, and so are the children's values.
pub fn winners<T>(
    k: usize,
    handles: impl IntoIterator<Item = TaskHandle<T>>,
) -> impl Future<Output = Result<Vec<T>, BoxError>> {
    let mut handles: Parts<_> = handles.into_iter().collect();
    async move {
        let (all, mut values, mut failure) = (handles.len(), Vec::new(), None::<TaskFailed>);
        while values.len() < k && values.len() + handles.len() >= k {
            match handles.next().await {
                Some((_, Ok(value))) => values.push(value),
                // One that was only cancelled says less than one that failed.
                Some((_, Err(failed))) if failure.as_ref().is_none_or(TaskFailed::is_cancelled) => {
                    failure = Some(failed);
                }
                Some((_, Err(_))) | None => {}
            }
        }
        match failure {
            _ if values.len() >= k => Ok(values),
            Some(failed) => Err(failed.into()),
            None => Err(format!("successes needed: {k}, children: {all}").into()),
        }
    }
}

/// Runs `tasks`, each a name and a future, as a [`FirstOk`] group named `name`: the value of the first that
/// succeeds, once the others have stopped.
///
/// # Errors
///
/// All errors, if none succeeded, or the enclosing work was cancelled before one did.
///
/// # Panics
///
/// Outside of a tokio runtime.
///
/// # Cancel safety
///
/// Cancel safe as [`TaskGroup::run`]: the children are asked to stop and handed over.
///
/// # Examples
///
/// ```
/// use patterns_core::task_group::first_ok;
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// async fn lookup(secs: u64, answer: Result<&str, &'static str>) -> Result<String, &'static str> {
///     sleep(Duration::from_secs(secs)).await;
///     answer.map(str::to_owned)
/// }
///
/// let resolvers = [("cache", lookup(0, Err("not there"))), ("dns", lookup(1, Ok("192.0.2.7")))];
/// assert_eq!(first_ok("resolve", resolvers).await.unwrap(), "192.0.2.7");
///
/// let resolvers = [("cache", lookup(0, Err("not there"))), ("dns", lookup(1, Err("no such host")))];
/// let errors = first_ok("resolve", resolvers).await.unwrap_err();
/// assert_eq!(errors.to_string(), "resolve: 2 failures: cache: not there; dns: no such host");
/// # }
/// ```
#[track_caller]
pub fn first_ok<N, T, E, F>(
    name: impl Into<Cow<'static, str>>,
    tasks: impl IntoIterator<Item = (N, F)>,
) -> impl Future<Output = Result<T, ErrorGroup>>
where
    N: Into<Cow<'static, str>>,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Into<BoxError>,
{
    let group = TaskGroup::new(name).policy(FirstOk);
    let tasks: Vec<(Cow<'static, str>, F)> = tasks.into_iter().map(|(name, task)| (name.into(), task)).collect();
    group.run(async move |group| winner(tasks.into_iter().map(|(name, task)| group.spawn(name, task))).await)
}
