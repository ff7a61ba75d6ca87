//! What an error of the HTTP client means.
use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use super::resolver::PrivateOnly;
use super::{FetchError, Phase};

/// An error before the head of the answer was there.
pub(super) fn sending(error: &reqwest::Error, connect_timeout: Duration) -> FetchError {
    if let Some(PrivateOnly(address)) = chain(error).find_map(|cause| cause.downcast_ref::<PrivateOnly>()) {
        return FetchError::Private { address: *address };
    }
    if error.is_dns() {
        // getaddrinfo's "try again" arrives as text only.
        let temporary = chain(error).any(|cause| {
            let text = cause.to_string();
            ["Temporary failure", "Try again", "temporary error"].iter().any(|sign| text.contains(sign))
        });
        return FetchError::Dns { temporary };
    }
    if error.is_connect() && error.is_timeout() {
        return FetchError::Timeout { phase: Phase::Connect, limit: connect_timeout };
    }
    cause_of(error).unwrap_or_else(|| FetchError::Protocol(innermost(error)))
}

/// An error while the body was read, as it came.
pub(super) fn reading(error: &reqwest::Error) -> FetchError {
    cause_of(error).unwrap_or_else(|| FetchError::Protocol(innermost(error)))
}

/// The first cause down the chain that says something definite.
fn cause_of(error: &(dyn Error + 'static)) -> Option<FetchError> {
    chain(error).find_map(|cause| {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            Some(FetchError::Tls(tls_text(tls)))
        } else if let Some(io) = cause.downcast_ref::<io::Error>() {
            io_cause(io.kind())
        } else if let Some(http) = cause.downcast_ref::<hyper::Error>() {
            http_cause(http)
        } else {
            None
        }
    })
}

fn io_cause(kind: io::ErrorKind) -> Option<FetchError> {
    use io::ErrorKind as Kind;
    match kind {
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => {
            Some(FetchError::Reset)
        }
        Kind::ConnectionRefused
        | Kind::HostUnreachable
        | Kind::NetworkUnreachable
        | Kind::NetworkDown
        | Kind::AddrNotAvailable
        | Kind::PermissionDenied => Some(FetchError::Connect(kind)),
        // The system gave up on the connection before we did.
        Kind::TimedOut => Some(FetchError::Reset),
        // A wrapper; what it wraps says more.
        _ => None,
    }
}

fn http_cause(error: &hyper::Error) -> Option<FetchError> {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        Some(FetchError::Reset)
    } else if error.is_parse() {
        Some(FetchError::Protocol(format!("not an HTTP answer: {error}")))
    } else {
        None
    }
}

fn tls_text(error: &rustls::Error) -> String {
    use CertificateError as Certificate;
    use rustls::Error as Tls;
    // rustls writes the time of the check into some of these: the same finding, another text each run.
    match error {
        Tls::InvalidCertificate(certificate) => match certificate {
            Certificate::Expired | Certificate::ExpiredContext { .. } => "certificate expired".to_owned(),
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => "certificate not valid yet".to_owned(),
            Certificate::UnknownIssuer => "certificate issued by nobody that this system trusts".to_owned(),
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                "certificate for another host name".to_owned()
            }
            Certificate::Revoked => "certificate revoked".to_owned(),
            other => format!("certificate not valid: {other}"),
        },
        other => format!("no secure connection: {other}"),
    }
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}

/// An error and everything under it.
///
/// `io::Error::source` skips what it wraps, and that is just what matters here.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(error: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
        io::Error::other(io::Error::other(error))
    }

    #[test]
    fn a_tls_error_is_found_inside_of_io_errors() {
        let error = wrapped(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
        let cause = cause_of(&error).unwrap();
        assert_eq!(cause.code(), "tls");
        assert_eq!(cause.to_string(), "certificate issued by nobody that this system trusts");
    }

    #[test]
    fn a_refused_connection_is_told_from_one_that_was_reset() {
        let refused = wrapped(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(cause_of(&refused).unwrap().to_string(), "connection refused");
        let reset = wrapped(io::Error::from(io::ErrorKind::ConnectionReset));
        assert_eq!(cause_of(&reset).unwrap().code(), "reset");
    }

    #[test]
    fn the_text_of_an_expired_certificate_is_the_same_at_any_time() {
        let at = |secs| {
            let time = rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(secs));
            let not_after = rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(10));
            tls_text(&rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { time, not_after }))
        };
        assert_eq!(at(100), at(200));
    }

    #[test]
    fn what_says_nothing_definite_has_no_cause() {
        assert!(cause_of(&wrapped("something else")).is_none());
    }
}
