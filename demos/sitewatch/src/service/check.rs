//! One check of one site, from its turn to what it changed.

use std::sync::Arc;

use actors::scheduler::Firing;
use futures_util::TryFutureExt;
use patterns_core::cancel::CancelToken;
use patterns_core::context::{Context, interruptible};
use patterns_core::outcome::{BoxError, catch_panics};

use super::attempt::Attempt;
use super::config::SiteConfig;
use super::core::Core;
use super::keeper::tell_progress;
use super::meters;
use super::notices::Story;
use super::record::note;
use super::site::{Current, Site, Taken};
use super::view::{Cause, EventKind, RunState};
use crate::report::{LinkResult, Report};
use crate::store::{self, Begun, Ended, NotBegun, Outcome, StoreError};

/// How a check ended.
pub(super) enum End {
    /// It is at its end.
    Done(Box<Report>, u64),
    /// It is over, before its end.
    Over(RunState, String),
    /// It is not over: whoever comes next goes on with it.
    Left(BoxError),
}

impl Core {
    /// What a schedule does when it fires: goes on with the run that has not ended or begins one, waits for a turn, and
    /// sees it through.
    pub(super) async fn fire(&self, site: &Site) -> Result<(), BoxError> {
        let Some((begun, _taken)) = self.take_on(site).await? else { return Ok(()) };
        match self.in_turn(site, begun).await {
            // It has begun, so the next service goes on with it.
            Err(why) if self.turns.is_closed() => {
                tracing::info!(site = site.name, %why, "a check is left to the next service");
                Ok(())
            }
            result => result,
        }
    }

