use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use patterns_core::context::Interrupt;
use reqwest::StatusCode;

/// Which limit a request ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// [`connect_timeout`](super::HttpConfig::connect_timeout).
    Connect,
    /// [`read_timeout`](super::HttpConfig::read_timeout).
    Read,
    /// [`total_timeout`](super::HttpConfig::total_timeout).
    Total,
}

/// Why a URL could not be fetched. Cheap enough to clone and to remember.
///
/// # Examples
///
/// ```
/// use sitewatch::fetch::FetchError;
///
/// assert_eq!(FetchError::Status(404).to_string(), "404 Not Found");
/// assert_eq!(FetchError::Status(404).code(), "status");
/// assert_eq!(FetchError::Status(799).to_string(), "status 799");
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server answered with a status that is neither success nor a redirect to follow.
    #[error("{}", StatusLine(*.0))]
    Status(u16),
    /// The host's name has no address; or, for now, nobody could say.
    #[error("{}", if *.temporary { "host name lookup failed for now" } else { "host name not found" })]
    Dns {
        /// Whether the name server itself could not be asked.
        temporary: bool,
    },
    /// The host refused the connection or can't be reached.
    #[error("{0}")]
    Connect(io::ErrorKind),
    /// It is at an address that is not of the public internet, and those are not asked: [`Private`](super::Private).
    #[error("leads to a private address ({address}), which is not asked for")]
    Private {
        /// The address in the URL, or the first that its host's name has.
        address: IpAddr,
    },
    /// The URL is longer than is asked for: [`LONGEST_URL`](super::LONGEST_URL).
    #[error("longer than {limit} bytes, which is not asked for")]
    UrlTooLong {
        /// The longest URL, in bytes without its fragment.
        limit: usize,
    },
    /// No secure connection: a certificate that does not hold, or a peer that does not speak TLS.
    #[error("{0}")]
    Tls(String),
    /// One of the configured limits passed.
    #[error("{}", TimeoutText(*.phase, *.limit))]
    Timeout {
        /// Which one.
        phase: Phase,
        /// How long it is.
        limit: Duration,
    },
    /// The connection ended before the answer did.
    #[error("connection closed before the answer was complete")]
    Reset,
    /// A redirect led back to a URL of its own chain.
    #[error("redirects in a loop")]
    RedirectLoop,
    /// The chain of redirects is longer than allowed.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// The longest chain allowed.
        limit: usize,
    },
    /// A redirect without a target, or to something that can't be fetched.
    #[error("{0}")]
    BadRedirect(String),
    /// The body is longer than allowed.
    #[error("body larger than {limit} bytes")]
    BodyTooLarge {
        /// The longest body allowed, in bytes after decompression.
        limit: u64,
    },
    /// The body becomes more by decompression than is allowed.
    #[error("body that decompresses to more than {times} times what was sent")]
    BodySwells {
        /// How many times as long it may become.
        times: u32,
    },
    /// The body is not what its `Content-Encoding` says, or is packed more than twice.
    #[error("body can't be decompressed")]
    BadEncoding,
    /// The host's robots.txt forbids it, or the host does not say what its robots.txt is.
    #[error("{}", RobotsText(*.status))]
    Robots {
        /// The status of the robots.txt itself, where that is the reason.
        status: Option<u16>,
    },
    /// Something that is not HTTP as it should be.
    #[error("{0}")]
    Protocol(String),
    /// The ambient token was cancelled or the ambient deadline passed.
    #[error("interrupted: {0}")]
    Interrupted(Interrupt),
}

impl FetchError {
    /// A short word for reports, that stays the same from version to version.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Dns { .. } => "dns",
            Self::Connect(_) => "connect",
            Self::Private { .. } => "private",
            Self::UrlTooLong { .. } => "url-too-long",
            Self::Tls(_) => "tls",
            Self::Timeout { .. } => "timeout",
            Self::Reset => "reset",
            Self::RedirectLoop => "redirect-loop",
            Self::TooManyRedirects { .. } => "too-many-redirects",
            Self::BadRedirect(_) => "bad-redirect",
            Self::BodyTooLarge { .. } => "body-too-large",
            Self::BodySwells { .. } => "body-swells",
            Self::BadEncoding => "bad-encoding",
            Self::Robots { .. } => "robots",
            Self::Protocol(_) => "protocol",
            Self::Interrupted(_) => "interrupted",
        }
    }

    /// The status that the server answered with, where that is the error.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(*status),
            _ => None,
        }
    }

    /// Whether one of the configured limits passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether the caller gave up, which says nothing about the URL.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted(_))
    }

    /// Whether no connection to the host came about.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Dns { .. }
                | Self::Connect(_)
                | Self::Private { .. }
                | Self::Tls(_)
                | Self::Timeout { phase: Phase::Connect, .. }
        )
    }
}

impl From<Interrupt> for FetchError {
    fn from(interrupt: Interrupt) -> Self {
        Self::Interrupted(interrupt)
    }
}

struct StatusLine(u16);

impl fmt::Display for StatusLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = StatusCode::from_u16(self.0).ok().and_then(|status| status.canonical_reason());
        match reason {
            Some(reason) => write!(f, "{} {reason}", self.0),
            None => write!(f, "status {}", self.0),
        }
    }
}

struct TimeoutText(Phase, Duration);

impl fmt::Display for TimeoutText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = humantime::format_duration(self.1);
        match self.0 {
            Phase::Connect => write!(f, "no connection within {limit}"),
            Phase::Read => write!(f, "no answer for {limit}"),
            Phase::Total => write!(f, "not finished within {limit}"),
        }
    }
}

struct RobotsText(Option<u16>);

impl fmt::Display for RobotsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("disallowed by robots.txt"),
            Some(status) => write!(f, "robots.txt can't be read ({}), so nothing may be fetched", StatusLine(status)),
        }
    }
}

/// Why a [`Fetcher`](super::Fetcher) could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchSetupError {
    /// A value that can't be worked with.
    #[error("{field} must be {must}")]
    Value {
        /// The field of [`HttpConfig`](super::HttpConfig).
        field: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// A header whose name or value HTTP does not allow.
    #[error("{name:?} is not a header that can be sent: {reason}")]
    Header {
        /// The name as configured.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header with credentials, and nobody who may see it.
    #[error("header {name:?} carries credentials: name the hosts that it goes to in credential_hosts")]
    Credentials {
        /// The name as configured.
        name: String,
    },
    /// The client itself could not be set up.
    #[error("can't set up the HTTP client")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}
