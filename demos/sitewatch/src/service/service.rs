//! The service: its parts, put together, and its end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actors::coordinator::{Cause, CoordinatorConfig, ShutdownReport};
use actors::scheduler::store::{PostgresStore, SqliteStore};
use actors::scheduler::{SystemClock, WallClock};
use actors::worker_pool::WorkerPool;
use actors::{Coordinator, Scheduler, System};
use jiff::Timestamp;
use patterns_core::background::Background;
use patterns_core::cancel::CancelToken;
use patterns_core::outcome::BoxError;
use patterns_core::semaphore::Semaphore;

use super::bus::Bus;
use super::config::ServiceConfig;
use super::core::{Core, Dial};
use super::delivery::Delivery;
use super::jobs::Jobs;
use super::keeper::{Keeper, keep};
use super::record::Recording;
use super::sites::Applied;
use crate::check::Http;
use crate::fetch::{Fetcher, HttpConfig};
use crate::notify::NotifierStatus;
use crate::remote::{Engine, Lead, Place};
use crate::report::text::plural;
use crate::store::{Location, Store};

/// How many requests, to all hosts of all sites together, are under way at a time.
const IO_TASKS: usize = 256;

/// How many jobs wait for a worker.
const QUEUE: usize = 8_192;

/// How long a check that is stopped may take to keep what it has learned.
const GRACE: Duration = Duration::from_secs(5);

/// How often the wall clock is looked at, whether somebody has set it.
const CLOCK: Duration = Duration::from_secs(10);

/// For how long a firing that was claimed is believed to be under way, without a sign of life. Who serves is alone, so
/// this only says when what a crash cut off before it had begun is done.
const LEASE: Duration = Duration::from_secs(600);

/// How many instants of each schedule are remembered.
const HISTORY: usize = 64;

/// How long a database may take to answer whoever asks whether the service is ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many schedules wait to be replaced at most.
const REPLACED: usize = 1_024;

/// The service: watches sites until it is stopped. A clone is the same.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    system: System,
    coordinator: Coordinator,
    delivery: Delivery,
    /// Cancelled when another program has taken over the database.
    lost: CancelToken,
}

/// How to start a [`Service`].
pub struct ServiceBuilder {
    config: ServiceConfig,
    dial: Dial,
    clock: Arc<dyn WallClock>,
    lead: Option<Lead>,
}

impl ServiceBuilder {
    /// Asks for addresses by this, instead of the HTTP client.
    #[must_use]
    pub fn dial(mut self, dial: Dial) -> Self {
        self.dial = dial;
        self
    }

    /// Goes by this clock, instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl WallClock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Has pages fetched by these workers, instead of those of the queue that the settings name. Its queue is stopped with
    /// the service.
    #[must_use]
    pub fn lead(mut self, lead: Lead) -> Self {
        self.lead = Some(lead);
        self
    }

    /// Starts it: opens the database, takes the right to serve from it, and goes on where the last one was.
    ///
    /// # Errors
    ///
    /// The database can't be used, or another sitewatch serves from it; an actor can't be started; a schedule that can't
    /// be kept.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was started is stopped, and what was begun is gone on with next time.
    pub async fn start(self) -> Result<Service, BoxError> {
        let Self { config, dial, clock, lead } = self;
        let system = System::start()?;
        // First, as whoever has the right to serve and can't would keep it from others.
        let (lead, engine) = match (lead, &config.queue) {
            (Some(lead), _) => (Some(lead), None),
            (None, Some(queue)) => {
                let engine = Engine::open(&Place::of(queue)?, &system).await?;
                (Some(Lead::on(&engine, &system).await?), Some(engine))
            }
            (None, None) => (None, None),
        };
        let location = Location::of(&config.database)?;
        let store = Store::open(&location, &system).await?;
        let lock = store.lock().await?;
        let bus = Arc::new(Bus::default());
        let scheduler = scheduler(&location, &store, &bus, Arc::clone(&clock), &system).await?;
        let threads = config.workers.or_else(|| std::thread::available_parallelism().ok());
        let workers = WorkerPool::builder()
            .name("check")
            .cpu_threads(threads.map_or(2, std::num::NonZeroUsize::get))
            .io_tasks(IO_TASKS)
            .per_key(config.per_host())
            .queue(QUEUE)
            .start(&system)?;
        let core = Arc::new(Core {
            store,
            workers,
            scheduler,
            turns: Semaphore::builder(config.checks_at_once.get()).name("checks").build()?,
            bus,
            clock,
            dial,
            jobs: lead.as_ref().map(|lead| Jobs::new(lead.queue().clone())),
            lead,
            sites: Default::default(),
            config: parking_lot::RwLock::new(Arc::new(config.clone())),
            notified: Arc::default(),
            alarmed: Arc::default(),
            replaced: Background::builder("replaced").limit(REPLACED).build()?,
            trouble: Default::default(),
            stalled: Default::default(),
        });
        let lost = CancelToken::new();
        let delivery = Delivery::start(&core, &config);
        let keeper = Keeper::start(keep(Arc::clone(&core), delivery.clone(), lock, lost.clone()));
        let coordinator = coordinator(&core, &config, keeper, &delivery, engine.as_ref(), &system)?;
        let service = Service(Arc::new(Inner { core, system, coordinator, delivery, lost }));
        let begun = async {
            service.core().apply(Arc::new(config)).await?;
            service.core().forget_others().await?;
            service.core().go_on().await
        };
        if let Err(error) = begun.await {
            // Whoever tries again finds the right to serve free.
            let _ = service.stop(Cause::Failed("it could not be started".into())).await;
            return Err(error);
        }
        Ok(service)
    }
}

