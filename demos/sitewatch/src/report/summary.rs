use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

use super::{Reason, Status};

/// What a check did, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// HTML pages that were read and searched for links.
    pub pages: u64,
    /// All links that were found, by reason.
    pub counts: Counts,
    /// Links whose fragment was not looked for, because of `--ignore-fragment`; they are counted under
    /// what became of the rest of them.
    pub ignored_fragments: u64,
    /// Why the check ended early, in a few words such as `SIGINT`; `None` if it came to its end.
    pub stopped: Option<String>,
    /// Of a watched site: whether no check of it has come to its end yet, so that nothing is known of its links.
    pub never: bool,
    /// Of a watched site: why its latest check could not be made; `None` if it could, and for a check itself.
    pub failed: Option<String>,
    /// How long it took: all that differs between two runs over the same pages.
    pub elapsed: Duration,
}

impl Summary {
    /// Whether the check came to its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.stopped.is_none()
    }

    /// Of a watched site: why this is not what its latest check has found, in a sentence; `None` if it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use sitewatch::report::Summary;
    ///
    /// let failed = Some("connection refused".to_owned());
    /// let summary = Summary { never: true, failed, ..Summary::default() };
    /// assert_eq!(summary.behind().unwrap(), "never checked to its end; the last check failed: connection refused");
    /// assert_eq!(Summary::default().behind(), None);
    /// ```
    #[must_use]
    pub fn behind(&self) -> Option<String> {
        match (self.never, &self.failed) {
            (true, Some(why)) => Some(format!("never checked to its end; the last check failed: {why}")),
            (true, None) => Some("never checked to its end".to_owned()),
            (false, Some(why)) => {
                Some(format!("the last check failed: {why}; this is what the last one that came to its end found"))
            }
            (false, None) => None,
        }
    }

    /// The links that are broken.
    #[must_use]
    pub fn broken(&self) -> u64 {
        self.counts.of(Status::Broken)
    }
}

/// How many links ended for which reason.
///
/// The total is always the sum of ok, redirected, broken and skipped: nothing is lost in silence. Parts
/// of a check can count for themselves and be added up, in any order.
///
/// # Examples
///
/// ```
/// use sitewatch::report::{Counts, Reason, Status};
///
/// let mut counts = Counts::default();
/// counts.add(Reason::Ok, 1);
/// counts.add(Reason::HttpStatus(404), 2);
///
/// let mut elsewhere = Counts::default();
/// elsewhere.add(Reason::Mailto, 1);
/// counts += &elsewhere;
///
/// assert_eq!(counts.total(), 4);
/// assert_eq!(counts.of(Status::Broken), 2);
/// assert_eq!(counts.reasons().collect::<Vec<_>>(), [(Reason::HttpStatus(404), 2), (Reason::Mailto, 1)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of [`Reason::Ok`], which is nearly all of them and should not cost a search.
    ok: u64,
    /// Of every other reason that there is; never zero.
    others: BTreeMap<Reason, u64>,
}

impl Counts {
    /// Counts that many links.
    pub fn add(&mut self, reason: Reason, links: u64) {
        match reason {
            Reason::Ok => self.ok += links,
            _ if links == 0 => {}
            other => *self.others.entry(other).or_default() += links,
        }
    }

    /// One link that was counted under this reason is well after all.
    pub(super) fn mend(&mut self, reason: Reason) {
        if let Some(links) = self.others.get_mut(&reason) {
            *links -= 1;
            if *links == 0 {
                self.others.remove(&reason);
            }
            self.ok += 1;
        }
    }

    /// All links.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ok + self.others.values().sum::<u64>()
    }

    /// The links of this status.
    #[must_use]
    pub fn of(&self, status: Status) -> u64 {
        let ok = if status == Status::Ok { self.ok } else { 0 };
        ok + self.with(status).map(|(_, links)| links).sum::<u64>()
    }

    /// The links of each reason but [`Reason::Ok`], in a fixed order.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        self.others.iter().map(|(&reason, &links)| (reason, links))
    }

    /// The links of each reason of this status, but [`Reason::Ok`].
    pub fn with(&self, status: Status) -> impl Iterator<Item = (Reason, u64)> + '_ {
        self.reasons().filter(move |(reason, _)| reason.status() == status)
    }
}

impl AddAssign<&Self> for Counts {
    fn add_assign(&mut self, other: &Self) {
        self.ok += other.ok;
        for (reason, links) in other.reasons() {
            self.add(reason, links);
        }
    }
}
