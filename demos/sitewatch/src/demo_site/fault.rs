use std::fmt;
use std::str::FromStr;

/// Something that is wrong with a page, or looks as if it were.
///
/// # Examples
///
/// ```
/// use sitewatch::demo_site::Fault;
///
/// assert_eq!(Fault::GzipBomb.to_string(), "gzip-bomb");
/// assert_eq!("gzip-bomb".parse(), Ok(Fault::GzipBomb));
/// assert!(Fault::GzipBomb.is_hostile() && !Fault::Missing.is_hostile());
/// assert!("gzip".parse::<Fault>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A link to a page that is not there, until the site is mended.
    Missing,
    /// A link that is misspelt, until the site is mended.
    Typo,
    /// Every fiftieth page of the tree has a link to a page that is not there.
    Scattered,
    /// A server that fails once.
    ErrorOnce,
    /// A server that fails every third time.
    Flapping,
    /// A page that has moved.
    Moved,
    /// Twelve redirects in a row.
    RedirectChain,
    /// Two addresses that redirect to each other.
    RedirectLoop,
    /// A redirect to another host.
    RedirectElsewhere,
    /// A redirect that doesn't say where to.
    RedirectNowhere,
    /// A link to a place on a page that is not there.
    MissingFragment,
    /// Links that are no web addresses, and fine.
    Schemes,
    /// A page that robots.txt asks not to fetch.
    Private,
    /// A link that is no URL.
    Malformed,
    /// A page that takes its time.
    Slow,
    /// A connection that breaks.
    Reset,
    /// A page that is shorter than it says.
    ShortBody,
    /// An answer in another protocol.
    NotHttp,
    /// A page that never comes.
    Silent,
    /// A megabyte that unpacks to a gigabyte.
    GzipBomb,
    /// A calendar whose months have no end.
    Calendar,
}

impl Fault {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 21] = [
        Self::Missing,
        Self::Typo,
        Self::Scattered,
        Self::ErrorOnce,
        Self::Flapping,
        Self::Moved,
        Self::RedirectChain,
        Self::RedirectLoop,
        Self::RedirectElsewhere,
        Self::RedirectNowhere,
        Self::MissingFragment,
        Self::Schemes,
        Self::Private,
        Self::Malformed,
        Self::Slow,
        Self::Reset,
        Self::ShortBody,
        Self::NotHttp,
        Self::Silent,
        Self::GzipBomb,
        Self::Calendar,
    ];

    /// Its name, which is also its page's: lower-case words joined by hyphens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// What is wrong, in a sentence without a full stop.
    #[must_use]
    pub fn about(self) -> &'static str {
        self.words().1
    }

    /// Whether only a site that means harm has it, or one that is broken badly: a check may wait long for it, or have
    /// no end but its own limits.
    #[must_use]
    pub fn is_hostile(self) -> bool {
        matches!(self, Self::Silent | Self::GzipBomb | Self::Calendar)
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => {
                ("missing", "the page that the link leads to is not there (404), until the site is mended")
            }
            Self::Typo => ("typo", "the link is misspelt (404), until the site is mended"),
            Self::Scattered => ("scattered", "every fiftieth page of the tree links to a page that is not there (404)"),
            Self::ErrorOnce => ("error-once", "the server fails the first time (500), and never again"),
            Self::Flapping => ("flapping", "the server fails every third time (500)"),
            Self::Moved => ("moved", "the page has moved for good (301); the link works, but should be updated"),
            Self::RedirectChain => ("redirect-chain", "twelve redirects in a row, which is more than most follow"),
            Self::RedirectLoop => ("redirect-loop", "two addresses redirect to each other"),
            Self::RedirectElsewhere => ("redirect-elsewhere", "the redirect leaves the site for another host"),
            Self::RedirectNowhere => ("redirect-nowhere", "the redirect doesn't say where to"),
            Self::MissingFragment => ("missing-fragment", "the page is there, and the place on it is not"),
            Self::Schemes => ("schemes", "links that are no web addresses, which is no fault"),
            Self::Private => ("private", "robots.txt asks not to fetch the page"),
            Self::Malformed => ("malformed", "the link is no URL"),
            Self::Slow => ("slow", "the page takes its time, and comes"),
            Self::Reset => ("reset", "the connection is reset before the answer"),
            Self::ShortBody => ("short-body", "the page ends before it is as long as it said"),
            Self::NotHttp => ("not-http", "the answer is in another protocol"),
            Self::Silent => ("silent", "the answer never comes, and the connection stays open"),
            Self::GzipBomb => ("gzip-bomb", "a megabyte that unpacks to a gigabyte"),
            Self::Calendar => ("calendar", "every month links to the next, for ever"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not the name of a [`Fault`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such fault: {0:?}: it takes usual, all, none, or names of faults with commas between them")]
pub struct UnknownFault(pub String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|fault| fault.as_str() == name);
        known.ok_or_else(|| UnknownFault(name.to_owned()))
    }
}
