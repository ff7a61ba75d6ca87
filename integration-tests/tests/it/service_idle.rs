//! What the service takes while there is nothing to do.
#![cfg(target_os = "linux")]

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use integration_tests::sitewatch::Service;
use tokio::time::{Instant, sleep, timeout};

use crate::service_crashes::LIMIT;

const SITES: usize = 200;

/// How long it may take to come to rest.
const SETTLING: Duration = Duration::from_secs(5);

/// What it may take.
struct Bounds {
    /// How long it is watched.
    watched: Duration,
    /// The most memory, in KiB.
    memory: u64,
    /// It is on a CPU for less than one part in so many of the time.
    busiest: u32,
}

/// What is promised of the optimised program.
const OPTIMISED: Bounds = Bounds { watched: Duration::from_secs(60), memory: 60 * 1_024, busiest: 100 };

/// Without optimisation the code itself is several times as large, and the pages of it that were run are resident; what
/// is kept for each site is the same. Looking after nothing takes several times as long.
const OTHERWISE: Bounds = Bounds { watched: Duration::from_secs(10), memory: 120 * 1_024, busiest: 30 };

/// The program is the one beside this test's own binary, and was built as that was; or one that somebody names, which is
/// taken to be optimised.
fn bounds() -> Bounds {
    let is_named = std::env::var_os("SITEWATCH_PROGRAM").is_some();
    if is_named || !cfg!(debug_assertions) { OPTIMISED } else { OTHERWISE }
}

/// The unit of times in `/proc`, which is a hundredth of a second on each architecture that Linux has.
const TICKS_PER_SECOND: u64 = 100;

/// What is resident of a process, in KiB.
fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// For how long a process was on a CPU so far, in ticks.
fn worked(id: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // The name, in parentheses, may have anything in it. After it, the state is the third field, and the times in user
    // mode and in the kernel are the 14th and the 15th.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let times = fields.split_whitespace().skip(14 - 3).take(2);
    times.map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn two_hundred_sites_of_which_none_is_due_take_little_memory_and_hardly_any_time() {
    let bounds = bounds();
    let scenario = async {
        // Nobody is asked: the next check is in January, or never.
        let mut settings = String::new();
        for site in 0..SITES {
            let schedule = if site % 2 == 0 { "cron = \"0 3 1 1 *\"\n" } else { "" };
            write!(settings, "[sites.site-{site}]\ntarget = \"http://127.0.0.1:1/{site}/\"\n{schedule}").unwrap();
        }
        let service = Service::start(&settings).await.unwrap();
        let sites = service.get_json("/api/v1/sites").await.unwrap();
        assert_eq!(sites.as_array().unwrap().len(), SITES);
        let id = service.id().unwrap();
        sleep(SETTLING).await;

        let (before, began) = (worked(id), Instant::now());
        sleep(bounds.watched).await;
        let ticks = worked(id) - before;
        let elapsed = began.elapsed();
        let busy = Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND);
        assert!(busy < elapsed / bounds.busiest, "{busy:?} in {elapsed:?}; it said: {}", service.said());
        let memory = resident(id);
        assert!(memory < bounds.memory, "{memory} KiB");

        let runs = service.get_json("/api/v1/runs").await.unwrap();
        assert_eq!(runs.as_array().unwrap().len(), 0, "something was due: {runs}");
    };
    timeout(LIMIT, scenario).await.expect("the scenario hangs");
}
