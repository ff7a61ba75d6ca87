use std::sync::Arc;

use indicatif::ProgressDrawTarget;
use patterns_core::cancel::CancelToken;

use super::publish::Publisher;
use super::watch::watch;
use super::{Console, Exit, Failure, Interrupts, Rounds, Target};
use crate::config::CheckConfig;
use crate::progress::{Display, ProgressState};
use crate::report::{Changes, Report};

/// Runs a check from settings to exit code: target, output file, progress, signals, report.
///
/// What can be refused without a check (a folder that is not there, an output file that can't be
/// written) is refused before. An error is one sentence on standard error.
///
/// `check` gets what it needs and owns none of it: it counts in the [`ProgressState`], and ends soon
/// after the [`CancelToken`] is cancelled, with an incomplete [`Report`]. The token is also the ambient
/// one of its [`Context`](patterns_core::context::Context).
///
/// With `rounds`, the check is repeated whenever they say so, until they end or a signal comes; the
/// report of each round is compared with the one before. A round that fails is
/// reported and does not end the rounds, unless it is the first.
///
/// # Cancel safety
///
/// Cancel safe if `check` is: dropping this drops it, and no report is written.
pub async fn execute<C, F, E>(
    config: CheckConfig,
    console: &Console,
    interrupts: &mut Interrupts,
    rounds: Option<Rounds>,
    mut check: C,
) -> Exit
where
    C: FnMut(Target, CheckConfig, Arc<ProgressState>, CancelToken) -> F,
    F: Future<Output = Result<Report, E>>,
    E: Into<Failure>,
{
    let mut run = match Run::new(&config, console) {
        Ok(run) => run,
        Err(failure) => return console.fail(&failure),
    };
    let first = match run.once(interrupts, &mut check).await {
        Ok(report) => report,
        Err(failure) => return console.fail(&failure),
    };
    if let Err(failure) = run.publisher.publish(&first) {
        return console.fail(&failure);
    }
    if let Some(why) = first.not_kept() {
        let failed = console.fail(&Failure::not_kept(why));
        // That it was stopped is the reason for everything else.
        return if first.summary().is_complete() { failed } else { exit_of(&first) };
    }
    match rounds {
        Some(rounds) if first.summary().is_complete() => run.repeat(first, rounds, interrupts, &mut check).await,
        _ => exit_of(&first),
    }
}

struct Run<'a> {
    config: &'a CheckConfig,
    console: &'a Console,
    target: Target,
    publisher: Publisher<'a>,
}

impl<'a> Run<'a> {
    fn new(config: &'a CheckConfig, console: &'a Console) -> Result<Self, Failure> {
        let named = config.target.as_deref().unwrap_or_default();
        let target = Target::parse(named, config.from.as_deref()).map_err(|error| Failure::usage(&error))?;
        Ok(Self { config, console, target, publisher: Publisher::new(&config.report, console)? })
    }

    async fn once<C, F, E>(&self, interrupts: &mut Interrupts, check: &mut C) -> Result<Report, Failure>
    where
        C: FnMut(Target, CheckConfig, Arc<ProgressState>, CancelToken) -> F,
        F: Future<Output = Result<Report, E>>,
        E: Into<Failure>,
    {
        let progress = Arc::new(ProgressState::default());
        let token = CancelToken::new();
        let check = check(self.target.clone(), self.config.clone(), Arc::clone(&progress), token.clone());
        let result = watch(check, &progress, &token, self.display(), interrupts).await?;
        result.map_err(|error| match token.is_cancelled() {
            // Whatever it says, this is why.
            true => Failure::interrupted("stopped before there was anything to report"),
            false => error.into(),
        })
    }

    async fn repeat<C, F, E>(
        &mut self,
        mut last: Report,
        mut rounds: Rounds,
        interrupts: &mut Interrupts,
        check: &mut C,
    ) -> Exit
    where
        C: FnMut(Target, CheckConfig, Arc<ProgressState>, CancelToken) -> F,
        F: Future<Output = Result<Report, E>>,
        E: Into<Failure>,
    {
        loop {
            tokio::select! {
                biased;
                _ = interrupts.next() => return Exit::Interrupted,
                round = rounds.next() => if round.is_none() { return exit_of(&last) },
            }
            let report = match self.once(interrupts, check).await {
                Ok(report) => report,
                Err(failure) if failure.exit() == Exit::Interrupted => return self.console.fail(&failure),
                // The next round may do better.
                Err(failure) => {
                    let _ = self.console.fail(&failure);
                    continue;
                }
            };
            if let Err(failure) = self.publisher.publish_changes(&report, &Changes::between(&last, &report)) {
                return self.console.fail(&failure);
            }
            if let Some(why) = report.not_kept() {
                // The next round may do better.
                let _ = self.console.fail(&Failure::not_kept(why));
            }
            if !report.summary().is_complete() {
                return exit_of(&report);
            }
            last = report;
        }
    }

    fn display(&self) -> Display {
        let report = &self.config.report;
        if report.quiet || !report.progress {
            Display::silent()
        } else if self.console.bar {
            Display::bar(ProgressDrawTarget::stderr_with_hz(20))
        } else {
            Display::lines(Box::new(self.console.stderr.clone()))
        }
    }
}

fn exit_of(report: &Report) -> Exit {
    match report.summary() {
        summary if !summary.is_complete() => Exit::Interrupted,
        summary if summary.broken() > 0 => Exit::Broken,
        _ => Exit::Clean,
    }
}
