use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use async_nats::{ConnectOptions, Event, ServerAddr};
use percent_encoding::percent_decode_str;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use super::super::DriverError;
use super::link::{Link, PATIENCE, STORES};
use super::names::Names;
use super::shared::Shared;
use super::{Inner, NatsDriver, streams, synced, writer};

/// The oldest server that it works with: those before it lose data that was acknowledged and synced.
const OLDEST: (i64, i64, i64) = (2, 12, 0);

/// How many bytes a part of what is kept beside the log has at most.
const PART: usize = 512 << 10;

/// How many bytes an entry has at most.
const ENTRY: usize = 256 << 10;

/// What is left of a message for its headers.
const HEADERS: usize = 4 << 10;

/// How many commands wait to be written.
const WAITING: usize = 1_024;

/// Settings of a [`NatsDriver`].
pub struct NatsDriverBuilder {
    url: String,
    options: ConnectOptions,
    namespace: String,
    replicas: usize,
    monitors: Vec<String>,
    accepts_unsynced: bool,
}

impl NatsDriverBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            options: ConnectOptions::new(),
            namespace: "app".to_owned(),
            replicas: 1,
            monitors: Vec::new(),
            accepts_unsynced: false,
        }
    }

    /// What its streams and subjects are named by: those with the same share their jobs. Letters, digits, `-` and `_`,
    /// and not `_KEPT` at the end. Default: `app`.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// How many servers keep each message, where the streams are made now. Streams that are there stay as they are.
    /// Default: 1.
    #[must_use]
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// Where a server says how it is set, as `http://127.0.0.1:8222`: its setting `http`. One for each of the servers
    /// that keep the streams.
    #[must_use]
    pub fn monitor(mut self, url: impl Into<String>) -> Self {
        self.monitors.push(url.into());
        self
    }

    /// Accepts that a power loss at the server takes jobs and answers that it had acknowledged: it need not be set to
    /// `sync_interval: always`, and no monitor is asked.
    #[must_use]
    pub fn accept_unsynced(mut self) -> Self {
        self.accepts_unsynced = true;
        self
    }

    /// How to connect: credentials, certificates, a name. Its callback of events is not called, as the driver has its
    /// own.
    #[must_use]
    pub fn options(mut self, options: ConnectOptions) -> Self {
        self.options = options;
        self
    }

    /// Connects, makes the streams if they are missing, and has the tables.
    ///
    /// The driver works on this runtime until its last clone is dropped.
    ///
    /// # Errors
    ///
    /// - [`DriverError::Refused`]: the namespace is no word; a server is older than 2.12, or takes only small
    ///   messages; it is not known of each server that keeps the streams that it syncs before it acknowledges, and that
    ///   was not [accepted](Self::accept_unsynced); a stream has settings by which jobs may get lost; a later version
    ///   of this crate has written into the log.
    /// - [`DriverError::Failed`], [`DriverError::TimedOut`]: a server or a monitor can't be reached, or says that it
    ///   can't, as one without JetStream.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the streams are made or not.
    pub async fn connect(self) -> Result<NatsDriver, DriverError> {
        let names = Names::new(&self.namespace)?;
        let doubt = Arc::new(Notify::new());
        let cuts = Arc::new(watch::Sender::new(0_u64));
        let (doubted, cut) = (Arc::clone(&doubt), Arc::clone(&cuts));
        let servers: Vec<&str> = self.url.split(',').map(str::trim).collect();
        let options = logged_in(self.options, &servers)?.request_timeout(Some(PATIENCE)).event_callback(move |event| {
            let (doubted, cut) = (Arc::clone(&doubted), Arc::clone(&cut));
            async move {
                match event {
                    // What was said meanwhile was not heard; or there was more than can be held.
                    Event::Connected | Event::SlowConsumer(_) => doubted.notify_one(),
                    // What was asked is not answered any more.
                    Event::Disconnected => cut.send_modify(|cuts| *cuts += 1),
                    Event::ServerError(error) => {
                        tracing::error!(%error, "the server refuses something to the jobs' driver");
                    }
                    _ => {}
                }
            }
        });
        let client = options.connect(servers).await.map_err(DriverError::new)?;
        let info = client.server_info();
        let (major, minor, patch) = OLDEST;
        if !client.is_server_compatible(major, minor, patch) {
            let version = info.version;
            return Err(DriverError::refused(format!("server: version {version:?}, expected at least 2.12")));
        }
        let most = info.max_payload;
        if most < 16 * HEADERS {
            let expected = 16 * HEADERS;
            return Err(DriverError::refused(format!("server: max_payload {most}, expected at least {expected}")));
        }
        let context = async_nats::jetstream::new(client.clone());
        let replicas = self.replicas;
        let (log, kept) = streams::make(&context, &names, replicas).await?;
        let feed = client.subscribe(names.feed.clone()).await.map_err(DriverError::new)?;
        let (part, entry) = (PART.min(most - HEADERS), ENTRY.min(most - HEADERS));
        let stores = Semaphore::new(STORES);
        let link = Link { client, context, names, log, kept, replicas, cuts, stores, part, entry };
        if !self.accepts_unsynced {
            synced::check(&link, &self.monitors).await?;
        }
        let (outbox, inbox) = mpsc::channel(WAITING);
        let shared = Arc::new(Shared::new(link, doubt, outbox));
        shared.catch_up(false).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&shared).follow(feed));
        tasks.spawn(writer::write(Arc::clone(&shared), inbox));
        tasks.spawn(Arc::clone(&shared).copy_now_and_then());
        shared.up_to_date().await?;
        Ok(NatsDriver(Arc::new(Inner { shared, _tasks: tasks, is_synced: !self.accepts_unsynced })))
    }
}

/// The client does not send the user and the password of a URL by itself.
fn logged_in(options: ConnectOptions, servers: &[&str]) -> Result<ConnectOptions, DriverError> {
    for server in servers {
        let server = ServerAddr::from_str(server).map_err(DriverError::new)?;
        match (server.username(), server.password()) {
            (None, _) => {}
            (Some(token), None) => return Ok(options.token(plain(token)?)),
            (Some(user), Some(password)) => return Ok(options.user_and_password(plain(user)?, plain(password)?)),
        }
    }
    Ok(options)
}

/// What is meant by a part of a URL.
fn plain(part: &str) -> Result<String, DriverError> {
    let decoded = percent_decode_str(part).decode_utf8();
    decoded.map(String::from).map_err(|_| DriverError::refused("the login in the server's URL is no UTF-8"))
}

impl fmt::Debug for NatsDriverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL, which may have a password in it.
        let mut debug = f.debug_struct("NatsDriverBuilder");
        debug.field("namespace", &self.namespace).field("replicas", &self.replicas).field("monitors", &self.monitors);
        debug.field("accepts_unsynced", &self.accepts_unsynced).finish_non_exhaustive()
    }
}