    /// Takes a run on. Begun before it waits for its turn: whoever comes after a crash knows of it.
    async fn take_on<'a>(&self, site: &'a Site) -> Result<Option<(Begun, Taken<'a>)>, BoxError> {
        let firing = Firing::current().ok_or("nothing fires outside of a schedule")?;
        // One firing at a time, so that no two take the same run.
        let _alone = interruptible(site.beginning.lock()).await?;
        let begun = self.patiently(|| self.begin(site, &firing)).await?;
        // A crash may have cut off the note that it ended, or it goes on already.
        let begun = begun.filter(|begun| !begun.is_over && !site.running().contains(&begun.run));
        Ok(begun.map(|begun| {
            let taken = site.take(begun.run);
            (begun, taken)
        }))
    }

    async fn in_turn(&self, site: &Site, begun: Begun) -> Result<(), BoxError> {
        let turn = {
            let _waiting = site.wait();
            self.bus.tell(EventKind::Run, Some(&site.name));
            self.turns.acquire_owned().await?
        };
        let result = self.see_through(site, begun).await;
        drop(turn);
        self.bus.tell(EventKind::Run, Some(&site.name));
        result
    }

    /// What a firing is to go on with, or has begun; nothing, where there was something to go on with and somebody was
    /// faster.
    async fn begin(&self, site: &Site, firing: &Firing) -> Result<Option<Begun>, StoreError> {
        let (now, due) = (self.clock.now(), firing.instant);
        if let Some(begun) = self.store.resume(site.id, &site.running(), now).await? {
            if !firing.triggered {
                // But for one that goes on with what itself had begun.
                let why = "the check before it had been cut off, and was gone on with".to_owned();
                let skipped = NotBegun { site: site.name.clone(), due, times: 1, state: RunState::Skipped, why };
                note(&self.store, &self.bus, vec![skipped], now).await?;
            }
            return Ok(Some(begun));
        }
        let (cause, due) = match firing.triggered {
            true if !site.take_request() => return Ok(None),
            true => (Cause::Request, None),
            // A crash has hidden from the schedule that it was decided.
            false if firing.again && self.store.is_not_begun(&site.name, due).await? => return Ok(None),
            false => (Cause::Schedule, Some(due)),
        };
        // Whoever says this a second time, as the answer was lost, finds what was begun.
        let token = store::token(&site.name, firing.instant);
        self.store.begin(site.id, &token, cause, due, now).await.map(Some)
    }

    async fn see_through(&self, site: &Site, begun: Begun) -> Result<(), BoxError> {
        let token = Context::current().token().child();
        let current = Arc::new(Current::new(begun.run, begun.elapsed_before, token.clone()));
        let _shown = site.show(&current);
        self.bus.tell(EventKind::Run, Some(&site.name));
        // What a later reload says is for later checks.
        let config = site.config();
        let scope = Context::current().with_token(token.clone());
        let attempt = Attempt { core: self, site, config: &config, begun: &begun, current: &current, token: &token };
        let checked = tokio::select! {
            checked = scope.scope(catch_panics(attempt.check())) => checked,
            never = tell_progress(self, &site.name) => match never {},
        };
        let end = match checked {
            Ok(end) => end,
            Err(panic) => End::Over(RunState::Failed, format!("a defect of sitewatch: it {panic}")),
        };
        let (state, why, report, flapping) = match end {
            End::Left(why) => return Err(why),
            End::Done(report, flapping) => (RunState::Done, None, Some(report), flapping),
            End::Over(state, why) => (state, Some(why), None, 0),
        };
        // It is over, whatever is asked of us meanwhile; how long that may take is the scheduler's.
        let patient = Context::current().with_token(CancelToken::new()).without_deadline();
        patient.scope(self.end(site, &config, begun, &current, (state, why, report, flapping))).await
    }

    async fn end(
        &self,
        site: &Site,
        config: &SiteConfig,
        begun: Begun,
        current: &Current,
        (state, why, report, flapping): (RunState, Option<String>, Option<Box<Report>>, u64),
    ) -> Result<(), BoxError> {
        let was_failing = self.patiently(|| self.store.was_failing(site.id, begun.run)).await?;
        let ended = Ended {
            run: begun.run,
            site: site.id,
            state,
            why,
            at: self.clock.now(),
            timeline: begun.timeline,
            elapsed_ms: current.view().elapsed_ms,
            flapping,
        };
        let service = Arc::clone(&*self.config.read());
        let (name, link) = (&*site.name, self.link(&site.name));
        let story = Story { service: &service, site: name, config, ended: &ended, was_failing, link };
        let is_finding = |link: &LinkResult<'_>| config.report.is_finding(link.verdict.reason);
        let notices = |outcome: &Outcome<'_>| story.notices(outcome);
        let finish = || self.store.finish(ended.clone(), report.as_deref(), &is_finding, &notices);
        let (state, why, numbers) = match self.patiently(finish).await {
            Ok(numbers) => (state, ended.why.clone(), numbers),
            Err(error) if error.downcast_ref::<StoreError>().is_some_and(|error| !error.is_interrupted()) => {
                // What it found can't be kept, and never will: that is what there is to say of it.
                let failed = Ended { state: RunState::Failed, why: Some(error.to_string()), ..ended.clone() };
                let numbers = self.patiently(|| self.store.finish(failed.clone(), None, &is_finding, &notices)).await?;
                (failed.state, failed.why, numbers)
            }
            Err(error) => return Err(error),
        };
        self.notified.notify_one();
        meters::run_ended(&site.name, state, &numbers);
        tracing::info!(
            site = site.name,
            run = ended.run,
            state = ?state,
            pages = numbers.pages,
            fetched = numbers.fetched,
            broken = numbers.broken,
            why,
            "a check ended"
        );
        Ok(())
    }

    /// Does something with the store, again and again while that is away. Ends early only where we are to stop.
    pub(super) async fn patiently<T, F>(&self, mut what: impl FnMut() -> F) -> Result<T, BoxError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let told = store::patiently(|| {
            what().inspect_err(|error| {
                if error.is_temporary() {
                    tracing::debug!(%error, "the database is waited for");
                    self.alarmed.notify_one();
                }
            })
        });
        Ok(told.await??)
    }
}
