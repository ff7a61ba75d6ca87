//! The addresses in a `srcset` attribute.

const SPACE: [char; 5] = ['\t', '\n', '\x0c', '\r', ' '];

/// Gives each candidate's address to `found`.
///
/// This is the splitting loop of the HTML standard's
/// [parse a srcset attribute](https://html.spec.whatwg.org/multipage/images.html#parse-a-srcset-attribute),
/// so that commas inside an address (and in a `data:` one) don't end it. A candidate with a
/// descriptor that makes no sense is told as well: it is a mistake, but its address is meant.
pub(super) fn candidates(srcset: &str, mut found: impl FnMut(&str)) {
    let mut rest = srcset;
    loop {
        rest = rest.trim_start_matches(|c| c == ',' || SPACE.contains(&c));
        if rest.is_empty() {
            return;
        }
        let end = rest.find(SPACE).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        let without_commas = address.trim_end_matches(',');
        found(without_commas);
        rest = if without_commas.len() < address.len() { after } else { skip_descriptors(after) };
    }
}

/// What follows the comma that ends the candidate; a comma in parentheses does not.
fn skip_descriptors(rest: &str) -> &str {
    let mut in_parentheses = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'(' => in_parentheses = true,
            b')' => in_parentheses = false,
            b',' if !in_parentheses => return &rest[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::candidates;

    fn all(srcset: &str) -> Vec<String> {
        let mut found = Vec::new();
        candidates(srcset, |address| found.push(address.to_owned()));
        found
    }

    #[test]
    fn addresses_are_split_as_the_standard_says() {
        assert_eq!(all("a.png 1x, b.png 2x"), ["a.png", "b.png"]);
        assert_eq!(all("a.png, b.png 2x,c.png"), ["a.png", "b.png", "c.png"]);
        assert_eq!(all("  ,, a.png 100w ,\n b.png 200w,"), ["a.png", "b.png"]);
        assert_eq!(all("a.png,b.png"), ["a.png,b.png"], "no space, so one address");
        assert_eq!(all("/w_10,h_20/a.png 1x, /w_20,h_40/a.png 2x"), ["/w_10,h_20/a.png", "/w_20,h_40/a.png"]);
        assert_eq!(all("data:image/gif;base64,R0lGOD 1x, b.png 2x"), ["data:image/gif;base64,R0lGOD", "b.png"]);
        assert_eq!(all("a.png (x, y), b.png"), ["a.png", "b.png"]);
        assert_eq!(all("a.png (x, y"), ["a.png"]);
        assert_eq!(all(" , "), [""; 0]);
    }
}
