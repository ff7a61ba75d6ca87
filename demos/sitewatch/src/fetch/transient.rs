//! What is worth another attempt, and when.
use std::time::{Duration, SystemTime};

use patterns_core::retry::Verdict;

use super::{FetchError, Phase};

/// The longest `Retry-After` that is waited for.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

// ANCHOR: transient
/// Judges a failed request.
///
/// A refusal and a name that does not exist are answers, and another attempt gets the same one. So
/// is a server that keeps silent: it had its time.
pub(super) fn transient(error: &FetchError, retry_after: Option<Duration>) -> Verdict {
    match (error, retry_after) {
        (FetchError::Status(429 | 503), Some(wait)) if wait > LONGEST_WAIT => Verdict::Stop,
        (FetchError::Status(429 | 503), Some(wait)) => Verdict::RetryAfter(wait),
        (FetchError::Status(429 | 502..=504), _)
        | (FetchError::Reset, _)
        | (FetchError::Dns { temporary: true }, _)
        | (FetchError::Timeout { phase: Phase::Connect, .. }, _) => Verdict::Retry,
        _ => Verdict::Stop,
    }
}
// ANCHOR_END: transient

/// The `Retry-After` header: seconds, or a date, which is taken relative to `now`.
///
/// `now` is best the answer's own `Date`: then a clock that is off does not matter.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a very long time all the same.
        return Some(Duration::from_secs(header.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(header).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    #[test]
    fn only_what_may_pass_is_transient() {
        for error in [
            FetchError::Status(429),
            FetchError::Status(502),
            FetchError::Status(503),
            FetchError::Status(504),
            FetchError::Reset,
            FetchError::Dns { temporary: true },
            FetchError::Timeout { phase: Phase::Connect, limit: TIMEOUT },
        ] {
            assert_eq!(transient(&error, None), Verdict::Retry, "{error}");
        }
        for error in [
            FetchError::Status(404),
            FetchError::Status(500),
            FetchError::Dns { temporary: false },
            FetchError::Connect(std::io::ErrorKind::ConnectionRefused),
            FetchError::Tls("certificate expired".to_owned()),
            FetchError::Timeout { phase: Phase::Read, limit: TIMEOUT },
            FetchError::Timeout { phase: Phase::Total, limit: TIMEOUT },
            FetchError::BadEncoding,
            FetchError::RedirectLoop,
        ] {
            assert_eq!(transient(&error, None), Verdict::Stop, "{error}");
        }
    }

    #[test]
    fn a_wait_that_the_server_asked_for_is_kept_up_to_a_minute() {
        let seconds = Duration::from_secs;
        assert_eq!(transient(&FetchError::Status(503), Some(seconds(60))), Verdict::RetryAfter(seconds(60)));
        assert_eq!(transient(&FetchError::Status(429), Some(seconds(61))), Verdict::Stop);
        assert_eq!(transient(&FetchError::Status(404), Some(seconds(1))), Verdict::Stop);
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("99999999999999999999999", now), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
        assert_eq!(retry_after("", now), None);
    }
}
