//! How a link fared, and why.
mod status;
mod words;

pub use status::Status;
pub use words::UnknownReason;

/// Why a link has the [`Status`] that it has.
///
/// A reason implies its status ([`status`](Self::status)), so the two can't contradict each other. Its
/// [`code`](Self::code) is stable: reports, databases and scripts may rely on it. Its
/// [`sentence`](Self::sentence) is for people and may be reworded.
///
/// # Examples
///
/// ```
/// use sitewatch::report::{Reason, Status};
///
/// let reason = Reason::HttpStatus(404);
/// assert_eq!(reason.status(), Status::Broken);
/// assert_eq!(reason.code().to_string(), "http-404");
/// assert_eq!(reason.sentence().to_string(), "404 Not Found");
/// assert_eq!("http-404".parse(), Ok(reason));
/// assert!("http-4040".parse::<Reason>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The target is there.
    Ok,
    /// Every redirect on the way is permanent (301, 308): the link should be updated.
    MovedPermanently,
    /// A redirect on the way is temporary (302, 303 or 307).
    MovedTemporarily,
    /// The server answered with this status, of 400 or above or of no known meaning.
    HttpStatus(u16),
    /// The host name does not resolve.
    Dns,
    /// Nothing listens at that host and port.
    Refused,
    /// There is no route to the host.
    Unreachable,
    /// No trusted connection: certificate or handshake.
    Tls,
    /// No answer in time, after all retries.
    Timeout,
    /// The connection broke before the answer was complete.
    Reset,
    /// The answer is not HTTP.
    Protocol,
    /// The answer is not compressed the way that it says.
    BadEncoding,
    /// Following the redirects comes back to an address on the way.
    RedirectLoop,
    /// More redirects than allowed.
    TooManyRedirects,
    /// A redirect without a target, or to one that is no web address.
    BadRedirect,
    /// It leads to a private address, of which a public site's readers have none: where the check is of a public
    /// site, it is not asked for.
    PrivateAddress,
    /// The target is there, but nothing in it has this id or name.
    MissingFragment,
    /// No such file in the folder.
    MissingFile,
    /// A folder without `index.html`, which a server would refuse or list.
    NoIndex,
    /// The path leaves the folder that is checked.
    OutsideFolder,
    /// The file is there but can't be read.
    Unreadable,
    /// Not a URL.
    MalformedUrl,
    /// Any other failure; the detail says which.
    Failed,
    /// The first link of a page that is beyond the number that is looked at. It says that the page was not checked
    /// whole, once for each such page.
    TooManyLinks,
    /// `mailto:`.
    Mailto,
    /// `tel:`.
    Tel,
    /// `data:`.
    Data,
    /// `javascript:`.
    Javascript,
    /// Another scheme that is not fetched, such as `ftp:`.
    Scheme,
    /// `robots.txt` asks not to fetch it.
    Robots,
    /// Left out by `--exclude`, or not covered by `--include`.
    Excluded,
    /// Out of scope, with `--no-external`.
    External,
    /// The target is there, but too large to look for the fragment in it.
    TooLarge,
    /// The URL is longer than those that are asked for.
    UrlTooLong,
    /// It is beyond the number of links of a page that is looked at, after the first such one.
    BeyondLimit,
    /// The check was stopped before it came to this link.
    Interrupted,
}

impl Reason {
    /// Every reason without a number in it, in the order of reports.
    pub const PLAIN: [Self; 35] = [
        Self::Ok,
        Self::MovedPermanently,
        Self::MovedTemporarily,
        Self::Dns,
        Self::Refused,
        Self::Unreachable,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::Protocol,
        Self::BadEncoding,
        Self::RedirectLoop,
        Self::TooManyRedirects,
        Self::BadRedirect,
        Self::PrivateAddress,
        Self::MissingFragment,
        Self::MissingFile,
        Self::NoIndex,
        Self::OutsideFolder,
        Self::Unreadable,
        Self::MalformedUrl,
        Self::Failed,
        Self::TooManyLinks,
        Self::Mailto,
        Self::Tel,
        Self::Data,
        Self::Javascript,
        Self::Scheme,
        Self::Robots,
        Self::Excluded,
        Self::External,
        Self::TooLarge,
        Self::UrlTooLong,
        Self::BeyondLimit,
        Self::Interrupted,
    ];

    /// The status that it implies.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Ok => Status::Ok,
            Self::MovedPermanently | Self::MovedTemporarily => Status::Redirected,
            Self::HttpStatus(_)
            | Self::Dns
            | Self::Refused
            | Self::Unreachable
            | Self::Tls
            | Self::Timeout
            | Self::Reset
            | Self::Protocol
            | Self::BadEncoding
            | Self::RedirectLoop
            | Self::TooManyRedirects
            | Self::BadRedirect
            | Self::PrivateAddress
            | Self::MissingFragment
            | Self::MissingFile
            | Self::NoIndex
            | Self::OutsideFolder
            | Self::Unreadable
            | Self::MalformedUrl
            | Self::Failed
            | Self::TooManyLinks => Status::Broken,
            Self::Mailto
            | Self::Tel
            | Self::Data
            | Self::Javascript
            | Self::Scheme
            | Self::Robots
            | Self::Excluded
            | Self::External
            | Self::TooLarge
            | Self::UrlTooLong
            | Self::BeyondLimit
            | Self::Interrupted => Status::Skipped,
        }
    }
}
