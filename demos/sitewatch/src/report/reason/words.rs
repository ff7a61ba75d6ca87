use std::fmt;
use std::str::FromStr;

use super::Reason;

impl Reason {
    /// The stable short code: lower-case words joined by hyphens; `http-404` for a status.
    #[must_use]
    pub fn code(self) -> impl fmt::Display + Copy {
        Code(self)
    }

    /// What it means, in plain words, without a full stop.
    #[must_use]
    pub fn sentence(self) -> impl fmt::Display + Copy {
        Sentence(self)
    }

    /// Code and sentence; for a status the code's part before the number.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Ok => ("ok", "works"),
            Self::MovedPermanently => ("moved-permanently", "moved permanently"),
            Self::MovedTemporarily => ("moved-temporarily", "moved temporarily"),
            Self::HttpStatus(_) => ("http-", "HTTP status"),
            Self::Dns => ("dns", "the host name does not resolve"),
            Self::Refused => ("refused", "the connection was refused"),
            Self::Unreachable => ("unreachable", "the host can't be reached"),
            Self::Tls => ("tls", "no secure connection"),
            Self::Timeout => ("timeout", "no answer in time"),
            Self::Reset => ("reset", "the connection broke off"),
            Self::Protocol => ("protocol", "the answer is not valid HTTP"),
            Self::BadEncoding => ("bad-encoding", "the answer can't be decompressed"),
            Self::RedirectLoop => ("redirect-loop", "redirects in a circle"),
            Self::TooManyRedirects => ("too-many-redirects", "too many redirects"),
            Self::BadRedirect => ("bad-redirect", "redirects to nowhere"),
            Self::PrivateAddress => ("private-address", "leads to a private address, which is not asked for"),
            Self::MissingFragment => ("missing-fragment", "the page has no such id or name"),
            Self::MissingFile => ("missing-file", "no such file"),
            Self::NoIndex => ("no-index", "the folder has no index.html"),
            Self::OutsideFolder => ("outside-folder", "leads out of the folder"),
            Self::Unreadable => ("unreadable", "the file can't be read"),
            Self::MalformedUrl => ("malformed-url", "not a valid URL"),
            Self::Failed => ("failed", "the check of this link failed"),
            Self::TooManyLinks => {
                ("too-many-links", "the page has more links than are looked at: this is the first that is not")
            }
            Self::Mailto => ("mailto", "an e-mail address"),
            Self::Tel => ("tel", "a telephone number"),
            Self::Data => ("data", "data inside the page"),
            Self::Javascript => ("javascript", "a script"),
            Self::Scheme => ("scheme", "a scheme that is not checked"),
            Self::Robots => ("robots", "robots.txt asks not to fetch it"),
            Self::Excluded => ("excluded", "left out by --include or --exclude"),
            Self::External => ("external", "out of scope, with --no-external"),
            Self::TooLarge => ("too-large", "there, but too large to look for its fragment"),
            Self::UrlTooLong => ("url-too-long", "longer than 8,192 bytes, which is not asked for"),
            Self::BeyondLimit => ("beyond-limit", "beyond the links of a page that are looked at"),
            Self::Interrupted => ("interrupted", "the check was stopped before"),
        }
    }
}

#[derive(Clone, Copy)]
struct Code(Reason);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reason::HttpStatus(number) => f.pad(&format!("http-{number}")),
            other => f.pad(other.words().0),
        }
    }
}

#[derive(Clone, Copy)]
struct Sentence(Reason);

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Reason::HttpStatus(number) = self.0 else {
            return f.write_str(self.0.words().1);
        };
        let known = reqwest::StatusCode::from_u16(number).ok();
        match known.as_ref().and_then(reqwest::StatusCode::canonical_reason) {
            Some(name) => write!(f, "{number} {name}"),
            None => write!(f, "HTTP status {number}"),
        }
    }
}

/// Not the code of a [`Reason`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such reason: {0}")]
pub struct UnknownReason(pub String);

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let status = || {
            let digits = code.strip_prefix("http-")?;
            let exact = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| exact).map(Self::HttpStatus)
        };
        let plain = || Self::PLAIN.into_iter().find(|reason| reason.words().0 == code);
        plain().or_else(status).ok_or_else(|| UnknownReason(code.to_owned()))
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.code())
    }
}
