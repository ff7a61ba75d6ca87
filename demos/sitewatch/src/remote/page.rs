//! Reading a page where it was fetched.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::hex::hex;
use crate::html::{self, Outline};

/// A page, read.
#[derive(Debug)]
pub(crate) struct ReadPage {
    pub(crate) hash: String,
    /// Its outline, packed, as Base64.
    pub(crate) packed: String,
}

/// What tells whether a page holds the same: a hash of its bytes, of how they are to be read, and of how many of its
/// links are kept.
pub(crate) fn hash(body: &[u8], charset: Option<&str>, links: usize) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} {links}", charset.unwrap_or_default()));
    hash.update([0]);
    hash.update(body);
    hex(&hash.finalize())
}

/// Reads a page, and keeps so many of its links. It computes for as long as the page is long.
pub(crate) fn read(body: &[u8], charset: Option<&str>, links: usize) -> ReadPage {
    let outline = Outline::up_to(&html::decode(body, charset), links);
    ReadPage { hash: hash(body, charset, links), packed: STANDARD.encode(outline.packed()) }
}

/// The outline of a page that was read elsewhere; nothing if it makes no sense.
pub(crate) fn unpacked(packed: &str) -> Option<Outline> {
    Outline::unpacked(&STANDARD.decode(packed).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_same_where_it_is_read_and_where_it_is_needed() {
        let page = "<h1 id=top>Hi</h1>\n<a href=a.html>a</a><a href=b.html>b</a>";
        let read = read(page.as_bytes(), Some("utf-8"), 1);
        assert_eq!(unpacked(&read.packed), Some(Outline::up_to(page, 1)));
        assert_eq!(read.hash, hash(page.as_bytes(), Some("utf-8"), 1));
        assert_ne!(read.hash, hash(page.as_bytes(), Some("utf-8"), 2));
        assert_ne!(read.hash, hash(page.as_bytes(), None, 1));
        assert!(unpacked("no Base64 at all").is_none() && unpacked("AAAA").is_none());
    }
}
