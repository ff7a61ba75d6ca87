//! The `Content-Type` header, taken apart.

/// The media type and its charset, both in lower case.
///
/// Lenient as browsers are: unknown parameters are passed over, quotes are optional.
pub(super) fn parse(header: &str) -> (Option<String>, Option<String>) {
    let mut parts = header.split(';');
    let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"').trim();
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_ascii_lowercase())
    });
    // A type without a subtype says nothing.
    let essence = essence.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()).then_some(essence);
    (essence, charset)
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn parsed(header: &str) -> (Option<String>, Option<String>) {
        parse(header)
    }

    #[test]
    fn the_type_and_the_charset_come_apart_in_lower_case() {
        assert_eq!(parsed("Text/HTML; Charset=\"UTF-8\""), (Some("text/html".into()), Some("utf-8".into())));
        assert_eq!(parsed("text/html;level=1; charset=koi8-r"), (Some("text/html".into()), Some("koi8-r".into())));
    }

    #[test]
    fn what_is_missing_or_malformed_is_none() {
        assert_eq!(parsed("application/pdf"), (Some("application/pdf".into()), None));
        assert_eq!(parsed("text/html; charset="), (Some("text/html".into()), None));
        assert_eq!(parsed(""), (None, None));
        assert_eq!(parsed("html"), (None, None));
    }
}
