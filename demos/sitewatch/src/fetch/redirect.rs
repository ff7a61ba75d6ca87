//! Where a redirect leads.
use url::Url;

use super::FetchError;

/// The target of a redirect that `from` answered with.
pub(super) fn target(from: &Url, location: Option<&str>) -> Result<Url, FetchError> {
    let location = location.ok_or_else(|| FetchError::BadRedirect("redirect without a location".to_owned()))?;
    let mut target = from
        .join(location)
        .map_err(|error| FetchError::BadRedirect(format!("redirect to {location:?}, which is no address: {error}")))?;
    if !matches!(target.scheme(), "http" | "https") {
        return Err(FetchError::BadRedirect(format!("redirect to {location:?}, which is not over HTTP")));
    }
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
}
