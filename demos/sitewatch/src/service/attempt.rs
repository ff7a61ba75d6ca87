//! What a check finds: it crawls by way of the journal, and asks again before anything is told.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::cancel::{CancelCause, CancelKind, CancelToken};
use patterns_core::context;

use super::check::End;
use super::config::SiteConfig;
use super::confirm::{confirm, may_pass};
use super::core::Core;
use super::journal::Journal;
use super::journaled::Journaled;
use super::site::{Current, Site};
use super::view::RunState;
use crate::causes::sentence;
use crate::check::{CheckError, Checker, Http};
use crate::cli::Target;
use crate::config::CheckConfig;
use crate::remote::Errand;
use crate::report::{Report, Verdict};
use crate::store::Begun;

/// One check of one site, which goes on.
pub(super) struct Attempt<'a> {
    pub(super) core: &'a Core,
    pub(super) site: &'a Site,
    pub(super) config: &'a SiteConfig,
    pub(super) begun: &'a Begun,
    pub(super) current: &'a Current,
    pub(super) token: &'a CancelToken,
}

impl Attempt<'_> {
    /// Checks the site. Once that has taken as long as it may, it is asked to stop, and says how it ended then.
    pub(super) async fn check(&self) -> End {
        let mut checked = std::pin::pin!(self.checked());
        tokio::select! {
            biased;
            end = &mut checked => return end,
            () = tokio::time::sleep(self.left()) => {
                let words = format!("it took longer than {}", humantime::format_duration(self.config.max_time));
                self.token.cancel_with(CancelCause::new(CancelKind::Deadline, words));
            }
        }
        checked.await
    }

    /// How much longer it may take.
    fn left(&self) -> Duration {
        self.config.max_time.saturating_sub(Duration::from_millis(self.current.view().elapsed_ms))
    }

    /// Checks the site, and asks once more for what is newly broken; also for a start page that can't be had, for a
    /// reason that may pass.
    async fn checked(&self) -> End {
        let settings = self.config.check_config();
        let target = match Target::parse(&self.config.target, settings.from.as_deref()) {
            Ok(target) => target,
            Err(error) => return End::Over(RunState::Failed, error.to_string()),
        };
        let mut left = self.config.confirm.times;
        let report = loop {
            let round = self.config.confirm.times - left;
            match self.crawl(&settings, &target, round).await {
                Ok(report) => break report,
                Err(Over::At(end)) => return end,
                Err(Over::Start(_)) if left > 0 => left -= 1,
                Err(Over::Start(error)) => return End::Over(RunState::Failed, sentence(&error)),
            }
            if let Err(interrupt) = context::sleep(self.config.confirm.after).await {
                return self.stopped(interrupt.to_string());
            }
            // It knows that the start page can't be had.
            if let Err(error) = self.core.patiently(|| self.core.store.forget_visits(self.begun.run)).await {
                return self.stopped(error.to_string());
            }
        };
        self.confirmed(&settings, report).await
    }

    async fn crawl(&self, settings: &CheckConfig, target: &Target, round: u32) -> Result<Report, Over> {
        let Self { core, site, config, begun, current, token } = *self;
        let http = core.http(&settings.http, self.errand(settings, format_args!("crawl {round}")));
        let http = http.map_err(|error| Over::At(End::Over(RunState::Failed, error.to_string())))?;
        // ANCHOR: journal
        let (journal, writer) = Journal::new(core, site.id, begun.run, token.clone());
        let journaled: Arc<dyn Http> = Arc::new(Journaled::new(core, http, journal.clone(), site.id, begun, config));
        let checker = Checker::new(settings.clone()).http(journaled).progress(Arc::clone(&current.progress));
        // Sitemaps are not fetched by workers, but from the same hosts.
        let checker = match &core.lead {
            Some(lead) => checker.pacer(lead.pace(&settings.http)),
            None => checker,
        };
        let checked = async {
            let result = checker.run_on(&core.workers, target).await;
            journal.finish();
            result
        };
        let (result, ()) = tokio::join!(checked, writer.run());
        // ANCHOR_END: journal
        let stopped = |why| {
            let failure = journal.failure().map(|failure| match failure.is_temporary() || failure.is_interrupted() {
                true => End::Left(failure.into()),
                false => End::Over(RunState::Failed, failure.to_string()),
            });
            Over::At(failure.unwrap_or_else(|| self.stopped(why)))
        };
        match result {
            Ok(report) if report.summary().is_complete() => Ok(report),
            Ok(report) => Err(stopped(report.summary().stopped.clone().unwrap_or_default())),
            Err(error) if token.is_cancelled() => Err(stopped(error.to_string())),
            Err(error) if is_passing(&error) => Err(Over::Start(error)),
            Err(error) => Err(Over::At(End::Over(RunState::Failed, sentence(&error)))),
        }
    }

    async fn confirmed(&self, settings: &CheckConfig, report: Report) -> End {
        let Self { core, site, config, .. } = *self;
        if config.confirm.times == 0 {
            return End::Done(Box::new(report), 0);
        }
        let known = match core.patiently(|| core.store.known_broken(site.id)).await {
            Ok(known) => known,
            Err(error) => return self.stopped(error.to_string()),
        };
        // What can't be reached is remembered by whoever asked, so somebody else asks.
        let again = match core.http(&settings.http, self.errand(settings, format_args!("confirm"))) {
            Ok(http) => http,
            Err(error) => return End::Over(RunState::Failed, error.to_string()),
        };
        let (times, after) = (config.confirm.times, config.confirm.after);
        let known: HashSet<(String, String)> = known.into_iter().collect();
        match confirm(report, &known, &*again, times, after, settings.http.max_redirects).await {
            Ok(confirmed) => End::Done(Box::new(confirmed.report), confirmed.flapping),
            Err(interrupt) => self.stopped(interrupt.to_string()),
        }
    }

    /// What this run asks for in one go: by the same name in each life of the program, and by another after it has
    /// forgotten what it knew.
    fn errand(&self, settings: &CheckConfig, part: fmt::Arguments<'_>) -> Errand {
        let Self { site, config, begun, .. } = *self;
        // A run's number is its database's own, and others may share the queue.
        let began = begun.timeline.first().map_or(0, |began| began.at.as_millisecond());
        let name = format!("{} {} {began} {} {part}", site.name, begun.run, config.target);
        let errand = Errand::new(name, config.links()).within(self.left());
        // In a folder there is nobody to tell who we are.
        if settings.http.credentials.is_empty() { errand } else { errand.identity(&*site.name) }
    }

    /// How a check ends that was stopped.
    fn stopped(&self, why: String) -> End {
        if self.current.is_cancelled() {
            return End::Over(RunState::Cancelled, "somebody cancelled it".to_owned());
        }
        match self.token.cause() {
            // Who stops the service leaves it to the next; a newer check, or the end of the site or of its time, doesn't.
            Some(cause) if cause.kind() != CancelKind::Deadline && self.core.turns.is_closed() => {
                End::Left(Box::new(cause.clone()))
            }
            Some(cause) => End::Over(RunState::Cancelled, cause.message().to_owned()),
            None => End::Over(RunState::Failed, why),
        }
    }
}

/// Why there is no report.
enum Over {
    /// The start page can't be had, for a reason that may pass.
    Start(CheckError),
    At(End),
}

fn is_passing(error: &CheckError) -> bool {
    match error {
        CheckError::Start { why, .. } => may_pass(Verdict::from(why).reason),
        CheckError::KnownStart { why, .. } => may_pass(why.reason),
        _ => false,
    }
}
