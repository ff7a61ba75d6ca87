//! Metrics for Prometheus, at `/metrics`.
//!
//! What happens is counted where it happens, by the [`metrics`] facade: the service counts each run when its end is
//! kept, and each check that was due and did not begin when that is noted. What is, such as how many links are broken,
//! is taken from [`Watch`] when it is asked for, so that a site that is no more in the settings is not there either.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `sitewatch_checks_total` | counter | `site`, `outcome` | checks that ended or did not begin: `done`, `cancelled`, `failed`, `skipped`, `missed` |
//! | `sitewatch_check_seconds` | histogram | | how long a check took that came to its end, in seconds |
//! | `sitewatch_pages_fetched_total` | counter | | addresses that were asked for |
//! | `sitewatch_links_newly_broken_total` | counter | `site` | links that broke |
//! | `sitewatch_links_fixed_total` | counter | `site` | links that are no more broken |
//! | `sitewatch_info` | gauge | `version` | 1 |
//! | `sitewatch_ready` | gauge | | 1 if the service can do its work, else 0 |
//! | `sitewatch_sites` | gauge | `health` | sites, by how they were when they were last looked at |
//! | `sitewatch_broken_links` | gauge | `site` | links that are broken as far as is known |
//! | `sitewatch_site_activity` | gauge | `site`, `activity` | 1 for what is being done about the site: `idle`, `waiting`, `checking`, `paused` |
//! | `sitewatch_last_check_timestamp_seconds` | gauge | `site` | when the latest check ended, in seconds since 1970 |
//! | `sitewatch_workers` | gauge | | workers of the queue that are there |
//! | `sitewatch_jobs` | gauge | `queue`, `state` | jobs that there are: `waiting`, of these `ready` to be taken, `running`, `done`, `dead`, `cancelled` |
//! | `sitewatch_jobs_lag_seconds` | gauge | `queue` | the age of the oldest job that could be taken: for how long it has been due, 0 if there is none |
//! | `sitewatch_queue_paused` | gauge | `queue` | 1 if nothing is taken of it, else 0 |
//!
//! The counters of a site are there as soon as it is watched, at 0, so that what is counted first is seen as growth.
//!
//! Those of sites are missing while the database doesn't answer; `sitewatch_ready` is 0 then. Those of the queue are
//! missing where there is none, and while it doesn't answer within three seconds. Beside them are the metrics of the
//! crate [`actors`], which its modules document; its `actors_durable_jobs` and `actors_durable_jobs_lag_seconds` are not
//! among them, as they are set by whichever worker leads. What is here of jobs the service asks the queue itself.
//!
//! # Installing
//!
//! A recorder is global, so it is the program's to install, and not the library's:
//!
//! ```no_run
//! use sitewatch::web::api::meters;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let (recorder, handle) = meters::recorder();
//! metrics::set_global_recorder(recorder)?; // before the first actor is spawned
//! let upkeep = meters::upkeep(handle.clone()); // to be polled beside the service
//! let shown = actix_web::web::Data::new(handle); // an `app_data` of the server
//! # drop((upkeep, shown));
//! # Ok(())
//! # }
//! ```

use std::fmt::{Display, Write};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use metrics_exporter_prometheus::formatting::sanitize_label_value;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::words;
use crate::service::{QueueView, SiteView, Watch, WatchError, WatchJobs, WorkerView, meters};

/// From a folder to a site of many pages, gently.
const CHECK_BUCKETS: [f64; 9] = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 43_200.0];

/// From a mailbox that is empty to one that is in trouble.
const WAIT_BUCKETS: [f64; 7] = [0.000_01, 0.000_1, 0.001, 0.01, 0.1, 1.0, 10.0];

/// How often what was measured is summed up.
const UPKEEP: Duration = Duration::from_secs(10);

/// How long a queue may take to answer: whoever asks for the metrics wants the others, too.
const PATIENCE: Duration = Duration::from_secs(3);

/// A recorder for the program to install, and what shows the metrics that it has taken.
///
/// It starts no thread; see [`upkeep`].
///
/// # Examples
///
/// ```
/// use sitewatch::web::api::meters;
///
/// let (recorder, handle) = meters::recorder();
/// metrics::with_local_recorder(&recorder, || metrics::counter!("sitewatch_pages_fetched_total").increment(3));
/// assert!(handle.render().contains("sitewatch_pages_fetched_total 3\n"));
/// ```
#[must_use]
pub fn recorder() -> (PrometheusRecorder, PrometheusHandle) {
    let recorder = builder().build_recorder();
    metrics::with_local_recorder(&recorder, meters::describe);
    let handle = recorder.handle();
    (recorder, handle)
}

