use std::borrow::Cow;
use std::error::Error;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{BoxError, TaskFailed, Tree, Why};
use crate::cancel::CancelCause;
use crate::context::{Context, TaskPath};

/// All that failed under one group, not just the first: never empty, and a tree where groups were
/// nested.
///
/// A leaf is a [`TaskFailed`]: path, spawn place, duration, and an error, a panic or a cancellation.
/// A task that failed with an `ErrorGroup` of its own is a subtree. [`split`](Self::split) and
/// [`filter_type`](Self::filter_type) take a part out to handle it and keep the shape of the rest,
/// which can be passed on: what `except*` does in Python. Leaves are shared, so clones are cheap.
///
/// `Display` is one line; `{:#}`, `{:?}` and [`tree`](Self::tree) print the tree.
///
/// However, printing the tree, splitting and merging recurse, once for each level: groups that are nested deeper than
/// the stack can only be walked ([`leaves`](Self::leaves)) and dropped.
///
/// # Comparison to Python's `ExceptionGroup`
///
/// 1. Leaves know the task they come from, where it was spawned and how long it ran.
/// 2. Panics and cancellations are leaves too, told apart from errors.
/// 3. [`merge`](Self::merge) puts two halves of a split together again.
///
/// # Examples
///
/// ```
/// use patterns_core::outcome::ErrorGroup;
/// use patterns_core::task_group::{CollectAll, TaskGroup};
/// use std::num::ParseIntError;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let group = TaskGroup::new("import").policy(CollectAll);
/// let errors: ErrorGroup = group.run(async |group| {
///     group.spawn("page-1", async { "one".parse::<u8>() });
///     group.spawn("page-2", async { Err::<(), _>(std::io::Error::other("disk is full")) });
///     Ok(())
/// }).await.into_result().unwrap_err();
///
/// assert_eq!(errors.leaves().count(), 2);
/// assert_eq!(
///     errors.to_string(),
///     "import: 2 failures: page-1: invalid digit found in string; page-2: disk is full",
/// );
/// // Handle a part, pass the rest on.
/// let (parse, rest) = errors.split_type::<ParseIntError>();
/// assert_eq!(parse.unwrap().leaves().next().unwrap().path().name(), "page-1");
/// assert!(rest.as_ref().unwrap().filter_type::<std::io::Error>().is_some());
/// assert!(rest.unwrap().filter_type::<ParseIntError>().is_none());
/// # }
/// ```
#[derive(Clone)]
pub struct ErrorGroup {
    /// Tells the halves of one group from two groups of the same name.
    number: u64,
    path: TaskPath,
    place: &'static Location<'static>,
    ran_for: Duration,
    nodes: Nodes,
}

/// Shared, so that a clone of a group is no copy of what is below it. `None` only while it is taken apart.
#[derive(Clone)]
struct Nodes(Option<Arc<Vec<Node>>>);

impl Nodes {
    fn new(nodes: Vec<Node>) -> Self {
        Self(Some(Arc::new(nodes)))
    }

    fn take(&mut self) -> Vec<Node> {
        self.0.take().map_or_else(Vec::new, Arc::unwrap_or_clone)
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        // Not by recursion: groups may be nested deeper than the stack is.
        let mut below = Vec::from_iter(self.0.take());
        while let Some(nodes) = below.pop() {
            for node in Arc::into_inner(nodes).unwrap_or_default() {
                if let Node::Group(mut group) = node {
                    below.extend(group.nodes.0.take());
                }
            }
        }
    }
}

/// A part of an [`ErrorGroup`].
#[derive(Clone, Debug)]
pub enum Node {
    /// One task that failed.
    Leaf(TaskFailed),
    /// A group inside of the group.
    Group(ErrorGroup),
}

