use std::collections::BTreeMap;
use std::time::Duration;

use super::{Reason, Status};

/// What a check did, in numbers.
///
/// `links` is always the sum of ok, redirected, broken and skipped: nothing is lost in silence.
///
/// # Examples
///
/// ```
/// use sitewatch::report::{Reason, Status, Summary};
///
/// let mut summary = Summary::default();
/// summary.count(Reason::Ok);
/// summary.count_many(Reason::HttpStatus(404), 2);
///
/// let mut other = Summary::default();
/// other.count(Reason::Mailto);
/// summary.merge(&other);
///
/// assert_eq!(summary.links(), 4);
/// assert_eq!(summary.of(Status::Broken), 2);
/// assert_eq!(summary.reasons().collect::<Vec<_>>(), [(Reason::HttpStatus(404), 2), (Reason::Mailto, 1)]);
/// assert!(summary.is_complete());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// HTML pages that were read and searched for links.
    pub pages: u64,
    /// Links whose fragment was not looked for, because of `--ignore-fragment`.
    pub ignored_fragments: u64,
    /// Why the check ended early, in a few words; `None` if it came to its end.
    pub stopped: Option<String>,
    /// How long it took: all that differs between two runs over the same pages.
    pub elapsed: Duration,
    /// Of [`Reason::Ok`], which is nearly all of them.
    ok: u64,
    others: BTreeMap<Reason, u64>,
}

impl Summary {
    /// Counts a link.
    pub fn count(&mut self, reason: Reason) {
        self.count_many(reason, 1);
    }

    /// Counts that many links with the same reason.
    pub fn count_many(&mut self, reason: Reason, links: u64) {
        match reason {
            Reason::Ok => self.ok += links,
            _ if links == 0 => {}
            other => *self.others.entry(other).or_default() += links,
        }
    }

    /// Adds the counts of another part of the same check; its `elapsed` and `stopped` only where they
    /// say more.
    pub fn merge(&mut self, other: &Self) {
        self.pages += other.pages;
        self.ignored_fragments += other.ignored_fragments;
        self.elapsed = self.elapsed.max(other.elapsed);
        if self.stopped.is_none() {
            self.stopped.clone_from(&other.stopped);
        }
        self.ok += other.ok;
        for (reason, links) in other.reasons() {
            self.count_many(reason, links);
        }
    }

    /// All links that were seen.
    #[must_use]
    pub fn links(&self) -> u64 {
        self.ok + self.others.values().sum::<u64>()
    }

    /// The links of this status.
    #[must_use]
    pub fn of(&self, status: Status) -> u64 {
        let others: u64 = self.with(status).map(|(_, links)| links).sum();
        if status == Status::Ok { self.ok + others } else { others }
    }

    /// The links of each reason but [`Reason::Ok`], in a fixed order.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        self.others.iter().map(|(&reason, &links)| (reason, links))
    }

    /// The links of each reason of this status, [`Reason::Ok`] left out.
    pub fn with(&self, status: Status) -> impl Iterator<Item = (Reason, u64)> + '_ {
        self.reasons().filter(move |(reason, _)| reason.status() == status)
    }

    /// Whether the check came to its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none()
    }
}
