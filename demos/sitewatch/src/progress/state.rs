use std::sync::atomic::{AtomicU64, Ordering};

/// What a running check has done so far, shared between its workers and whoever shows it.
///
/// Counters are independent of each other: a snapshot may see a page counted before its links.
///
/// # Examples
///
/// ```
/// use sitewatch::progress::ProgressState;
///
/// let progress = ProgressState::default();
/// progress.set_queued(2);
/// progress.add_pages(1);
/// progress.add_links(10);
/// progress.add_broken(3);
/// assert_eq!((progress.snapshot().broken, progress.snapshot().queued), (3, 2));
/// ```
#[derive(Debug, Default)]
pub struct ProgressState {
    pages: AtomicU64,
    links: AtomicU64,
    broken: AtomicU64,
    queued: AtomicU64,
    bytes: AtomicU64,
}

impl ProgressState {
    /// Counts pages that were read and searched for links.
    pub fn add_pages(&self, pages: u64) {
        self.pages.fetch_add(pages, Ordering::Relaxed);
    }

    /// Counts links that were found.
    pub fn add_links(&self, links: u64) {
        self.links.fetch_add(links, Ordering::Relaxed);
    }

    /// Counts links that turned out broken.
    pub fn add_broken(&self, links: u64) {
        self.broken.fetch_add(links, Ordering::Relaxed);
    }

    /// Counts bytes that were read, from disk or, decompressed, from the network.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Sets how many addresses wait to be checked or are being checked.
    pub fn set_queued(&self, queued: u64) {
        self.queued.store(queued, Ordering::Relaxed);
    }

    /// All counters as they are now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            pages: self.pages.load(Ordering::Relaxed),
            links: self.links.load(Ordering::Relaxed),
            broken: self.broken.load(Ordering::Relaxed),
            queued: self.queued.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}

/// The counters of a [`ProgressState`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Pages read and searched for links.
    pub pages: u64,
    /// Links found.
    pub links: u64,
    /// Links that turned out broken.
    pub broken: u64,
    /// Addresses waiting or being checked.
    pub queued: u64,
    /// Bytes read.
    pub bytes: u64,
}