/// A number that no other group of this process has.
pub(crate) fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl ErrorGroup {
    /// Groups errors that did not come from a [`TaskGroup`](crate::task_group::TaskGroup), say those
    /// of several cleanups; `None` without any. An error that is an `ErrorGroup` becomes a subtree.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::outcome::ErrorGroup;
    ///
    /// let errors = ErrorGroup::from_errors("cleanup", ["close failed", "unlink failed"]).unwrap();
    /// assert_eq!(errors.to_string(), "cleanup: 2 failures: close failed; unlink failed");
    /// assert!(ErrorGroup::from_errors("cleanup", [""; 0]).is_none());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn from_errors<E: Into<BoxError>>(
        name: impl Into<Cow<'static, str>>,
        errors: impl IntoIterator<Item = E>,
    ) -> Option<Self> {
        let (number, place) = (next_number(), Location::caller());
        let path = Context::current().path().join(name);
        let leaf = |error| TaskFailed::new(number, path.clone(), place, Duration::ZERO, Why::Error(error));
        let nodes: Vec<Node> = errors
            .into_iter()
            .map(|error| match error.into().downcast::<Self>() {
                Ok(group) => Node::Group(*group),
                Err(error) => Node::Leaf(leaf(error)),
            })
            .collect();
        (!nodes.is_empty()).then(|| Self::new(number, path.clone(), place, Duration::ZERO, nodes))
    }

    /// `nodes` must not be empty.
    pub(crate) fn new(
        number: u64,
        path: TaskPath,
        place: &'static Location<'static>,
        ran_for: Duration,
        nodes: Vec<Node>,
    ) -> Self {
        debug_assert!(!nodes.is_empty(), "a group of no errors is no error");
        Self { number, path, place, ran_for, nodes: Nodes::new(nodes) }
    }

    fn with_nodes(&self, nodes: Vec<Node>) -> Option<Self> {
        (!nodes.is_empty()).then(|| Self { path: self.path.clone(), nodes: Nodes::new(nodes), ..*self })
    }

    /// The names that the group ran under.
    #[must_use]
    pub fn path(&self) -> &TaskPath {
        &self.path
    }

    /// Where in the source the group was made.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// The time from the group's start to its end.
    #[must_use]
    pub fn ran_for(&self) -> Duration {
        self.ran_for
    }

    /// The leaves and groups directly under this one, in the order in which they failed.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        self.nodes.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// All leaves of the whole tree, depth first.
    pub fn leaves(&self) -> Leaves<'_> {
        Leaves { stack: vec![self.nodes().iter()] }
    }

    /// Every error of type `E` in the tree, with its leaf.
    pub fn errors_of<E: Error + 'static>(&self) -> impl Iterator<Item = (&TaskFailed, &E)> {
        self.leaves().filter_map(|leaf| Some((leaf, leaf.downcast_ref()?)))
    }

    /// The leaves that `matches` accepts and the others, each part in the shape of the whole.
    #[must_use]
    pub fn split(self, mut matches: impl FnMut(&TaskFailed) -> bool) -> (Option<Self>, Option<Self>) {
        self.split_by(&mut matches)
    }

    fn split_by(mut self, matches: &mut dyn FnMut(&TaskFailed) -> bool) -> (Option<Self>, Option<Self>) {
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for node in self.nodes.take() {
            match node {
                Node::Leaf(leaf) if matches(&leaf) => yes.push(Node::Leaf(leaf)),
                Node::Leaf(leaf) => no.push(Node::Leaf(leaf)),
                Node::Group(group) => {
                    let (inner_yes, inner_no) = group.split_by(matches);
                    yes.extend(inner_yes.map(Node::Group));
                    no.extend(inner_no.map(Node::Group));
                }
            }
        }
        (self.with_nodes(yes), self.with_nodes(no))
    }

    /// The leaves that failed with an `E`, and the others. `E` may be
    /// [`Panic`](super::Panic) or [`CancelCause`] too.
    #[must_use]
    pub fn split_type<E: Error + 'static>(self) -> (Option<Self>, Option<Self>) {
        self.split(TaskFailed::is::<E>)
    }

    /// The part of the tree whose leaves failed with an `E`.
    #[must_use]
    pub fn filter_type<E: Error + 'static>(&self) -> Option<Self> {
        self.clone().split_type::<E>().0
    }

    /// The same leaves without inner groups.
    #[must_use]
    pub fn flatten(self) -> Self {
        let nodes = self.leaves().cloned().map(Node::Leaf).collect();
        Self { nodes: Nodes::new(nodes), ..self }
    }

    /// Both trees in one: two parts of a split are joined group by group, any other group becomes a
    /// subtree of this one. Every leaf of both is kept; those of `other` come last in each group.
    ///
    /// # Examples
    ///
    /// ```
    /// use patterns_core::outcome::ErrorGroup;
    ///
    /// let errors = ErrorGroup::from_errors("cleanup", ["close failed", "unlink failed"]).unwrap();
    /// let (close, rest) = errors.split(|leaf| leaf.error().to_string().starts_with("close"));
    /// assert_eq!(close.as_ref().unwrap().to_string(), "cleanup: close failed");
    ///
    /// let whole = rest.unwrap().merge(close.unwrap());
    /// assert_eq!(whole.to_string(), "cleanup: 2 failures: unlink failed; close failed");
    ///
    /// // A stranger stays a group of its own.
    /// let other = ErrorGroup::from_errors("backup", ["disk is full"]).unwrap();
    /// assert_eq!((whole.nodes().len(), whole.merge(other).nodes().len()), (2, 3));
    /// ```
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.absorb(other);
        self
    }

    fn absorb(&mut self, mut other: Self) {
        let mut nodes = self.nodes.take();
        if self.number != other.number {
            nodes.push(Node::Group(other));
            self.nodes = Nodes::new(nodes);
            return;
        }
        for node in other.nodes.take() {
            let Node::Group(theirs) = node else {
                nodes.push(node);
                continue;
            };
            let same = nodes.iter_mut().find_map(|ours| match ours {
                Node::Group(ours) if ours.number == theirs.number => Some(ours),
                _ => None,
            });
            match same {
                Some(ours) => ours.absorb(theirs),
                None => nodes.push(Node::Group(theirs)),
            }
        }
        self.nodes = Nodes::new(nodes);
    }

    /// Whether nothing failed of itself: all leaves are cancellations.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.leaves().all(TaskFailed::is_cancelled)
    }

    /// Why it was cancelled, if all its leaves were.
    #[must_use]
    pub fn cause(&self) -> Option<&CancelCause> {
        if self.is_cancelled() { self.leaves().find_map(TaskFailed::cause) } else { None }
    }

    /// The leaf that matters most: the first that was not just cancelled, else the first.
    #[must_use]
    pub fn first(&self) -> &TaskFailed {
        let failed = self.leaves().find(|leaf| !leaf.is_cancelled());
        match failed.or_else(|| self.leaves().next()) {
            Some(leaf) => leaf,
            None => unreachable!("a group of errors is never empty"),
        }
    }

    /// Prints as a tree, a line per leaf and group, with paths, durations and places.
    #[must_use]
    pub fn tree(&self) -> Tree<'_> {
        Tree(self)
    }
}

impl Error for ErrorGroup {
    /// What the [first](Self::first) leaf failed with.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.first().error())
    }
}

/// The leaves of an [`ErrorGroup`], depth first. Made by [`ErrorGroup::leaves`].
#[derive(Clone, Debug)]
#[must_use = "iterators do nothing unless consumed"]
pub struct Leaves<'a> {
    stack: Vec<std::slice::Iter<'a, Node>>,
}

impl<'a> Iterator for Leaves<'a> {
    type Item = &'a TaskFailed;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.stack.last_mut()?.next() {
                Some(Node::Leaf(leaf)) => return Some(leaf),
                Some(Node::Group(group)) => self.stack.push(group.nodes().iter()),
                None => drop(self.stack.pop()),
            }
        }
    }
}
