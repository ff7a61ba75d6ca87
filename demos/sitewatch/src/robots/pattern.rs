//! The path of one rule.

/// A path with `*` for any characters and `$` for the end, in normal form.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// What is between the `*`; never empty.
    parts: Vec<String>,
    /// Whether it ends with `$`.
    to_the_end: bool,
    len: usize,
}

impl Pattern {
    pub(super) fn new(written: &[u8]) -> Self {
        let (body, to_the_end) = match written.strip_suffix(b"$") {
            Some(body) => (body, true),
            None => (written, false),
        };
        let mut normal = normalize(body, b"$");
        // `Disallow: private` is against the RFC, but clear enough.
        if !body.is_empty() && !normal.starts_with(['/', '*']) {
            normal.insert(0, '/');
        }
        let len = normal.len() + usize::from(to_the_end);
        Self { parts: normal.split('*').map(str::to_owned).collect(), to_the_end, len }
    }

    /// How specific it is: its length in bytes, as written but for normalization.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Each part is looked for once, from where the one before it ended: a place further on can't
    /// be better, as a `*` follows. So the time is linear in the path, however many stars there are.
    pub(super) fn matches(&self, path: &str) -> bool {
        let [first, rest @ ..] = self.parts.as_slice() else { return false };
        let Some(mut left) = path.strip_prefix(first.as_str()) else { return false };
        let (middle, last) = match rest {
            [] => return !self.to_the_end || left.is_empty(),
            [middle @ .., last] => (middle, last),
        };
        for part in middle {
            match left.find(part) {
                Some(at) => left = &left[at + part.len()..],
                None => return false,
            }
        }
        if self.to_the_end { left.ends_with(last) } else { left.contains(last) }
    }
}

/// The path of a URL as rules are compared to it: without its fragment, in normal form.
pub(super) fn normalize_path(path_and_query: &str) -> String {
    let path = path_and_query.split('#').next().unwrap_or_default();
    // Here, these two are themselves; a rule that means them writes them percent-encoded.
    let mut normal = normalize(path.as_bytes(), b"*$");
    if !normal.starts_with('/') {
        normal.insert(0, '/');
    }
    normal
}

/// Percent-encodes what is beyond ASCII or in `encode`, decodes what needs no encoding (the
/// unreserved characters of RFC 3986) and writes the rest with capital digits. ASCII only.
fn normalize(text: &[u8], encode: &[u8]) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        if let (b'%', Some(value)) = (*byte, after.first_chunk().and_then(hex)) {
            rest = &after[2..];
            if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
                normal.push(char::from(value));
            } else {
                push_encoded(&mut normal, value);
            }
        } else if byte.is_ascii() && !encode.contains(byte) {
            normal.push(char::from(*byte));
        } else {
            push_encoded(&mut normal, *byte);
        }
    }
    normal
}

fn hex(digits: &[u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

fn push_encoded(normal: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    normal.push('%');
    normal.push(char::from(DIGITS[usize::from(byte >> 4)]));
    normal.push(char::from(DIGITS[usize::from(byte & 15)]));
}
