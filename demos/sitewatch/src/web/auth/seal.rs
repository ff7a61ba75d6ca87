use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::hex::hex;

/// Marks texts as ours, with the token as the key: HMAC-SHA-256 ([RFC 2104]). Each mark is for one purpose.
///
/// [RFC 2104]: https://www.rfc-editor.org/rfc/rfc2104
pub(super) struct Seal {
    key: Hmac<Sha256>,
    /// The mark of the token itself.
    token: String,
}

impl Seal {
    pub(super) fn new(token: &str) -> Self {
        let key = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
        let mut seal = Self { key, token: String::new() };
        seal.token = seal.sign("token", token);
        seal
    }

    /// In a time that doesn't depend on what is right of it: marks are compared.
    pub(super) fn is_token(&self, given: &str) -> bool {
        self.holds("token", given, &self.token)
    }

    pub(super) fn sign(&self, purpose: &str, text: &str) -> String {
        hex(&self.mark(purpose, text).finalize().into_bytes())
    }

    /// Whether this is the mark of a text: in a time that doesn't depend on what is right of it.
    pub(super) fn holds(&self, purpose: &str, text: &str, mark: &str) -> bool {
        bytes(mark).is_some_and(|mark| self.mark(purpose, text).verify_slice(&mark).is_ok())
    }

    /// A text that holds until then, as one word of letters, digits and dots.
    pub(super) fn close(&self, purpose: &str, text: &str, until: Timestamp) -> String {
        let body = format!("{}.{}", until.as_second(), hex(text.as_bytes()));
        let mark = self.sign(purpose, &body);
        format!("{body}.{mark}")
    }

    /// The text, if it is ours and holds still.
    pub(super) fn open(&self, purpose: &str, closed: &str, now: Timestamp) -> Option<String> {
        let (body, mark) = closed.rsplit_once('.')?;
        if !self.holds(purpose, body, mark) {
            return None;
        }
        let (until, text) = body.split_once('.')?;
        let until: i64 = until.parse().ok()?;
        if now.as_second() >= until {
            return None;
        }
        String::from_utf8(bytes(text)?).ok()
    }

    fn mark(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        // No purpose has a zero in it, so no two pairs give the same bytes.
        self.key.clone().chain_update(purpose).chain_update([0u8]).chain_update(text)
    }
}

/// Only lower case is taken, so that one text has one spelling.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect()
}
