use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Secret;

/// How sitewatch makes itself known to a site. It is sent to the host of the site's target, and to nobody else.
///
/// # Examples
///
/// ```
/// use sitewatch::service::config::{AuthConfig, Secret};
///
/// let auth = AuthConfig::Basic { user: "me".to_owned(), password: Secret::new("hunter2") };
/// let headers = auth.headers();
/// assert_eq!(headers["authorization"].expose(), "Basic bWU6aHVudGVyMg==");
/// assert!(AuthConfig::None.headers().is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthConfig {
    /// As anyone.
    None,
    /// By a token that whoever bears it may use (RFC 6750).
    Bearer(Secret),
    /// By a name and a password (RFC 7617).
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// By headers of the site's own, by name.
    Headers(BTreeMap<String, Secret>),
}

impl AuthConfig {
    /// The headers that say it, by name.
    #[must_use]
    pub fn headers(&self) -> BTreeMap<String, Secret> {
        let authorization = |value: String| [("authorization".to_owned(), Secret::new(value))].into();
        match self {
            Self::None => BTreeMap::new(),
            Self::Bearer(token) => authorization(format!("Bearer {}", token.expose())),
            Self::Basic { user, password } => {
                let both = STANDARD.encode(format!("{user}:{}", password.expose()));
                authorization(format!("Basic {both}"))
            }
            Self::Headers(headers) => headers.clone(),
        }
    }
}
