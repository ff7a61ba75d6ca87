use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::hex::hex;

/// What a signature begins with, so that there can be another kind some day.
const VERSION: &str = "v1=";

/// Signs a request: `v1=` and the HMAC-SHA-256 of `<timestamp>.<body>` in hexadecimal digits.
///
/// This is what a webhook sends as `X-Sitewatch-Signature`, with the timestamp, in seconds since 1970, as
/// `X-Sitewatch-Timestamp`. Sign a request of your own to try a receiver.
///
/// HMAC is RFC 2104's.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::{sign, verify};
///
/// let signature = sign("whsec-example", "1795705200", b"{}");
/// assert!(signature.starts_with("v1="));
/// assert!(verify("whsec-example", "1795705200", b"{}", &signature));
/// assert!(!verify("whsec-example", "1795705201", b"{}", &signature));
/// ```
#[must_use]
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    format!("{VERSION}{}", hex(&mac(secret, timestamp, body).finalize().into_bytes()))
}

/// Whether a request is from somebody who knows the secret, and as they sent it. It takes the same time for every
/// signature of the right shape, so nobody can guess one bit by bit.
///
/// However, a request that was overheard can be sent again as it is. So also refuse what is older than a few minutes,
/// and what you have seen already.
///
/// # Examples
///
/// A receiver, for a server of any kind:
///
/// ```
/// use sitewatch::notify::verify;
/// use std::collections::HashMap;
///
/// /// Seconds by which the clocks may differ, and for which a request may be under way.
/// const LATEST: u64 = 300;
///
/// /// Whether to believe a request, whose headers' names are in lower case.
/// fn is_genuine(secret: &str, headers: &HashMap<&str, String>, body: &[u8], now: i64) -> bool {
///     let (Some(timestamp), Some(signature)) =
///         (headers.get("x-sitewatch-timestamp"), headers.get("x-sitewatch-signature"))
///     else {
///         return false;
///     };
///     let is_fresh = timestamp.parse::<i64>().is_ok_and(|sent| now.abs_diff(sent) <= LATEST);
///     // The body as it came: parsed and written again, it may be another one.
///     is_fresh && verify(secret, timestamp, body, signature)
/// }
///
/// let body = br#"{"version":1,"notices":[]}"#;
/// let mut headers = HashMap::from([
///     ("x-sitewatch-timestamp", "1795705200".to_owned()),
///     (
///         "x-sitewatch-signature",
///         "v1=634042f164aaf27158a6762f606681559dcc7f6a4c7873bc9b89bf445ee38365".to_owned(),
///     ),
/// ]);
/// assert!(is_genuine("whsec-example", &headers, body, 1_795_705_230));
/// assert!(!is_genuine("whsec-example", &headers, body, 1_795_709_999), "too old");
/// assert!(!is_genuine("another", &headers, body, 1_795_705_230));
/// headers.remove("x-sitewatch-signature");
/// assert!(!is_genuine("whsec-example", &headers, body, 1_795_705_230));
/// ```
#[must_use]
pub fn verify(secret: &str, timestamp: &str, body: &[u8], signature: &str) -> bool {
    let Some(tag) = signature.trim().strip_prefix(VERSION).and_then(unhex) else { return false };
    mac(secret, timestamp, body).verify_slice(&tag).is_ok()
}

fn mac(secret: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of HMAC has any length");
    mac.chain_update(timestamp).chain_update(b".").chain_update(body)
}

/// The 32 bytes that these are the digits of.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(bytes)
}
