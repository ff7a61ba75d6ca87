//! What is counted of checks, by the facade of the crate [`metrics`], where they end or don't begin.
//!
//! What each name promises is said by [`crate::web::api::meters`], which shows them.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

use super::view::{Numbers, RunState};

/// The histogram, whose buckets are its recorder's to choose.
pub(crate) const SECONDS: &str = "sitewatch_check_seconds";

const CHECKS: &str = "sitewatch_checks_total";
const FETCHED: &str = "sitewatch_pages_fetched_total";
const BROKEN: &str = "sitewatch_links_newly_broken_total";
const FIXED: &str = "sitewatch_links_fixed_total";

/// Tells the recorder of this thread, or else the program's, what each of them is.
pub(crate) fn describe() {
    describe_counter!(CHECKS, "Checks that ended or did not begin");
    describe_histogram!(SECONDS, Unit::Seconds, "How long a check took that came to its end");
    describe_counter!(FETCHED, "Addresses that were asked for");
    describe_counter!(BROKEN, "Links that broke");
    describe_counter!(FIXED, "Links that are no more broken");
}

/// What may become of a check, as it is labelled.
const OUTCOMES: [&str; 5] = ["done", "cancelled", "failed", "skipped", "missed"];

/// Has the counters of a site be there, at zero where nothing was counted yet; to be called once it is watched.
///
/// Whoever asks how much a counter has grown learns nothing of what it began with. So each begins with zero, and not with
/// the first check.
pub(crate) fn watched(site: &str) {
    for outcome in OUTCOMES {
        counter!(CHECKS, "site" => site.to_owned(), "outcome" => outcome).increment(0);
    }
    counter!(BROKEN, "site" => site.to_owned()).increment(0);
    counter!(FIXED, "site" => site.to_owned()).increment(0);
}

/// Counts a run that ended; to be called once for each, when its end is kept.
///
/// Without a recorder it costs next to nothing.
pub(crate) fn run_ended(site: &str, state: RunState, numbers: &Numbers) {
    count(site, state, 1);
    counter!(FETCHED).increment(numbers.fetched);
    counter!(BROKEN, "site" => site.to_owned()).increment(numbers.newly_broken);
    counter!(FIXED, "site" => site.to_owned()).increment(numbers.fixed);
    if state == RunState::Done {
        histogram!(SECONDS).record(Duration::from_millis(numbers.elapsed_ms));
    }
}

/// Counts checks that were due and did not begin, as they were skipped or missed; to be called once for each time that
/// this is noted.
pub(crate) fn not_begun(site: &str, state: RunState, times: u64) {
    count(site, state, times);
}

fn count(site: &str, state: RunState, times: u64) {
    let outcome = match state {
        // Nothing has become of it yet.
        RunState::Running => return,
        RunState::Done => "done",
        RunState::Cancelled => "cancelled",
        RunState::Failed => "failed",
        RunState::Skipped => "skipped",
        RunState::Missed => "missed",
    };
    counter!(CHECKS, "site" => site.to_owned(), "outcome" => outcome).increment(times);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::api::meters::recorder;

    #[test]
    fn the_counters_of_a_site_are_there_before_its_first_check_and_keep_what_they_have() {
        let (recorder, handle) = recorder();
        let has = |lines: &[&str]| {
            let text = handle.render();
            lines.iter().all(|line| text.lines().any(|has| has == *line))
        };
        metrics::with_local_recorder(&recorder, || watched("docs"));
        assert!(has(&[
            "sitewatch_checks_total{site=\"docs\",outcome=\"done\"} 0",
            "sitewatch_checks_total{site=\"docs\",outcome=\"missed\"} 0",
            "sitewatch_links_newly_broken_total{site=\"docs\"} 0",
            "sitewatch_links_fixed_total{site=\"docs\"} 0",
        ]));
        metrics::with_local_recorder(&recorder, || {
            not_begun("docs", RunState::Missed, 3);
            watched("docs");
        });
        assert!(has(&["sitewatch_checks_total{site=\"docs\",outcome=\"missed\"} 3"]));
    }
}
