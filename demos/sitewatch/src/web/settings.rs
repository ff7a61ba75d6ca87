use std::fmt;
use std::net::SocketAddr;

use url::Url;

/// How the page is served, and to whom.
///
/// `Debug` doesn't show the token.
///
/// # Examples
///
/// ```
/// use sitewatch::web::WebSettings;
///
/// let settings = WebSettings {
///     listen: vec!["127.0.0.1:0".parse()?],
///     token: "correct horse battery".to_owned(),
///     url: None,
///     read_needs_token: false,
///     version: "1.0.0".to_owned(),
/// };
/// assert!(!format!("{settings:?}").contains("horse"));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct WebSettings {
    /// Where it listens; a port of 0 is one that is free.
    pub listen: Vec<SocketAddr>,
    /// What whoever acts has to know; at least 16 characters.
    pub token: String,
    /// How people reach it, if not by an address that it listens at.
    pub url: Option<Url>,
    /// Whether looking needs the token too.
    pub read_needs_token: bool,
    /// The version that is shown.
    pub version: String,
}

impl fmt::Debug for WebSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSettings")
            .field("listen", &self.listen)
            .field("url", &self.url.as_ref().map(Url::as_str))
            .field("read_needs_token", &self.read_needs_token)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
