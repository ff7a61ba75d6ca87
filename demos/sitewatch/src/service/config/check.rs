//! What the checker takes of a site's settings.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::SiteConfig;
use crate::config::CheckConfig;
use crate::fetch::Private;

impl SiteConfig {
    /// The settings of a check of this site.
    ///
    /// Who we are is told to the host and port of the target only; where that is asked by http on its usual port, to
    /// the same host by https as well, as such sites tend to lead there.
    ///
    /// Private addresses are refused, unless `allow_private` is set or the target is a private address itself, written
    /// as one or as `localhost`.
    #[must_use]
    pub fn check_config(&self) -> CheckConfig {
        let target = Url::parse(&self.target).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let mut http = self.http.clone();
        // In a folder there is nobody to tell.
        if let Some(host) = target.as_ref().and_then(authority) {
            http.credentials = self.auth.headers();
            http.credential_hosts = vec![host];
        }
        let may = self.allow_private || target.as_ref().is_some_and(is_private);
        http.private = if may { Private::Allow } else { Private::Refuse };
        CheckConfig {
            target: Some(self.target.clone()),
            scope: self.scope.clone(),
            depth: self.depth,
            max_pages: Some(self.max_pages),
            max_links: self.max_links,
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            external: self.external,
            from: self.from.clone(),
            ignore_fragment: self.ignore_fragment.clone(),
            http,
            ..CheckConfig::default()
        }
    }
}

/// A host as `credential_hosts` names it.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    // Without a port it would be that of http, too.
    let port = if url.scheme() == "https" { url.port_or_known_default() } else { url.port() };
    Some(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Whether a target says itself that it is on this machine or in a private network.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_private_v4(address),
        Some(Host::Ipv6(address)) => match IpAddr::V6(address).to_canonical() {
            IpAddr::V4(address) => is_private_v4(address),
            IpAddr::V6(address) => is_private_v6(address),
        },
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let is_shared = a == 100 && b & 0b1100_0000 == 64;
    address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified() || is_shared
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.is_unspecified() || address.is_unique_local() || address.is_unicast_link_local()
}
