use std::borrow::Cow;

/// The target of the link of relation `next` in a `Link` header: where the following page is.
///
/// The value is parsed as [RFC 8288] says: several links in one value, parameters in any order and case, several
/// relations in one `rel`, quoted values with commas, semicolons and escapes in them. Of several `next`
/// links it is the first; links with an `anchor` speak of another resource and are skipped. What comes after a
/// syntax error is ignored. Where a response has several `Link` headers, ask each.
///
/// The target may be relative to the request's URL. It is whatever the other side wrote: look at its scheme
/// and host before you send credentials there.
///
/// Time: linear in the length of the value; nothing is allocated unless a `rel` has escapes.
///
/// [RFC 8288]: https://www.rfc-editor.org/rfc/rfc8288#appendix-B.2
///
/// # Examples
///
/// ```
/// use patterns_core::stream::next_link;
///
/// let header = r#"<https://api.test/items?page=2>; rel="next", <https://api.test/items?page=9>; rel="last""#;
/// assert_eq!(next_link(header), Some("https://api.test/items?page=2"));
/// assert_eq!(next_link(r#"</items?page=9>; title="a, <b>; rel=next"; rel=last"#), None);
/// assert_eq!(next_link("https://api.test/items; rel=next"), None);
/// ```
#[must_use]
pub fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        // An element of the list may be empty.
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (target, after) = rest.strip_prefix('<')?.split_once('>')?;
        rest = after;
        let (mut relations, mut anchored) = (None, false);
        while let Some((parameter, after)) = parameter(rest) {
            rest = after;
            if parameter.name.eq_ignore_ascii_case("rel") {
                // Only the first counts.
                relations.get_or_insert(parameter.value);
            }
            anchored |= parameter.name.eq_ignore_ascii_case("anchor");
        }
        if !anchored && relations.is_some_and(|relations| has_next(&relations)) {
            return Some(target);
        }
        rest = trim(rest).strip_prefix(',')?;
    }
}

struct Parameter<'a> {
    name: &'a str,
    value: Cow<'a, str>,
}

/// Takes `; name=value` off the front, if that is what comes.
fn parameter(text: &str) -> Option<(Parameter<'_>, &str)> {
    let rest = trim(trim(text).strip_prefix(';')?);
    let end = rest.find(['=', ';', ',', ' ', '\t']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let Some(value) = trim(rest).strip_prefix('=').map(trim) else {
        return Some((Parameter { name, value: Cow::Borrowed("") }, rest));
    };
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, rest) = quoted_string(quoted);
        return Some((Parameter { name, value }, rest));
    }
    let end = value.find([';', ',']).unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    Some((Parameter { name, value: Cow::Borrowed(value) }, rest))
}

/// The text up to the closing quote, without its escapes, and what comes after. Without a closing quote all of
/// it belongs to the value.
fn quoted_string(text: &str) -> (Cow<'_, str>, &str) {
    let (mut escaped, mut escapes) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => (escaped, escapes) = (true, true),
            b'"' => return (unescaped(&text[..at], escapes), &text[at + 1..]),
            _ => {}
        }
    }
    (unescaped(text, escapes), "")
}

fn unescaped(text: &str, escapes: bool) -> Cow<'_, str> {
    if !escapes {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.extend(if char == '\\' { chars.next() } else { Some(char) });
    }
    Cow::Owned(plain)
}

fn has_next(relations: &str) -> bool {
    relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
}

fn trim(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}
