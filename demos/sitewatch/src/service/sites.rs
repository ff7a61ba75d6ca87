//! Which sites are watched: what the settings say, made so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::scheduler::{OnInterrupted, ScheduleError};
use patterns_core::outcome::BoxError;

use super::config::{ServiceConfig, SiteConfig, When};
use super::core::Core;
use super::meters;
use super::site::Site;
use super::view::{Acted, Action, EventKind, Numbers, RunState};
use super::watch::WatchError;

/// How long a site that is checked by hand only waits for its next check by itself, in days. Nobody sees that.
const NEVER: u64 = 36_500;

/// What a change of the settings has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) removed: usize,
}

impl Core {
    /// Watches what the settings say from now on. What runs goes on with what it began with.
    pub(crate) async fn apply(self: &Arc<Self>, config: Arc<ServiceConfig>) -> Result<Applied, BoxError> {
        let mut applied = Applied::default();
        let wanted = &config.sites;
        let gone: Vec<Arc<Site>> = {
            let mut sites = self.sites.write();
            let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
                std::mem::take(&mut *sites).into_iter().partition(|(name, _)| wanted.contains_key(name));
            *sites = kept;
            gone.into_values().collect()
        };
        gone.iter().for_each(|site| _ = site.cancel());
        self.forget_schedules(gone.iter().map(|site| &*site.name)).await;
        applied.removed = gone.len();
        for (name, config) in wanted {
            let config = Arc::new(config.clone());
            match self.site(name) {
                Some(site) => {
                    let before = site.config();
                    if before == config {
                        continue;
                    }
                    site.set_config(Arc::clone(&config));
                    applied.changed += 1;
                    if before.schedule != config.schedule {
                        self.replace(&site).await?;
                    }
                }
                None => {
                    self.add(name, config).await?;
                    applied.added += 1;
                }
            }
        }
        self.turns.resize(config.checks_at_once.get());
        *self.config.write() = config;
        self.bus.tell(EventKind::Settings, None);
        Ok(applied)
    }

    /// Forgets the schedules of sites that are known, and are not in the settings any more.
    pub(crate) async fn forget_others(&self) -> Result<(), BoxError> {
        let known = self.patiently(|| self.store.watched()).await?;
        let others = known.iter().map(|name| &**name).filter(|name| self.site(name).is_none());
        self.forget_schedules(others).await;
        Ok(())
    }

    /// Ends schedules and what runs of them, and forgets how far they had got: whoever adds their sites again has not
    /// missed what would have been due in between.
    async fn forget_schedules(&self, names: impl Iterator<Item = &str>) {
        let mut refused: Option<BoxError> = None;
        for name in names {
            // Of a database that is away each would be waited for.
            let ended = match refused {
                None => self.forget_schedule(name).await,
                Some(_) => self.scheduler.cancel(name).await.map(drop).map_err(Into::into),
            };
            refused = refused.or(ended.err());
        }
        if let Some(error) = refused {
            // The next start tries it again.
            tracing::warn!(%error, "schedules of sites that are no more watched can't be forgotten");
        }
    }

    async fn forget_schedule(&self, name: &str) -> Result<(), BoxError> {
        // One that has no schedule was checked by hand, and nobody has watched it.
        if self.scheduler.forget(name).await? {
            self.store.unwatch(name).await?;
        }
        Ok(())
    }

