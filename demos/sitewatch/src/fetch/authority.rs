use std::fmt;

use url::Url;

/// A host and a port: what concurrency, rate and reachability are counted by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Authority {
    /// As the URL standard writes it: in lower case, Punycode, no brackets missing.
    host: Box<str>,
    port: u16,
}

impl Authority {
    /// The authority of an `http` or `https` URL.
    pub(crate) fn of(url: &Url) -> Self {
        Self { host: url.host_str().unwrap_or_default().into(), port: url.port_or_known_default().unwrap_or_default() }
    }

    /// Hosts that somebody wrote, with or without a port, as they are [compared](Self::is_among).
    pub(crate) fn written(hosts: &[String]) -> Vec<String> {
        hosts.iter().map(|host| host.to_ascii_lowercase()).collect()
    }

    /// Whether one of these, as they were [written](Self::written), means this one.
    pub(crate) fn is_among(&self, hosts: &[String]) -> bool {
        hosts.iter().any(|host| self.is_written(host))
    }

    /// Whether `text`, such as `example.org` or `example.org:8080`, means this one.
    fn is_written(&self, text: &str) -> bool {
        match text.strip_prefix(&*self.host) {
            Some("") => matches!(self.port, 80 | 443),
            Some(port) => port.strip_prefix(':').is_some_and(|port| port.parse() == Ok(self.port)),
            None => false,
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(url: &str) -> Authority {
        Authority::of(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_default_port_is_the_same_written_or_not() {
        assert_eq!(authority("http://A.example/x"), authority("http://a.example:80/y"));
        assert_ne!(authority("http://a.example/"), authority("https://a.example/"));
    }

    #[test]
    fn a_name_without_a_port_means_the_ports_of_the_schemes() {
        assert!(authority("http://a.example/").is_written("a.example"));
        assert!(authority("https://a.example/").is_written("a.example"));
        assert!(!authority("http://a.example:8080/").is_written("a.example"));
        assert!(authority("http://a.example:8080/").is_written("a.example:8080"));
        assert!(!authority("http://a.example.evil/").is_written("a.example"));
        assert!(!authority("http://evil-a.example/").is_written("a.example"));
        assert!(authority("http://[::1]:81/").is_written("[::1]:81"));
    }
}
