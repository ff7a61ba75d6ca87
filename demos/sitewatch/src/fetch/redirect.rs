//! Where a redirect leads.
use url::Url;

use super::{FetchError, url_length};

/// How many characters of a location are repeated in a message.
const SHOWN: usize = 200;

/// The target of a redirect that `from` answered with.
pub(super) fn target(from: &Url, location: Option<&str>) -> Result<Url, FetchError> {
    let location = location.ok_or_else(|| FetchError::BadRedirect("redirect without a location".to_owned()))?;
    // It is named where it is wrong, and may be as long as a header may be.
    let shown = location.chars().take(SHOWN).collect::<String>();
    let mut target = from
        .join(location)
        .map_err(|error| FetchError::BadRedirect(format!("redirect to {shown:?}, which is no address: {error}")))?;
    if !matches!(target.scheme(), "http" | "https") {
        return Err(FetchError::BadRedirect(format!("redirect to {shown:?}, which is not over HTTP")));
    }
    url_length::check(&target)?;
    // RFC 9110, section 10.2.2.
    if target.fragment().is_none() {
        target.set_fragment(from.fragment());
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_relative_location_is_resolved_and_inherits_the_fragment() {
        let from = url("http://a.example/x/y?q#part");
        let to = |location| target(&from, Some(location)).unwrap().to_string();
        assert_eq!(to("../z"), "http://a.example/z#part");
        assert_eq!(to("//b.example/"), "http://b.example/#part");
        assert_eq!(to("?r#other"), "http://a.example/x/y?r#other");
        assert_eq!(to("/caf\u{e9}"), "http://a.example/caf%C3%A9#part");
    }

    #[test]
    fn a_location_that_is_missing_malformed_or_not_http_is_a_bad_redirect() {
        let from = url("http://a.example/");
        for location in [None, Some("http://[::"), Some("ftp://a.example/"), Some("mailto:a@b.example")] {
            assert_eq!(target(&from, location).unwrap_err().code(), "bad-redirect", "{location:?}");
        }
    }

    #[test]
    fn a_location_that_is_too_long_is_neither_followed_nor_repeated() {
        let from = url("http://a.example/");
        let error = |location: String| target(&from, Some(&location)).unwrap_err();
        assert_eq!(error(format!("/{}", "x".repeat(9_000))).code(), "url-too-long");
        // As long as allowed where it stands, and three times as long as it would be sent.
        assert_eq!(error(format!("/{}", "\u{e9}".repeat(4_000))).code(), "url-too-long");
        assert!(error(format!("ftp://a.example/{}", "x".repeat(9_000))).to_string().len() < 300);
        assert!(error(format!("http://[{}", "x".repeat(9_000))).to_string().len() < 300);
        let fits = format!("/{}#{}", "x".repeat(8_000), "y".repeat(1_000));
        assert!(target(&from, Some(&fits)).is_ok());
    }
}