    async fn add(self: &Arc<Self>, name: &str, config: Arc<SiteConfig>) -> Result<(), BoxError> {
        let known = self.patiently(|| self.store.enter_site(name, &config.target)).await?;
        let site = Arc::new(Site::new(name.to_owned(), known.id, config, known.paused));
        self.sites.write().insert(name.to_owned(), Arc::clone(&site));
        meters::watched(name);
        match self.schedule(&site).await {
            Ok(()) => {}
            // A site of this name was there a moment ago, and is still being stopped.
            Err(ScheduleError::NameTaken { .. }) => self.replace(&site).await?,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Gives a site the schedule of its settings, once the runs of the one that it has are over.
    async fn replace(self: &Arc<Self>, site: &Arc<Site>) -> Result<(), BoxError> {
        let before = site.schedule().or_else(|| self.scheduler.find(&site.name));
        let Some(before) = before else {
            return Ok(self.schedule(site).await?);
        };
        before.close().await?;
        let (core, site) = (Arc::downgrade(self), Arc::clone(site));
        let replace = async move {
            before.ended().await?;
            let Some(core) = core.upgrade() else { return Ok(()) };
            if !core.site(&site.name).is_some_and(|now| Arc::ptr_eq(&now, &site)) {
                // It was taken out of the settings meanwhile.
                return Ok(());
            }
            match core.schedule(&site).await {
                // Or somebody else has replaced it meanwhile.
                Ok(()) | Err(ScheduleError::NameTaken { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            core.bus.tell(EventKind::Settings, Some(&site.name));
            Ok::<(), BoxError>(())
        };
        // A bound of many reloads, none of which has found an end to a check.
        self.replaced.try_spawn("schedule", replace).map_err(|refused| refused.without_inner())?;
        Ok(())
    }

    /// Gives a site the schedule of its settings, where it has none.
    async fn schedule(self: &Arc<Self>, site: &Arc<Site>) -> Result<(), ScheduleError> {
        let (core, watched) = (Arc::downgrade(self), Arc::clone(site));
        let job = move || {
            let (core, site) = (core.clone(), Arc::clone(&watched));
            async move {
                match core.upgrade() {
                    Some(core) => core.fire(&site).await,
                    None => Ok(()),
                }
            }
        };
        let config = site.config();
        let schedule = &config.schedule;
        let (name, scheduler, paused) = (site.name.clone(), &self.scheduler, site.is_paused());
        macro_rules! scheduled {
            ($request:expr) => {{
                let request = $request.durable().overlap(schedule.overlap).catch_up(schedule.catch_up);
                let request = request.jitter(schedule.jitter).on_interrupted(OnInterrupted::RunAgain);
                let request = if paused { request.paused() } else { request };
                request.run(job).await?
            }};
        }
        let made = match &schedule.when {
            When::Every(period) => scheduled!(scheduler.every(name, *period).immediately()),
            When::Cron { expression, time_zone } => scheduled!(scheduler.cron(name, expression, time_zone)),
            When::ByHand => scheduled!(scheduler.every(name, Duration::from_secs(NEVER * 86_400))),
        };
        site.set_schedule(made.clone());
        // Somebody may have paused or resumed the one before while this was made.
        match (paused, site.is_paused()) {
            (false, true) => made.pause().await.map(drop),
            (true, false) => made.resume().await.map(drop),
            _ => Ok(()),
        }
    }

    /// Goes on with the checks that an earlier life of the program, or a full disk, has left. How many those are.
    pub(crate) async fn go_on(&self) -> Result<usize, BoxError> {
        let mut count = 0;
        for left in self.store.unfinished().await? {
            let Some(site) = self.site(&left.site) else {
                let why = "its site is not in the settings any more";
                self.store.give_up(left.run, why, self.clock.now()).await?;
                meters::run_ended(&left.site, RunState::Cancelled, &Numbers::default());
                continue;
            };
            let now = site.now();
            if now.paused || now.waiting || site.running().contains(&left.run) {
                continue;
            }
            if let Some(schedule) = site.schedule() {
                schedule.trigger().await?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Does what somebody asked for.
    pub(crate) async fn act(&self, name: &str, action: Action) -> Result<Acted, WatchError> {
        let site = self.site(name).ok_or_else(|| WatchError::NoSuchSite(name.to_owned()))?;
        let Some(schedule) = site.schedule() else {
            return Err(WatchError::Unavailable("its schedule is just being changed".to_owned()));
        };
        let unavailable = |error: &dyn std::fmt::Display| WatchError::Unavailable(error.to_string());
        let acted = |changed, message: &str| Acted { changed, message: format!("{name}: {message}") };
        let acted = match action {
            Action::Check => {
                let now = site.now();
                if now.waiting {
                    acted(false, "a check waits for its turn already")
                } else if now.current.is_some() && !site.config().schedule.queues() {
                    acted(false, "a check is running already")
                } else {
                    site.request();
                    let triggered = schedule.trigger().await;
                    if !matches!(triggered, Ok(true)) {
                        site.take_request();
                    }
                    match triggered.map_err(|error| unavailable(&error))? {
                        true => acted(true, "a check begins"),
                        false => acted(false, "a check is running already"),
                    }
                }
            }
            Action::Pause => {
                let changed = !site.is_paused();
                self.store.set_paused(site.id, true).await.map_err(|error| unavailable(&error))?;
                site.set_paused(true);
                schedule.pause().await.map_err(|error| unavailable(&error))?;
                acted(changed, "paused")
            }
            Action::Resume => {
                let changed = site.is_paused();
                self.store.set_paused(site.id, false).await.map_err(|error| unavailable(&error))?;
                site.set_paused(false);
                schedule.resume().await.map_err(|error| unavailable(&error))?;
                acted(changed, "resumed")
            }
            Action::Cancel => match site.cancel() {
                0 => acted(false, "no check is running"),
                _ => acted(true, "the check is being stopped"),
            },
        };
        self.bus.tell(EventKind::Run, Some(name));
        Ok(acted)
    }
}
