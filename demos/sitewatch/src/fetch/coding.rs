//! How a body is packed, by its `Content-Encoding`.

use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::FetchError;

/// The request header that asks for just these.
pub(super) const ACCEPTED: &str = "gzip, deflate, br";

/// How often a body may be packed. Once is usual, and twice happens where a proxy packs again.
const MOST: usize = 2;

/// A way to pack a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    /// In the zlib format, as the standard says.
    Deflate,
    Brotli,
}

/// What is to be undone, in the order in which it is: the last one named first.
///
/// A name that nobody knows stands for no packing, as in browsers: what servers send under such names are plain pages.
pub(super) fn of(headers: &HeaderMap) -> Result<Vec<Coding>, FetchError> {
    let values = headers.get_all(CONTENT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(','));
    let mut codings: Vec<Coding> = names.filter_map(|name| named(name.trim())).take(MOST + 1).collect();
    if codings.len() > MOST {
        return Err(FetchError::BadEncoding);
    }
    codings.reverse();
    Ok(codings)
}

fn named(name: &str) -> Option<Coding> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("gzip") || is("x-gzip") {
        Some(Coding::Gzip)
    } else if is("deflate") {
        Some(Coding::Deflate)
    } else if is("br") {
        Some(Coding::Brotli)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn codings(values: &[&'static str]) -> Option<Vec<Coding>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        of(&headers).ok()
    }

    #[test]
    fn the_last_coding_is_undone_first_however_it_is_written() {
        assert_eq!(codings(&["gzip"]), Some(vec![Coding::Gzip]));
        assert_eq!(codings(&["GZIP , br"]), Some(vec![Coding::Brotli, Coding::Gzip]));
        assert_eq!(codings(&["x-gzip", "deflate"]), Some(vec![Coding::Deflate, Coding::Gzip]));
    }

    #[test]
    fn a_name_that_nobody_knows_is_no_coding() {
        for value in ["identity", "utf-8", "", " , ", "zstd"] {
            assert_eq!(codings(&[value]), Some(Vec::new()), "{value:?}");
        }
        assert_eq!(codings(&[]), Some(Vec::new()));
    }

    #[test]
    fn more_than_two_are_not_undone() {
        assert_eq!(codings(&["gzip, gzip", "gzip"]), None);
        assert_eq!(codings(&["gzip, identity, gzip"]), Some(vec![Coding::Gzip, Coding::Gzip]));
    }
}
