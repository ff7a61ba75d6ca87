use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::service::config::Secret;

use super::Private;

/// How politely and how patiently to fetch.
///
/// # Defaults
///
/// | field | default |
/// |---|---|
/// | `per_host` | 4 |
/// | `rate` | 10.0 |
/// | `connect_timeout` | `10s` |
/// | `read_timeout` | `20s` |
/// | `total_timeout` | `1m` |
/// | `max_body` | 16 MiB |
/// | `max_ratio` | 200 |
/// | `retries` | 2 |
/// | `max_redirects` | 10 |
/// | `user_agent` | `sitewatch/<version>` and where to read about it |
/// | `ignore_robots` | `false` |
/// | `headers` | none |
/// | `credential_hosts` | none |
/// | `private` | [`Allow`](Private::Allow) |
/// | `private_hosts` | none |
///
/// # Examples
///
/// ```
/// use sitewatch::fetch::HttpConfig;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), serde_json::Error> {
/// let config: HttpConfig = serde_json::from_str(r#"{ "rate": 2.5, "read_timeout": "1m 30s" }"#)?;
/// assert_eq!(config.read_timeout, Duration::from_secs(90));
/// assert_eq!(config.per_host, 4);
///
/// assert!(serde_json::from_str::<HttpConfig>(r#"{ "rates": 2.5 }"#).is_err());
/// assert!(serde_json::from_str::<HttpConfig>(r#"{ "read_timeout": "soon" }"#).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Requests to one host and port at the same time.
    pub per_host: usize,
    /// Requests per second to one host and port; 0 for as fast as it answers. A `Crawl-delay` in
    /// the host's robots.txt can only make it slower.
    pub rate: f64,
    /// How long a new connection may take: name lookup, TCP and TLS together.
    #[serde(with = "patterns_core::settings::duration")]
    pub connect_timeout: Duration,
    /// How long the server may send nothing, once connected.
    #[serde(with = "patterns_core::settings::duration")]
    pub read_timeout: Duration,
    /// How long one request may take, from the first step to the last byte. Each redirect and each
    /// retry is a request of its own; waiting for the host's turn does not count.
    #[serde(with = "patterns_core::settings::duration")]
    pub total_timeout: Duration,
    /// The longest body, in bytes after decompression.
    pub max_body: u64,
    /// How many times as long as it was sent a body may become by decompression; up to 1 MiB it may become whatever it
    /// does.
    pub max_ratio: u32,
    /// Attempts after the first, on what is transient only.
    pub retries: u32,
    /// The longest chain of redirects.
    pub max_redirects: usize,
    /// What requests say they come from. The part before the first `/` is the name that is looked
    /// up in robots.txt.
    pub user_agent: String,
    /// Whether to fetch what a robots.txt disallows.
    pub ignore_robots: bool,
    /// Further request headers, by name. Those that carry credentials (`authorization`, `cookie`,
    /// `proxy-authorization`) only ever go to `credential_hosts`.
    pub headers: BTreeMap<String, String>,
    /// The hosts (`example.org`, or `example.org:8080` for another port than the scheme's) that
    /// headers with credentials are sent to.
    pub credential_hosts: Vec<String>,
    /// Further headers with credentials, by name, which only ever go to `credential_hosts`. No setting: they are secrets.
    #[serde(skip)]
    pub credentials: BTreeMap<String, Secret>,
    /// Whether addresses are asked that aren't of the public internet.
    pub private: Private,
    /// The hosts (`wiki.internal`, or `wiki.internal:8080` for another port than the scheme's) that are asked all the
    /// same, wherever they are.
    pub private_hosts: Vec<String>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            per_host: 4,
            rate: 10.0,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(60),
            max_body: 16 * 1024 * 1024,
            max_ratio: 200,
            retries: 2,
            max_redirects: 10,
            user_agent: default_user_agent(),
            ignore_robots: false,
            headers: BTreeMap::new(),
            credential_hosts: Vec::new(),
            credentials: BTreeMap::new(),
            private: Private::Allow,
            private_hosts: Vec::new(),
        }
    }
}

fn default_user_agent() -> String {
    let about = match env!("CARGO_PKG_REPOSITORY") {
        "" => "a link checker",
        repository => repository,
    };
    format!("sitewatch/{} (+{about})", env!("CARGO_PKG_VERSION"))
}