fn builder() -> PrometheusBuilder {
    let seconds = Matcher::Full(meters::SECONDS.to_owned());
    let waits = Matcher::Full("actors_queue_wait_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &CHECK_BUCKETS);
    builder.and_then(|builder| builder.set_buckets_for_metric(waits, &WAIT_BUCKETS)).expect("there are buckets")
}

/// Sums up what histograms have taken in, every ten seconds, for as long as it is polled; it never ends.
///
/// Showing the metrics does the same. Without either, each measured value is kept in memory.
///
/// # Cancel safety
///
/// Cancel safe.
pub async fn upkeep(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

pub(super) async fn metrics(handle: Option<Data<PrometheusHandle>>, watch: Data<dyn Watch>) -> HttpResponse {
    let mut text = handle.map(|handle| handle.render()).unwrap_or_default();
    let readiness = watch.readiness().await;
    let sites = watch.sites().await;
    let mut gauges = Gauges(&mut text);
    gauges.family("sitewatch_info", "The version that runs");
    gauges.sample("sitewatch_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    gauges.family("sitewatch_ready", "Whether the service can do its work");
    gauges.sample("sitewatch_ready", &[], u8::from(readiness.ready && sites.is_ok()));
    if let Ok(sites) = sites {
        gauges.sites(&sites);
    }
    if let Ok(queue) = watch.queue()
        && let Ok(Ok((workers, queues))) = tokio::time::timeout(PATIENCE, asked(queue)).await
    {
        gauges.jobs(&workers, &queues);
    }
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(text)
}

async fn asked(queue: &dyn WatchJobs) -> Result<(Vec<WorkerView>, Vec<QueueView>), WatchError> {
    tokio::try_join!(queue.workers(), queue.queues())
}

/// Writes what is, in the text format of Prometheus.
struct Gauges<'a>(&'a mut String);

impl Gauges<'_> {
    fn sites(&mut self, sites: &[SiteView]) {
        self.family("sitewatch_sites", "Sites, by how they were when they were last looked at");
        for health in words::HEALTHS {
            let count = sites.iter().filter(|site| site.health == health).count();
            self.sample("sitewatch_sites", &[("health", words::health(health))], count);
        }
        self.family("sitewatch_broken_links", "Links that are broken as far as is known");
        for site in sites {
            self.sample("sitewatch_broken_links", &[("site", site.name.as_str())], site.broken);
        }
        self.family("sitewatch_site_activity", "What is being done about a site");
        for site in sites {
            for activity in words::ACTIVITIES {
                let labels = [("site", site.name.as_str()), ("activity", words::activity(activity))];
                self.sample("sitewatch_site_activity", &labels, u8::from(site.activity == activity));
            }
        }
        self.family("sitewatch_last_check_timestamp_seconds", "When the latest check ended");
        for site in sites {
            if let Some(ended) = site.last.as_ref().and_then(|run| run.ended) {
                let labels = [("site", site.name.as_str())];
                self.sample("sitewatch_last_check_timestamp_seconds", &labels, ended.as_second());
            }
        }
    }

    fn jobs(&mut self, workers: &[WorkerView], queues: &[QueueView]) {
        self.family("sitewatch_workers", "Workers of the queue that are there");
        self.sample("sitewatch_workers", &[], workers.len());
        self.family("sitewatch_jobs", "Jobs that there are, by queue and state");
        for queue in queues {
            let counts = [
                ("waiting", queue.waiting),
                ("ready", queue.ready),
                ("running", queue.running),
                ("done", queue.done),
                ("dead", queue.dead),
                ("cancelled", queue.cancelled),
            ];
            for (state, count) in counts {
                self.sample("sitewatch_jobs", &[("queue", queue.name.as_str()), ("state", state)], count);
            }
        }
        self.family("sitewatch_jobs_lag_seconds", "For how long the oldest job that could be taken has been due");
        for queue in queues {
            let lag = Duration::from_millis(queue.lag_ms.unwrap_or_default());
            self.sample("sitewatch_jobs_lag_seconds", &[("queue", queue.name.as_str())], lag.as_secs_f64());
        }
        self.family("sitewatch_queue_paused", "Whether nothing is taken of a queue");
        for queue in queues {
            self.sample("sitewatch_queue_paused", &[("queue", queue.name.as_str())], u8::from(queue.paused));
        }
    }

    fn family(&mut self, name: &str, help: &str) {
        // A String takes everything.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", sanitize_label_value(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}
