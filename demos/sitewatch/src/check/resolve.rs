use super::site::{Base, Resolved};
use crate::report::Reason;

/// Where a link on a page leads, without its fragment: as a check of that page takes it.
///
/// `page` is a URL, or a path below a folder that begins with a slash; what it leads to is a URL or such a path, too.
/// Neither is longer than [`LONGEST_URL`](crate::fetch::LONGEST_URL).
///
/// # Errors
///
/// The reason why nothing is asked for: [`MalformedUrl`](Reason::MalformedUrl), [`UrlTooLong`](Reason::UrlTooLong), or
/// that of a scheme that is not checked.
///
/// # Examples
///
/// ```
/// use sitewatch::check::resolve;
/// use sitewatch::report::Reason;
///
/// let page = "https://example.org/docs/intro.html";
/// assert_eq!(resolve(page, "../a%20b?c#d"), Ok("https://example.org/a%20b?c".to_owned()));
/// assert_eq!(resolve("/docs/intro.html", "../a%20b?c#d"), Ok("/a b".to_owned()));
/// assert_eq!(resolve(page, "mailto:me@example.org"), Err(Reason::Mailto));
/// assert_eq!(resolve(page, "https://[::"), Err(Reason::MalformedUrl));
/// ```
pub fn resolve(page: &str, href: &str) -> Result<String, Reason> {
    let mut key = String::new();
    match Base::of(page).resolve(href, &mut key) {
        Resolved::Target { .. } => Ok(key),
        Resolved::Skip(reason) => Err(reason),
        Resolved::Malformed => Err(Reason::MalformedUrl),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::LONGEST_URL;

    const PAGES: [&str; 2] = ["/a/b.html", "https://example.org/a/b.html"];

    #[test]
    fn what_is_too_long_is_told_so_whether_as_written_or_once_it_is_encoded() {
        let long = "x".repeat(LONGEST_URL + 1);
        assert_eq!(PAGES.map(|page| resolve(page, &long)), [Err(Reason::UrlTooLong), Err(Reason::UrlTooLong)]);
        let encoded = "\u{e9}".repeat(LONGEST_URL / 3);
        assert_eq!(resolve(PAGES[1], &encoded), Err(Reason::UrlTooLong));
        // Below a folder it is decoded again.
        assert_eq!(resolve(PAGES[0], &encoded).map(|key| key.len()), Ok(LONGEST_URL / 3 * 2 + 3));
        let data = format!("DATA:image/png;base64,{long}");
        assert_eq!(PAGES.map(|page| resolve(page, &data)), [Err(Reason::Data), Err(Reason::Data)]);
        let fits = "x".repeat(LONGEST_URL - 100);
        assert!(PAGES.iter().all(|page| resolve(page, &fits).is_ok()));
    }

    #[test]
    fn a_base_that_is_too_long_changes_nothing() {
        let long = format!("/{}/", "x".repeat(LONGEST_URL));
        // As long as allowed where it stands, and three times as long once it is encoded.
        let longer = format!("https://example.org/{}/", "\u{e9}".repeat(LONGEST_URL / 3));
        for page in ["/a/b.html", "https://example.org/a/b.html"] {
            for base in [&long, &longer] {
                let mut changed = Base::of(page);
                changed.rebase(base);
                assert_eq!(changed.show("c"), Base::of(page).show("c"));
            }
        }
    }
}
