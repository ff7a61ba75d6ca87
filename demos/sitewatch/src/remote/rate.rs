//! One pace for each host, over all machines.

use std::fmt;
use std::time::Duration;

use actors::jobs::{JobId, JobQueue, JobsError, SharedRate};
use async_trait::async_trait;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::patience::{Pauses, ended};
use crate::fetch::{FetchError, Pacer};

/// Where nothing has to lie between two requests, it is looked only so often whether a host has asked for a pause.
const LOOK: Duration = Duration::from_millis(250);

/// The spacing of turns at a host that may be asked as fast as it answers.
const NEXT_TO_NONE: Duration = Duration::from_nanos(1);

/// A host with a longer name has another one among the rates, in bytes. Names of DNS are shorter.
const LONGEST: usize = 500;

/// A pace that is kept by a queue's engine, so that all who ask a host take turns.
///
/// What a host has said of its pace holds for this value, which lives as long as a check. Grows with the number of
/// distinct hosts.
pub(crate) struct SharedPace {
    turns: JobQueue,
    /// What lies between two requests; none where a host is asked as fast as it answers.
    spacing: Option<Duration>,
    hosts: Mutex<FxHashMap<String, Host>>,
}

#[derive(Clone)]
struct Host {
    rate: SharedRate,
    /// What it wants to lie between two requests; zero if it has not said.
    spacing: Duration,
    /// Until when nobody needs a turn.
    free_until: Option<Instant>,
}

impl SharedPace {
    /// `rate` requests per second to a host; 0 for as many as it answers, though it may ask for a pause.
    pub(crate) fn new(turns: JobQueue, rate: f64) -> Self {
        let spacing = (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate).max(NEXT_TO_NONE));
        Self { turns, spacing, hosts: Mutex::default() }
    }

    /// What a host wants to lie between two requests; zero if it has not said.
    pub(crate) fn spacing(&self, host: &str) -> Duration {
        self.hosts.lock().get(host).map_or(Duration::ZERO, |host| host.spacing)
    }

    /// Spaces the turns at a host by so much at least, from the next one on; whether that is more than it was.
    pub(crate) fn space(&self, host: &str, spacing: Duration) -> bool {
        if Some(spacing) <= self.spacing || spacing <= self.spacing(host) {
            return false;
        }
        let rate = self.turns.shared_rate(name(host), spacing);
        self.hosts.lock().insert(host.to_owned(), Host { rate, spacing, free_until: None });
        true
    }

    fn host(&self, host: &str) -> Host {
        let mut hosts = self.hosts.lock();
        if let Some(known) = hosts.get(host) {
            return known.clone();
        }
        let rate = self.turns.shared_rate(name(host), self.spacing.unwrap_or(NEXT_TO_NONE));
        let new = Host { rate, spacing: Duration::ZERO, free_until: None };
        hosts.insert(host.to_owned(), new.clone());
        new
    }

    fn set_free_until(&self, host: &str, until: Option<Instant>) {
        if let Some(known) = self.hosts.lock().get_mut(host) {
            known.free_until = until;
        }
    }
}

/// What the rate of a host is called, among whatever else there is in the engine, which takes no name of any length.
fn name(host: &str) -> String {
    match host.len() {
        ..=LONGEST => format!("sitewatch {host}"),
        _ => format!("sitewatch {}", JobId::of(&[host])),
    }
}

#[async_trait]
impl Pacer for SharedPace {
    /// Waits for an engine that is away: nobody is asked without a turn, and it is no answer that there was none.
    async fn turn(&self, host: &str) -> Result<(), FetchError> {
        let mut pauses = Pauses::default();
        loop {
            // Looked up each time: the host may have said meanwhile that this is too fast.
            let Host { rate, spacing, free_until } = self.host(host);
            if free_until.is_some_and(|until| Instant::now() < until) {
                return Ok(());
            }
            match rate.acquire().await {
                Ok(()) => {
                    if self.spacing.is_none() && spacing.is_zero() {
                        self.set_free_until(host, Some(Instant::now() + LOOK));
                    }
                    return Ok(());
                }
                Err(JobsError::Interrupted(interrupt)) => return Err(interrupt.into()),
                Err(JobsError::Driver(error)) if !error.is_final() => pauses.wait(&error).await?,
                Err(error) => return Err(ended(format_args!("there are no turns to be had: {error}")).into()),
            }
        }
    }

    /// Tells an engine that is away as soon as it is back, as long as there is something left of the pause.
    async fn pause(&self, host: &str, wait: Duration) {
        self.set_free_until(host, None);
        let (began, mut pauses) = (Instant::now(), Pauses::default());
        loop {
            let left = wait.saturating_sub(began.elapsed());
            let error = match self.host(host).rate.pause_for(left).await {
                Ok(()) => return,
                Err(JobsError::Driver(error)) if !error.is_final() && !left.is_zero() => {
                    match pauses.wait(&error).await {
                        Ok(()) => continue,
                        Err(interrupt) => JobsError::Interrupted(interrupt),
                    }
                }
                Err(error) => error,
            };
            tracing::warn!(%error, host, ?wait, "a host asked for a pause, which could not be told to all");
            return;
        }
    }

    async fn slow_down(&self, host: &str, spacing: Duration) {
        // The last turn was had at the pace before.
        if self.space(host, spacing) {
            self.pause(host, spacing).await;
        }
    }
}

impl fmt::Debug for SharedPace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedPace").field("spacing", &self.spacing).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_a_name_of_its_own_that_every_engine_takes() {
        assert_eq!(name("a.example:443"), "sitewatch a.example:443");
        let long = |last: char| format!("{}{last}:80", "a.".repeat(2_000));
        assert!(name(&long('a')).len() < 100 && name(&long('a')) == name(&long('a')));
        assert_ne!(name(&long('a')), name(&long('b')));
    }
}
