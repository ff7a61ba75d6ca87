/// What became of an item that was put.
///
/// # Examples
///
/// ```
/// use patterns_core::queue::{Put, WorkQueue};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), Box<dyn std::error::Error>> {
/// let queue = WorkQueue::builder(8).dedupe_by(|link: &&str| link.to_string()).build()?;
/// assert_eq!(queue.put("/a").await?, Put::Queued);
/// assert_eq!(queue.put("/a").await?, Put::Duplicate("/a"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put<T> {
    /// It is in the queue.
    Queued,
    /// An item with this key was let in before; here is the new one back.
    Duplicate(T),
    /// It is in the queue, and this older item had to leave it
    /// ([`Overflow::DropOldest`](super::Overflow::DropOldest)).
    Displaced(T),
}

impl<T> Put<T> {
    /// Whether the item is in the queue, displacing another or not.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        !self.is_duplicate()
    }

    /// Whether its key was known.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate(_))
    }

    /// The item that is not in the queue, if there is one: the duplicate or the displaced.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        match self {
            Self::Queued => None,
            Self::Duplicate(item) | Self::Displaced(item) => Some(item),
        }
    }
}

/// What became of many items that a job put at once ([`Job::put_all`](super::Job::put_all)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutAll<T> {
    /// How many are in the queue.
    pub queued: usize,
    /// Those whose key was known, in the order in which they were put.
    pub duplicates: Vec<T>,
}
