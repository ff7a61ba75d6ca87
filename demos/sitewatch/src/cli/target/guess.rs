//! Targets that are not on this machine, and what may have been meant by those that are nothing.
use url::{Host, Url};

use super::{Target, TargetError, disk};

pub(super) fn address(text: &str) -> Result<Target, TargetError> {
    let not_there = |suggestion| TargetError::NotThere { text: text.to_owned(), suggestion };
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
        return Err(not_there(suggestion(text)));
    };
    let malformed = |source| TargetError::MalformedUrl { text: text.to_owned(), source };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => site(Url::parse(text).map_err(malformed)?),
        "file" => {
            let url = Url::parse(text).map_err(malformed)?;
            let path = url.to_file_path().map_err(|()| not_there(None))?;
            let metadata = std::fs::metadata(&path).map_err(|_| not_there(None))?;
            disk::target(&path, &metadata)
        }
        other => {
            let close = ["http", "https"].into_iter().find(|known| is_slip_of(other, known));
            let suggestion = close.map(|scheme| format!("{scheme}://{rest}"));
            Err(TargetError::Scheme { text: text.to_owned(), suggestion })
        }
    }
}

fn site(mut url: Url) -> Result<Target, TargetError> {
    // A server never sees it, and the page is checked as a whole.
    url.set_fragment(None);
    let path = url.path().to_ascii_lowercase();
    let is_sitemap = path.ends_with(".xml") || path.ends_with(".xml.gz");
    Ok(if is_sitemap { Target::SitemapUrl(url) } else { Target::Site(url) })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Whether `typed` is `meant` with one letter missing, doubled, wrong, or two swapped: `htp`, `htttps`,
/// `hptts`.
fn is_slip_of(typed: &str, meant: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let without_one = |long: &str, short: &str| {
        long.char_indices().any(|(at, letter)| {
            let (head, tail) = (&long[..at], &long[at + letter.len_utf8()..]);
            short.strip_prefix(head) == Some(tail)
        })
    };
    let differing = || typed.chars().zip(meant.chars()).filter(|(a, b)| a != b).count();
    match typed.len().cmp(&meant.len()) {
        std::cmp::Ordering::Less => without_one(meant, typed),
        std::cmp::Ordering::Greater => without_one(typed, meant),
        std::cmp::Ordering::Equal => differing() == 1 || sorted(typed) == sorted(meant),
    }
}

/// The address that may have been meant by `text`, if it looks like one more than like a path.
fn suggestion(text: &str) -> Option<String> {
    if let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| matches!(*scheme, "http" | "https")) {
        return Some(format!("{scheme}://{}", rest.trim_start_matches('/')));
    }
    if text.starts_with(['.', '/', '~', '\\']) {
        return None;
    }
    let url = Url::parse(&format!("https://{text}")).ok()?;
    let local = Some(format!("http://{text}"));
    match url.host()? {
        // Only if it is written as one: `2024` by itself would be 0.0.7.232.
        Host::Ipv4(address) => local.filter(|_| text.starts_with(&address.to_string())),
        Host::Ipv6(_) => local,
        Host::Domain("localhost") => local,
        Host::Domain(host) => {
            let (_, top) = host.rsplit_once('.')?;
            let is_file = !text.contains('/') && EXTENSIONS.contains(&top);
            let is_top = top.len() >= 2 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
            (is_top && !is_file).then(|| format!("https://{text}"))
        }
    }
}

/// What more likely ends a file's name than a host's.
const EXTENSIONS: [&str; 9] = ["gz", "htm", "html", "json", "md", "toml", "txt", "xhtml", "xml"];

pub(super) fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|suggestion| format!("; did you mean {suggestion}?")).unwrap_or_default()
}
