use reqwest::Response;
use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use serde::{Deserialize, Serialize};

/// What tells a server which version of a page somebody has, as it said so itself.
///
/// # Examples
///
/// ```
/// use sitewatch::fetch::Validators;
///
/// let known = Validators { etag: Some("\"v1\"".into()), last_modified: None };
/// assert!(!known.is_empty() && Validators::default().is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Validators {
    /// Its `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// A longer one is no help.
const LONGEST: usize = 1_024;

impl Validators {
    /// Whether there is nothing to ask with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    pub(super) fn of(response: &Response) -> Self {
        let text = |name| {
            let value: &HeaderValue = response.headers().get(name)?;
            value.to_str().ok().filter(|value| value.len() <= LONGEST).map(str::to_owned)
        };
        Self { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }

    /// The headers of a request that wants a page only if it is another version.
    pub(super) fn headers(&self) -> HeaderMap {
        let pairs = [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)];
        let known = pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?.parse().ok()?)));
        known.collect()
    }
}
