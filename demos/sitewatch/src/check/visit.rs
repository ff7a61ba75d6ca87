//! What was learned of one target.

use std::hash::{DefaultHasher, Hasher};

use super::spool::Slot;
use super::targets::Id;
use crate::fetch::FetchError;
use crate::report::{Reason, Verdict};

/// What was learned of one target.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) answer: Answer,
    /// What was found in it, where it is a page.
    pub(crate) page: Option<Page>,
}

/// How a target answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It is there.
    Ok,
    /// It is elsewhere.
    Redirect {
        status: u16,
        to: Id,
        /// The hash of the fragment that the redirect names itself, or [`NO_FRAGMENT`].
        fragment: u64,
    },
    /// It could not be had.
    Failed(FetchError),
    /// It could not be had, and that is known from before.
    Known(Verdict),
    /// A file could not be read.
    Unreadable(String),
    /// It may be there, but we failed to look into it.
    Lost(String),
}

impl Answer {
    /// What it means for a link that leads here, as far as that doesn't depend on the link.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Ok => Reason::Ok.into(),
            Self::Redirect { .. } => Reason::MovedTemporarily.into(),
            Self::Failed(error) => error.into(),
            Self::Known(verdict) => verdict.clone(),
            Self::Unreadable(why) => Verdict::new(Reason::Unreadable).detail(why.as_str()),
            Self::Lost(why) => Verdict::new(Reason::Failed).detail(why.as_str()),
        }
    }
}

/// What was found in a page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Hashes of its anchors, in order.
    pub(crate) anchors: Box<[u64]>,
    /// The links about which there is still something to say: all but those known to be well.
    pub(crate) open: Box<[Open]>,
    pub(crate) links: u32,
    /// Its `<base href>`, if it has one.
    pub(crate) base: Option<Box<str>>,
    /// Where its content is kept for another look; nowhere for a file, which is read again.
    pub(crate) spooled: Option<Spooled>,
}

/// What is kept of a page for another look.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Spooled {
    /// Its text.
    Text(Slot),
    /// What was found in it.
    Outline(Slot),
}

impl Page {
    /// Where the link with this number leads, if that is still of interest.
    pub(crate) fn leads_to(&self, ordinal: usize) -> Option<Id> {
        // They are in order. Of a sitemap every link is looked for in this way.
        let at = self.open.binary_search_by_key(&ordinal, |open| open.ordinal as usize).ok()?;
        let open = &self.open[at];
        if let Leads::To(id) = open.leads { Some(id) } else { None }
    }

    /// How many of its links were looked at, with the first that was too many.
    pub(crate) fn looked_at(&self) -> u32 {
        match self.open.last() {
            Some(Open { leads: Leads::Nowhere(Reason::TooManyLinks), ordinal, .. }) => ordinal.saturating_add(1),
            _ => self.links,
        }
    }

    pub(crate) fn has_anchor(&self, fragment: u64) -> bool {
        self.anchors.binary_search(&fragment).is_ok()
    }
}

/// A link whose fate isn't known while its page is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    /// Which of the page's links it is.
    pub(crate) ordinal: u32,
    pub(crate) leads: Leads,
    /// The hash of its fragment, or [`NO_FRAGMENT`].
    pub(crate) fragment: u64,
}

/// Where an open link leads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leads {
    To(Id),
    /// Nowhere that is asked for, and this is why.
    Nowhere(Reason),
}

/// Stands for a link without a fragment.
pub(crate) const NO_FRAGMENT: u64 = 0;

/// The hash under which an anchor or a (decoded) fragment is kept: 1.5 million names as 12 MB.
/// Two names of one page collide with a probability of 2^-64.
pub(crate) fn fragment_hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(name.as_bytes());
    hasher.finish().max(NO_FRAGMENT + 1)
}
