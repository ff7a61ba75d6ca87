//! A chain of redirects, and when it is over.
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

    /// Records that `from` redirected to `to`, if the chain may go on there.
    pub(super) fn follow(&mut self, from: &Url, status: u16, to: &Url) -> Result<(), FetchError> {
        if self.seen.contains(&bare(to)) {
            return Err(FetchError::RedirectLoop);
        }
        if self.hops.len() == self.limit {
            return Err(FetchError::TooManyRedirects { limit: self.limit });
        }
        self.hops.push(Hop { url: from.clone(), status });
        self.seen.insert(bare(to));
        Ok(())
    }
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
    fn the_same_url_twice_is_a_loop_whatever_its_fragment() {
        let start = url("http://a.example/1#x");
        let mut chain = Chain::new(&start, 10);
        let second = url("http://a.example/2");
        chain.follow(&start, 302, &second).unwrap();
        let again = url("http://a.example/1#y");
        assert_eq!(chain.follow(&second, 301, &again).unwrap_err().code(), "redirect-loop");
        assert_eq!(chain.hops, [Hop { url: start, status: 302 }]);
    }

    #[test]
    fn a_chain_may_be_as_long_as_the_limit_and_no_longer() {
        let at = |number| url(&format!("http://a.example/{number}"));
        let mut chain = Chain::new(&at(0), 2);
        chain.follow(&at(0), 307, &at(1)).unwrap();
        chain.follow(&at(1), 307, &at(2)).unwrap();
        let error = chain.follow(&at(2), 308, &at(3)).unwrap_err();
        assert_eq!(error.to_string(), "more than 2 redirects");
        assert_eq!(chain.hops.len(), 2);
    }
}
