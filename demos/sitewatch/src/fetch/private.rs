use serde::{Deserialize, Serialize};

/// Whether addresses are asked that aren't of the public internet.
///
/// Those are loopback (`127.0.0.1`, `::1`), link-local (`169.254.169.254`, where clouds keep their machines' secrets),
/// private and shared networks (`10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `100.64.0.0/10`, `fc00::/7`),
/// multicast, documentation and all that is reserved, also where an address of IPv6 stands for one of these.
///
/// With [`Refuse`](Self::Refuse), a page that somebody else wrote can't make sitewatch ask what only the machine that
/// it runs on can reach. An address in a URL is looked at before anything else, in whatever form it is written. A name is
/// looked up by the connection itself, which then goes to none but the public addresses that were found: nobody can
/// change them between the look and the connection. That holds for every request: redirects, further attempts,
/// robots.txt and sitemaps.
///
/// # Proxies
///
/// A proxy looks names up itself, so what it connects to can't be known. With [`Refuse`](Self::Refuse) none is used,
/// whatever the environment says; with [`Allow`](Self::Allow) the proxy is who decides where it goes.
///
/// # Defaults
///
/// [`Allow`](Self::Allow): whoever checks a site from the command line may reach it, wherever it is.
///
/// # Examples
///
/// ```
/// use sitewatch::fetch::{FetchError, Fetcher, HttpConfig, Private};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fetcher = Fetcher::new(&HttpConfig { private: Private::Refuse, ..HttpConfig::default() })?;
/// // Ten, zero, zero, seven, as a number.
/// let fetched = fetcher.page(&"http://167772167/".parse()?).await;
/// let error = fetched.result.unwrap_err();
/// assert!(matches!(error, FetchError::Private { .. }));
/// assert_eq!(error.to_string(), "leads to a private address (10.0.0.7), which is not asked for");
/// assert_eq!(fetched.attempts, 0);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Private {
    /// They are asked like any other.
    #[default]
    Allow,
    /// They are not asked, but for those of [`private_hosts`](super::HttpConfig::private_hosts).
    Refuse,
}
