//! The address in a `<meta http-equiv=refresh content>`.

fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// The address as it stands there; `None` for a page that reloads itself or a value that no browser
/// would act on.
///
/// From the HTML standard's
/// [shared declarative refresh steps](https://html.spec.whatwg.org/multipage/semantics.html#shared-declarative-refresh-steps).
pub(super) fn address(content: &str) -> Option<&str> {
    let rest = content.trim_start_matches(is_space);
    if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !rest.starts_with(|c| c == ';' || c == ',' || is_space(c)) {
        return None;
    }
    let rest = rest.trim_start_matches(is_space);
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start_matches(is_space);
    let value = match after_url_and_equals_sign(rest) {
        Some(value) => value,
        None => rest,
    };
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
        _ => value,
    };
    (!value.is_empty()).then_some(value)
}

fn after_url_and_equals_sign(text: &str) -> Option<&str> {
    let word = text.get(..3)?;
    if !word.eq_ignore_ascii_case("url") {
        return None;
    }
    let rest = text[3..].trim_start_matches(is_space).strip_prefix('=')?;
    Some(rest.trim_start_matches(is_space))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_is_what_a_browser_would_go_to() {
        assert_eq!(address("0;url=a.html"), Some("a.html"));
        assert_eq!(address(" 5.5 ; URL = 'a b.html' x"), Some("a b.html"));
        assert_eq!(address("0, \"a.html"), Some("a.html"));
        assert_eq!(address("0 a.html"), Some("a.html"));
        assert_eq!(address(".;a.html"), Some("a.html"));
        assert_eq!(address("0;urls.html"), Some("urls.html"));
        assert_eq!(address("0;u"), Some("u"));
        assert_eq!(address("0;ürl=x"), Some("ürl=x"));
    }

    #[test]
    fn a_reload_or_nonsense_has_no_address() {
        for content in ["", "5", "5;", "5; url=", "5; url=''", "x;url=a", "5x;url=a", ";url=a"] {
            assert_eq!(address(content), None, "{content:?}");
        }
    }
}
