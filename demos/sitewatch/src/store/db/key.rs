//! Keys of a fixed size, for texts of any length.
//!
//! An entry of an index has a limit, which is about 2.7 kB in PostgreSQL, and an address that is asked for may have
//! three times as much. So whatever is looked up by addresses is looked up by their SHA-256.

use sha2::{Digest, Sha256};

use super::value::storable;

/// What stands for a text, or for several.
pub(crate) type Key = [u8; 32];

/// The key of a text, as it is kept.
pub(crate) fn of_text(text: &str) -> Key {
    Sha256::digest(storable(text).as_bytes()).into()
}

/// The key of all links of a page to one URL: made of the keys of both, as there is no separator that neither can hold.
pub(crate) fn of_link(page: &str, url: &str) -> Key {
    Sha256::digest([of_text(page), of_text(url)].concat()).into()
}
