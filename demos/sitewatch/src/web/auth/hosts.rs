use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

/// The names by which we are asked.
#[derive(Debug)]
pub(super) struct Hosts {
    listen: Vec<SocketAddr>,
    url: Option<Url>,
}

/// A host and a port, as in `Host`: no port where it is that of the scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Authority {
    host: Host<String>,
    port: Option<u16>,
}

impl Authority {
    /// None for what is no authority alone.
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.contains(['/', '\\', '?', '#', '@']) || text.contains(char::is_whitespace) {
            return None;
        }
        let url = Url::parse(&format!("http://{text}/")).ok()?;
        Self::of(&url)
    }

    fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host()?.to_owned(), port: url.port() })
    }

    /// Whether it leads to a socket at this address and no other can have given us that name.
    fn reaches(&self, listen: SocketAddr) -> bool {
        let port = self.port.unwrap_or(80) == listen.port();
        let ip = match &self.host {
            Host::Domain(name) if name == "localhost" => None,
            Host::Domain(_) => return false,
            Host::Ipv4(ip) => Some(IpAddr::V4(*ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(*ip)),
        };
        // Where all addresses are listened at, ours can't be told, and a container may be reached by another port. A
        // number is no name that somebody could make lead here.
        listen.ip().is_unspecified() || (port && ip.is_none_or(|ip| ip == listen.ip() || ip.is_loopback()))
    }
}

impl Hosts {
    pub(super) fn new(listen: &[SocketAddr], url: Option<&Url>) -> Self {
        Self { listen: listen.to_vec(), url: url.cloned() }
    }

    pub(super) fn answers_to(&self, host: &str) -> bool {
        let Some(asked) = Authority::parse(host) else { return false };
        self.listen.iter().any(|&listen| asked.reaches(listen)) || self.is_url(&asked)
    }

    /// Whether an `Origin` is that of our own pages, at the host that is asked for.
    pub(super) fn is_ours(&self, origin: &str, host: &str) -> bool {
        let Ok(url) = Url::parse(origin) else { return false };
        if !matches!(url.scheme(), "http" | "https") {
            return false;
        }
        let asked = Authority::parse(host).filter(|_| self.answers_to(host));
        let same = asked.is_some() && asked == Authority::of(&url);
        same || self.url.as_ref().is_some_and(|ours| ours.origin() == url.origin())
    }

    /// Whether this host is asked by https.
    pub(super) fn is_secure(&self, host: &str) -> bool {
        let secure = self.url.as_ref().is_some_and(|url| url.scheme() == "https");
        secure && Authority::parse(host).is_some_and(|asked| self.is_url(&asked))
    }

    fn is_url(&self, asked: &Authority) -> bool {
        self.url.as_ref().is_some_and(|url| {
            let port = asked.port == url.port() || asked.port == url.port_or_known_default();
            port && url.host().is_some_and(|host| host.to_owned() == asked.host)
        })
    }
}
