//! A chain of redirects: where it goes next, and when it is over.
use std::collections::HashSet;

use url::Url;

use super::{FetchError, Hop};

/// The URLs that one fetch has been at.
#[derive(Debug)]
pub(super) struct Chain {
    limit: usize,
    /// Without fragments: those never reach the server.
    seen: HashSet<Url>,
    pub(super) hops: Vec<Hop>,
}

impl Chain {
    pub(super) fn new(start: &Url, limit: usize) -> Self {
        Self { limit, seen: HashSet::from([bare(start)]), hops: Vec::new() }
    }

    /// Where `from`, which answered with a redirect, leads.
    pub(super) fn follow(&mut self, from: &Url, status: u16, location: Option<&str>) -> Result<Url, FetchError> {
        let target = resolve(from, location)?;
        if self.seen.contains(&bare(&target)) {
            return Err(FetchError::RedirectLoop);
        }
        if self.hops.len() == self.limit {
            return Err(FetchError::TooManyRedirects { limit: self.limit });
        }
        self.hops.push(Hop { url: from.clone(), status });
        self.seen.insert(bare(&target));
        Ok(target)
    }
}

fn resolve(from: &Url, location: Option<&str>) -> Result<Url, FetchError> {
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

fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
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
        let to = |location| resolve(&from, Some(location)).unwrap().to_string();
        assert_eq!(to("../z"), "http://a.example/z#part");
        assert_eq!(to("//b.example/"), "http://b.example/#part");
        assert_eq!(to("?r#other"), "http://a.example/x/y?r#other");
        assert_eq!(to("/caf\u{e9}"), "http://a.example/caf%C3%A9#part");
    }

    #[test]
    fn a_location_that_is_missing_malformed_or_not_http_is_a_bad_redirect() {
        let from = url("http://a.example/");
        for location in [None, Some("http://[::"), Some("ftp://a.example/"), Some("mailto:a@b.example")] {
            assert_eq!(resolve(&from, location).unwrap_err().code(), "bad-redirect", "{location:?}");
        }
    }

    #[test]
    fn the_same_url_twice_is_a_loop_whatever_its_fragment() {
        let start = url("http://a.example/1#x");
        let mut chain = Chain::new(&start, 10);
        let second = chain.follow(&start, 302, Some("/2")).unwrap();
        assert_eq!(chain.follow(&second, 301, Some("/1#y")).unwrap_err().code(), "redirect-loop");
        assert_eq!(chain.hops, [Hop { url: start, status: 302 }]);
    }

    #[test]
    fn a_chain_may_be_as_long_as_the_limit_and_no_longer() {
        let mut at = url("http://a.example/0");
        let mut chain = Chain::new(&at, 2);
        for next in ["/1", "/2"] {
            at = chain.follow(&at, 307, Some(next)).unwrap();
        }
        let error = chain.follow(&at, 308, Some("/3")).unwrap_err();
        assert_eq!(error.to_string(), "more than 2 redirects");
        assert_eq!(chain.hops.len(), 2);
    }
}