async fn scheduler(
    location: &Location,
    store: &Store,
    bus: &Arc<Bus>,
    clock: Arc<dyn WallClock>,
    system: &System,
) -> Result<Scheduler, BoxError> {
    let builder = Scheduler::builder()
        .name("sites")
        .clock(Shared(clock))
        .grace(GRACE)
        .history(HISTORY)
        .lease(LEASE)
        .clock_poll(CLOCK);
    let (store, bus) = (store.clone(), Arc::clone(bus));
    let builder = match location {
        Location::Sqlite(path) => builder.store(Recording::new(SqliteStore::open(path).await?, store, bus)),
        Location::Postgres(_) => {
            let pool = store.db().postgres().cloned().ok_or("the database is not the server that it was opened as")?;
            builder.store(Recording::new(PostgresStore::new(pool).await?, store, bus))
        }
    };
    Ok(builder.start(system)?)
}

fn coordinator(
    core: &Core,
    config: &ServiceConfig,
    keeper: Keeper,
    delivery: &Delivery,
    engine: Option<&Engine>,
    system: &System,
) -> Result<Coordinator, BoxError> {
    // Checked every second while something is not ready, and so seldom otherwise that it costs nothing.
    let times = CoordinatorConfig::default().check_interval(Duration::from_secs(20));
    let times = times.phase_timeout(config.grace).shutdown_timeout(config.grace * 2);
    let plan = Coordinator::builder().config(times);
    let plan = match (core.store.db().sqlite(), core.store.db().postgres()) {
        (Some(pool), _) => plan.add("store", pool.clone()),
        (_, Some(pool)) => plan.add("store", pool.clone()),
        (None, None) => plan,
    };
    let (plan, has_engine) = match engine {
        Some(engine) => engine.add_to(plan),
        None => (plan, false),
    };
    let plan = match &core.lead {
        Some(lead) => plan.add("queue", lead.queue().clone()).after(has_engine.then_some("engine")),
        None => plan,
    };
    let plan = plan
        .add("workers", core.workers.clone())
        .add("keeper", keeper)
        .after(["store"])
        .add("notices", delivery.clone())
        .after(["store", "keeper"])
        .add("schedules", core.scheduler.clone())
        .after(["store", "workers", "notices", "keeper"].into_iter().chain(core.lead.as_ref().map(|_| "queue")));
    Ok(plan.start(system)?)
}

impl Service {
    /// A service with these settings, with the real HTTP client and the system's clock.
    #[must_use]
    pub fn builder(config: ServiceConfig) -> ServiceBuilder {
        let dial: Dial = Arc::new(|http: &HttpConfig| Ok(Arc::new(Fetcher::new(http)?) as Arc<dyn Http>));
        ServiceBuilder { config, dial, clock: Arc::new(SystemClock), lead: None }
    }

    /// Goes by other settings from now on, but for those that [need a restart](ServiceConfig::needs_restart). What runs
    /// goes on with those that it began with. New channels take over once what is just being sent is done with, which is
    /// not waited for.
    ///
    /// # Errors
    ///
    /// A site can't be entered, as the database refuses.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: some sites may have the new settings, others the old ones; say it again.
    pub async fn reload(&self, config: ServiceConfig) -> Result<String, BoxError> {
        let config = Arc::new(config);
        let Applied { added, changed, removed } = self.core().apply(Arc::clone(&config)).await?;
        self.0.delivery.replace(self.core(), &config);
        let added = plural(added as u64, "site", "sites");
        Ok(format!("{added} added, {changed} changed, {removed} removed"))
    }

    /// The settings that it goes by.
    #[must_use]
    pub fn config(&self) -> Arc<ServiceConfig> {
        Arc::clone(&self.core().config.read())
    }

    /// Waits until another program has taken over the database, which ends what this one may do.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn lost(&self) {
        let _ = self.0.lost.cancelled().await;
    }

    /// Stops it, in order: no new checks; those that run keep what they have learned, and are left to the next service;
    /// the rest is finished within the settings' `grace`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it goes on stopping.
    pub async fn stop(&self, cause: Cause) -> ShutdownReport {
        self.core().turns.close();
        for site in self.core().all_sites() {
            site.leave();
        }
        self.core().replaced.close();
        self.0.coordinator.shutdown(cause).await
    }

    /// How the delivery of notices is.
    #[must_use]
    pub fn notices(&self) -> NotifierStatus {
        self.0.delivery.status()
    }

    /// Ends a [`stop`](Self::stop) at once.
    pub fn force(&self) {
        self.0.coordinator.force();
    }

    /// Why it can't do its work; nothing if it can.
    pub(super) async fn reasons(&self) -> Vec<String> {
        let mut reasons = self.core().trouble.lock().clone();
        if reasons.is_empty() {
            match tokio::time::timeout(PATIENCE, self.core().store.ping()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => reasons.push(error.to_string()),
                Err(_) => reasons.push("the database does not answer".to_owned()),
            }
        }
        let status = self.0.coordinator.status();
        if status.phase == actors::coordinator::Phase::Draining || status.phase == actors::coordinator::Phase::Stopped {
            reasons.push("the service is being stopped".to_owned());
        }
        reasons.extend(status.reasons());
        if let Some(failing) = self.core().scheduler.status().store.and_then(|store| store.failing) {
            reasons.push(format!("the schedules can't be kept: {}", failing.error));
        }
        reasons
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.0.core
    }

    pub(super) fn system(&self) -> &System {
        &self.0.system
    }

    pub(super) fn coordinator(&self) -> &Coordinator {
        &self.0.coordinator
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("core", &self.0.core).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A clock that several go by.
#[derive(Clone, Debug)]
struct Shared(Arc<dyn WallClock>);

impl WallClock for Shared {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
