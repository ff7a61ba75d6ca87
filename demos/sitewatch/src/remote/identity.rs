//! Who sitewatch says that it is, as a worker's own settings have it.

use std::collections::BTreeMap;

use crate::fetch::HttpConfig;
use crate::service::config::{Secret, ServiceConfig};

/// The credentials of sites, by the names of those.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities(BTreeMap<String, Identity>);

/// The credentials of one site, and the hosts that they are for.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    credentials: BTreeMap<String, Secret>,
    hosts: Vec<String>,
}

impl Identities {
    /// Those of the sites that have some.
    pub(crate) fn of(config: &ServiceConfig) -> Self {
        let sites = config.sites.iter().filter_map(|(name, site)| {
            let HttpConfig { credentials, credential_hosts: hosts, .. } = site.check_config().http;
            (!credentials.is_empty()).then(|| (name.clone(), Identity { credentials, hosts }))
        });
        Self(sites.collect())
    }

    pub(crate) fn get(&self, site: &str) -> Option<&Identity> {
        self.0.get(site)
    }

    /// The names of the sites, in order.
    pub(crate) fn sites(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Identity {
    /// Whether it is for all of these hosts, by its own settings.
    pub(crate) fn is_for(&self, hosts: &[String]) -> bool {
        hosts.iter().all(|host| self.hosts.contains(host))
    }

    /// Has requests say it. To whom is not a matter of who put the job: else he could have it told to himself.
    pub(crate) fn say(&self, http: &mut HttpConfig) {
        http.credentials = self.credentials.clone();
        http.credential_hosts = self.hosts.clone();
    }
}
