//! What all parts of the service work with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use actors::scheduler::WallClock;
use actors::{Scheduler, WorkerPool};
use parking_lot::{Mutex, RwLock};
use patterns_core::background::Background;
use patterns_core::semaphore::Semaphore;
use tokio::sync::Notify;

use super::bus::Bus;
use super::config::ServiceConfig;
use super::jobs::Jobs;
use super::site::Site;
use crate::check::Http;
use crate::fetch::{FetchSetupError, HttpConfig};
use crate::remote::{Errand, Lead};
use crate::store::Store;

/// How addresses are asked for: the real client, or a test's.
pub type Dial = Arc<dyn Fn(&HttpConfig) -> Result<Arc<dyn Http>, FetchSetupError> + Send + Sync>;

/// What all parts of the service work with.
pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) workers: WorkerPool,
    pub(crate) scheduler: Scheduler,
    /// Who may check: so many sites at a time, first come, first served.
    pub(crate) turns: Semaphore,
    pub(crate) bus: Arc<Bus>,
    pub(crate) clock: Arc<dyn WallClock>,
    pub(crate) dial: Dial,
    /// Who has pages fetched by workers, where there is a queue.
    pub(crate) lead: Option<Lead>,
    /// The same queue, to be shown.
    pub(crate) jobs: Option<Jobs>,
    pub(crate) sites: RwLock<BTreeMap<String, Arc<Site>>>,
    pub(crate) config: RwLock<Arc<ServiceConfig>>,
    /// Told when there may be notices to deliver.
    pub(crate) notified: Arc<Notify>,
    /// Told when the database was found to be away.
    pub(crate) alarmed: Arc<Notify>,
    /// Schedules that wait for the runs of those that they replace.
    pub(crate) replaced: Background,
    /// What keeps the service from its work, since whoever looks after it looked last.
    pub(crate) trouble: Mutex<Vec<String>>,
    /// What checks wait for that only somebody else can mend, since it was looked last.
    pub(crate) stalled: Mutex<Vec<String>>,
}

impl Core {
    pub(crate) fn site(&self, name: &str) -> Option<Arc<Site>> {
        self.sites.read().get(name).cloned()
    }

    pub(crate) fn all_sites(&self) -> Vec<Arc<Site>> {
        self.sites.read().values().cloned().collect()
    }

    /// How addresses are asked for, for an errand: here, or by workers.
    pub(super) fn http(&self, http: &HttpConfig, errand: Errand) -> Result<Arc<dyn Http>, FetchSetupError> {
        match &self.lead {
            Some(lead) => lead.http(http, errand),
            None => (self.dial)(http),
        }
    }

    /// The address of a site's page, if it is known how people reach the service.
    pub(super) fn link(&self, site: &str) -> Option<String> {
        let base = self.config.read().web.url.clone()?;
        base.join(&format!("sites/{site}")).ok().map(Into::into)
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("sites", &self.sites.read().len()).finish_non_exhaustive()
    }
}
