//! What a fetch means for the link that asked for it.
use std::io::ErrorKind;

use super::{Reason, Verdict};
use crate::fetch::{FetchError, Fetched};

impl From<&FetchError> for Verdict {
    fn from(error: &FetchError) -> Self {
        let reason = match error {
            FetchError::Status(status) => return Self::new(Reason::HttpStatus(*status)),
            FetchError::Dns { temporary: false } => return Self::new(Reason::Dns),
            FetchError::Reset => return Self::new(Reason::Reset),
            FetchError::RedirectLoop => return Self::new(Reason::RedirectLoop),
            FetchError::BadEncoding => return Self::new(Reason::BadEncoding),
            FetchError::Robots { status: None } => return Self::new(Reason::Robots),
            FetchError::Connect(ErrorKind::ConnectionRefused) => return Self::new(Reason::Refused),
            FetchError::Interrupted(_) => return Self::new(Reason::Interrupted),
            FetchError::UrlTooLong { .. } => return Self::new(Reason::UrlTooLong),
            // The sentence says all but this.
            FetchError::Private { address } => return Self::new(Reason::PrivateAddress).detail(address.to_string()),
            FetchError::Dns { temporary: true } => Reason::Dns,
            FetchError::Connect(_) => Reason::Unreachable,
            FetchError::Tls(_) => Reason::Tls,
            FetchError::Timeout { .. } => Reason::Timeout,
            FetchError::TooManyRedirects { .. } => Reason::TooManyRedirects,
            FetchError::BadRedirect(_) => Reason::BadRedirect,
            FetchError::BodyTooLarge { .. } | FetchError::BodySwells { .. } => Reason::TooLarge,
            FetchError::Robots { status: Some(_) } => Reason::Robots,
            FetchError::Protocol(_) => Reason::Protocol,
        };
        Self::new(reason).detail(error.to_string())
    }
}

/// The verdict without regard to a fragment, with the redirects on the way.
impl From<&Fetched> for Verdict {
    fn from(fetched: &Fetched) -> Self {
        let hops = &fetched.redirects;
        let permanent = |status| matches!(status, 301 | 308);
        let verdict = match &fetched.result {
            Err(error) => Self::from(error),
            Ok(_) if hops.is_empty() => Self::new(Reason::Ok),
            Ok(_) if hops.iter().all(|hop| permanent(hop.status)) => Self::new(Reason::MovedPermanently),
            Ok(_) => Self::new(Reason::MovedTemporarily),
        };
        let last = (!hops.is_empty()).then_some(&fetched.url);
        verdict.redirects(hops.iter().skip(1).map(|hop| &hop.url).chain(last).map(|url| url.as_str()))
    }
}
