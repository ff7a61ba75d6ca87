use sitewatch::check::resolve;
use sitewatch::config::Scope;
use sitewatch::fetch::LONGEST_URL;
use sitewatch::report::Reason;
use url::Url;

const START: &str = "https://example.org/a/b.html";

/// The first line is a page, if there are two, and the rest is a link on it.
pub(crate) fn url(text: &str) {
    let (page, href) = text.split_once('\n').unwrap_or(("", text));
    let in_folder = format!("/{page}");
    for page in [START, "http://127.0.0.1:8080/?q", "/a/b.html", &in_folder] {
        match resolve(page, href) {
            Ok(key) => target(page, &key),
            Err(reason) => assert!(
                matches!(
                    reason,
                    Reason::MalformedUrl
                        | Reason::UrlTooLong
                        | Reason::Mailto
                        | Reason::Tel
                        | Reason::Data
                        | Reason::Javascript
                        | Reason::Scheme
                ),
                "{reason:?} for {href} on {page}"
            ),
        }
    }
}

/// What a link may lead to.
fn target(page: &str, key: &str) {
    assert!(key.len() <= LONGEST_URL);
    if key.starts_with('/') {
        assert!(page.starts_with('/'), "{key} on {page}");
        return;
    }
    let url = Url::parse(key).expect("what was a URL is one");
    assert_eq!(url.as_str(), key, "written again it is another one");
    assert!(matches!(url.scheme(), "http" | "https") && url.has_host() && url.fragment().is_none(), "{key}");
    assert_eq!(resolve(page, key).as_deref(), Ok(key), "it leads to itself");

    let start = Url::parse(START).expect("it is one");
    let inside = [Scope::Path, Scope::Origin, Scope::Host, Scope::Domain].map(|scope| scope.contains(&start, &url));
    assert!(inside.is_sorted(), "a wider scope contains what a narrower one does: {inside:?} for {key}");
}
