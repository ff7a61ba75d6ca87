//! Which hosts can't be reached, so that a thousand links to one cost one attempt.
use parking_lot::Mutex;
use patterns_core::retry::Verdict;
use rustc_hash::FxHashMap;

use super::FetchError;
use super::authority::Authority;
use super::transient::transient;

/// Failures in a row after which a host that did answer before is given up too.
const AFTER_AN_ANSWER: u32 = 5;

/// What is known of each host. Grows with the number of distinct hosts.
#[derive(Debug)]
pub(super) struct Memory {
    /// Transient failures in a row after which a host that never answered is given up.
    attempts: u32,
    hosts: Mutex<FxHashMap<Authority, Health>>,
}

#[derive(Debug, Default)]
struct Health {
    answered: bool,
    failures: u32,
    given_up: Option<FetchError>,
}

impl Memory {
    pub(super) fn new(retries: u32) -> Self {
        Self { attempts: retries.saturating_add(1), hosts: Mutex::default() }
    }

    /// Why the host is not worth an attempt, if it is not.
    pub(super) fn given_up(&self, host: &Authority) -> Option<FetchError> {
        self.hosts.lock().get(host)?.given_up.clone()
    }

    /// Whether the host ever answered.
    pub(super) fn answered(&self, host: &Authority) -> bool {
        self.hosts.lock().get(host).is_some_and(|health| health.answered)
    }

    // ANCHOR: note
    /// Notes how a request to the host ended.
    pub(super) fn note(&self, host: &Authority, error: Option<&FetchError>) {
        if error.is_some_and(FetchError::is_interrupted) {
            return;
        }
        let mut hosts = self.hosts.lock();
        let health = hosts.entry(host.clone()).or_default();
        let Some(error) = error.filter(|error| error.is_unreachable()) else {
            // Even a reset or a silence came from the host, or from something that speaks for it.
            *health = Health { answered: true, ..Health::default() };
            return;
        };
        health.failures += 1;
        let enough = if health.answered {
            AFTER_AN_ANSWER.max(self.attempts)
        } else if transient(error, None) == Verdict::Stop {
            1
        } else {
            self.attempts
        };
        if health.failures >= enough && health.given_up.is_none() {
            tracing::debug!(%host, %error, "given up");
            health.given_up = Some(error.clone());
        }
    }
    // ANCHOR_END: note
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::time::Duration;

    use url::Url;

    use super::*;
    use crate::fetch::Phase;

    const REFUSED: FetchError = FetchError::Connect(ErrorKind::ConnectionRefused);
    const SLOW: FetchError = FetchError::Timeout { phase: Phase::Connect, limit: Duration::from_secs(10) };

    fn host() -> Authority {
        Authority::of(&Url::parse("http://a.example/").unwrap())
    }

    /// How many failures it takes until the host is given up.
    fn failures(memory: &Memory, error: &FetchError) -> u32 {
        (1..=10)
            .find(|_| {
                memory.note(&host(), Some(error));
                memory.given_up(&host()).is_some()
            })
            .unwrap_or_default()
    }

    #[test]
    fn a_host_that_refuses_is_given_up_at_once() {
        assert_eq!(failures(&Memory::new(2), &REFUSED), 1);
    }

    #[test]
    fn a_host_that_may_be_slow_gets_the_attempts_of_one_link() {
        assert_eq!(failures(&Memory::new(2), &SLOW), 3);
        assert_eq!(failures(&Memory::new(0), &SLOW), 1);
    }

    #[test]
    fn a_host_that_answered_before_is_given_more_chances_and_an_answer_clears_the_count() {
        let memory = Memory::new(2);
        memory.note(&host(), None);
        for _ in 0..4 {
            memory.note(&host(), Some(&REFUSED));
        }
        memory.note(&host(), Some(&FetchError::Status(404)));
        assert_eq!(failures(&memory, &REFUSED), 5);
    }

    #[test]
    fn an_interruption_says_nothing_about_the_host() {
        let memory = Memory::new(2);
        let cause = patterns_core::cancel::CancelCause::new(patterns_core::cancel::CancelKind::Requested, "");
        let error = FetchError::Interrupted(patterns_core::context::Interrupt::Cancelled(cause));
        memory.note(&host(), Some(&error));
        assert!(!memory.answered(&host()));
        assert!(memory.given_up(&host()).is_none());
    }
}
