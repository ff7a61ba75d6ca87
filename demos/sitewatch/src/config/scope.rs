use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Which pages belong to the site that is checked: they are searched for links, others are only asked
/// for.
///
/// # Defaults
///
/// [`Scope::Path`].
///
/// # Examples
///
/// ```
/// use sitewatch::config::Scope;
/// use url::Url;
///
/// let start = Url::parse("https://example.com/docs/intro.html")?;
/// let next = Url::parse("https://example.com/docs/ch1/")?;
/// let blog = Url::parse("https://example.com/blog/")?;
/// assert!(Scope::Path.contains(&start, &next) && !Scope::Path.contains(&start, &blog));
/// assert!(Scope::Origin.contains(&start, &blog));
///
/// let mine: Scope = "https://example.com/b".parse()?;
/// assert!(mine.contains(&start, &blog) && !mine.contains(&start, &next));
/// assert!("everything".parse::<Scope>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Scope {
    /// The origin of the start page, and its folder: for `/docs/a.html` all below `/docs/`.
    #[default]
    Path,
    /// The scheme, host and port of the start page.
    Origin,
    /// The host of the start page, by http and https, on any port.
    Host,
    /// The host of the start page and those below it; a leading `www.` is left out of account.
    Domain,
    /// Whatever begins with this URL, which is compared in its normal form.
    Prefix(Url),
}

/// Neither the name of a [`Scope`] nor an http or https URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a scope: {0}: it takes path, origin, host, domain, or a URL that pages begin with")]
pub struct BadScope(pub String);

impl Scope {
    /// Whether `url` belongs to the site that `start`, after redirects, is the start page of.
    #[must_use]
    pub fn contains(&self, start: &Url, url: &Url) -> bool {
        match self {
            Self::Path => url.origin() == start.origin() && url.path().starts_with(folder(start)),
            Self::Origin => url.origin() == start.origin(),
            Self::Host => is_web(url) && url.host() == start.host(),
            Self::Domain => is_web(url) && is_below(start, url),
            Self::Prefix(prefix) => url.as_str().starts_with(prefix.as_str()),
        }
    }
}

/// The path up to its last slash.
fn folder(url: &Url) -> &str {
    let path = url.path();
    path.rfind('/').map_or(path, |slash| &path[..=slash])
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn is_below(start: &Url, url: &Url) -> bool {
    let (Some(Host::Domain(start)), Some(Host::Domain(host))) = (start.host(), url.host()) else {
        return start.host() == url.host();
    };
    let domain = start.strip_prefix("www.").unwrap_or(start);
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "path" => Ok(Self::Path),
            "origin" => Ok(Self::Origin),
            "host" => Ok(Self::Host),
            "domain" => Ok(Self::Domain),
            other => match Url::parse(other) {
                Ok(url) if is_web(&url) => Ok(Self::Prefix(url)),
                _ => Err(BadScope(other.to_owned())),
            },
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Path => "path",
            Self::Origin => "origin",
            Self::Host => "host",
            Self::Domain => "domain",
            Self::Prefix(prefix) => prefix.as_str(),
        })
    }
}

impl TryFrom<String> for Scope {
    type Error = BadScope;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}
