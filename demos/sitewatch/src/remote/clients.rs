//! The clients of a worker: one for each errand.

use std::sync::Arc;
use std::time::Duration;

use actors::jobs::{JobId, JobQueue};
use actors::worker_pool::WorkerPool;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::time::Instant;
use url::Url;

use super::PacedDial;
use super::identity::Identities;
use super::rate::SharedPace;
use super::wire::FetchJob;
use crate::check::Http;
use crate::fetch::{FetchSetupError, HttpConfig, Pacer, Private, host_and_port};

/// A client that nobody used for so long is closed.
const IDLE: Duration = Duration::from_secs(600);

/// How many there are at most.
const MOST: usize = 64;

/// What a worker fetches with.
pub(crate) struct Fetching {
    pub(crate) dial: PacedDial,
    /// Where turns are had. Not the queue that runs the jobs: that has this value, and each would keep the other alive.
    pub(crate) turns: JobQueue,
    /// Who reads pages.
    pub(crate) workers: WorkerPool,
    pub(crate) identities: Identities,
    pub(crate) border: Border,
    pub(crate) open: Mutex<FxHashMap<JobId, Client>>,
}

/// What a worker asks, whatever the jobs say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Border {
    pub(crate) refuse_private: bool,
    pub(crate) private_hosts: Vec<String>,
}

/// A client of an errand. What can't be reached is remembered for as long as it lives.
#[derive(Clone)]
pub(crate) struct Client {
    http: Arc<dyn Http>,
    pace: Arc<SharedPace>,
    used: Instant,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("this worker has no credentials for the site {0:?}")]
    Stranger(String),
    #[error("this worker knows other hosts of the site {0:?}")]
    Namesake(String),
    #[error(transparent)]
    Setup(#[from] FetchSetupError),
}

impl Fetching {
    /// The client for a job, at the pace that its host wants.
    pub(crate) fn client(&self, job: &FetchJob, url: &Url) -> Result<Arc<dyn Http>, ClientError> {
        let client = self.of(job)?;
        client.pace.space(&host_and_port(url), job.spacing);
        Ok(client.http)
    }

    fn of(&self, job: &FetchJob) -> Result<Client, ClientError> {
        let config = self.config(job)?;
        // A check that goes on after a restart may have other settings.
        let settings = serde_json::to_string(&job.http).unwrap_or_default();
        let key = JobId::of(&[&job.errand, job.identity.as_deref().unwrap_or_default(), &settings]);
        let now = Instant::now();
        if let Some(client) = self.open.lock().get_mut(&key) {
            client.used = now;
            return Ok(client.clone());
        }
        // Without the lock, as certificates are read from the disk: whoever else makes one of these is no harm.
        let pace = Arc::new(SharedPace::new(self.turns.clone(), config.rate));
        let pacer: Arc<dyn Pacer> = pace.clone();
        let http = (self.dial)(&config, pacer)?;
        let mut open = self.open.lock();
        open.retain(|_, client| now.saturating_duration_since(client.used) < IDLE);
        while open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, client)| client.used).map(|(key, _)| *key);
            oldest.map(|key| open.remove(&key));
        }
        Ok(open.entry(key).or_insert(Client { http, pace, used: now }).clone())
    }

    fn config(&self, job: &FetchJob) -> Result<HttpConfig, ClientError> {
        let mut http = job.http.clone();
        http.credentials.clear();
        let hosts = std::mem::take(&mut http.credential_hosts);
        if let Some(site) = &job.identity {
            let identity = self.identities.get(site).ok_or_else(|| ClientError::Stranger(site.clone()))?;
            // Of another service whose site has the same name, or of other settings. As anyone it would be told that it may
            // not, and the link that it is broken.
            if !identity.is_for(&hosts) {
                return Err(ClientError::Namesake(site.clone()));
            }
            identity.say(&mut http);
        }
        if self.border.refuse_private {
            http.private = Private::Refuse;
            http.private_hosts = self.border.private_hosts.clone();
        }
        Ok(http)
    }
}
