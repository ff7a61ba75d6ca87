//! The settings of all actors: each wait is limited by default, and senseless ones are reported with their source.

use std::time::Duration;

use actors::ActorConfig;
use actors::connection_pool::ConnectionPoolConfig;
use actors::coordinator::{Coordinator, CoordinatorConfig, PlanError};
use actors::scheduler::SchedulerConfig;
use actors::system::{System, SystemConfig};
use actors::worker_pool::WorkerPoolConfig;
use patterns_core::settings::{Settings, Validate};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, to_value};

/// What is a duration there, by its key.
fn durations(settings: &Value, key: &str, found: &mut Vec<(String, Duration)>) {
    match settings {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| {
            let deeper = if key.is_empty() { field.clone() } else { format!("{key}.{field}") };
            durations(value, &deeper, found);
        }),
        Value::String(text) => found.extend(humantime::parse_duration(text).ok().map(|it| (key.to_owned(), it))),
        _ => {}
    }
}

#[test]
fn every_wait_has_a_limit_by_default() {
    // deadpool's timeouts default to none. With each, how many durations there are at least.
    let all = [
        (to_value(SystemConfig::default()), 0),
        (to_value(ActorConfig::default()), 6),
        (to_value(ConnectionPoolConfig::default()), 15),
        (to_value(WorkerPoolConfig::default()), 2),
        (to_value(SchedulerConfig::default()), 6),
        (to_value(CoordinatorConfig::default()), 4),
    ];
    for (settings, least) in all {
        let settings = settings.unwrap();
        let mut found = Vec::new();
        durations(&settings, "", &mut found);
        assert!(found.len() >= least, "{settings}");
        for (key, duration) in found {
            assert!(!duration.is_zero() && duration <= Duration::from_secs(3_600), "{key}: {duration:?}");
        }
        for (key, value) in settings.as_object().unwrap() {
            let is_wait = ["_timeout", "_after", "_every"].iter().any(|end| key.ends_with(end));
            assert!(!is_wait || value.is_string(), "{key} is {value}");
        }
    }
}

/// Loads `T` with one senseless value. What is said of it.
fn refused<T: Serialize + DeserializeOwned + Default + Validate>(key: &str, value: &str) -> String {
    match Settings::new().set(key, value, "--flag").load_valid::<T>() {
        Ok(_) => format!("{key} may be {value}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn senseless_settings_are_reported_with_their_source_whosever_they_are() {
    let said = [
        refused::<ConnectionPoolConfig>("acquire_timeout", "0s"),
        refused::<WorkerPoolConfig>("io_tasks", "0"),
        refused::<SchedulerConfig>("lease", "999ms"),
        refused::<SchedulerConfig>("history", "0"),
        refused::<CoordinatorConfig>("check_interval", "0s"),
        refused::<CoordinatorConfig>("events", "0"),
    ];
    let expected = [
        "--flag: acquire_timeout = \"0s\": must be longer than nothing",
        "--flag: io_tasks = \"0\": must be at least 1",
        "--flag: lease = \"999ms\": must be at least 1 s",
        "--flag: history = \"0\": must be at least 1",
        "--flag: check_interval = \"0s\": must be longer than nothing",
        "--flag: events = \"0\": must be at least 1",
    ];
    assert_eq!(said, expected);
    // The defaults make sense.
    let settings = Settings::new();
    settings.load_valid::<ConnectionPoolConfig>().unwrap();
    settings.load_valid::<WorkerPoolConfig>().unwrap();
    settings.load_valid::<SchedulerConfig>().unwrap();
    settings.load_valid::<CoordinatorConfig>().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_with_senseless_settings_does_not_start() {
    let system = System::start().unwrap();
    let start = |config| Coordinator::builder().config(config).start(&system).map(drop);
    let hasty = CoordinatorConfig::default().check_interval(Duration::ZERO);
    assert_eq!(
        start(hasty),
        Err(PlanError::Config { field: "check_interval", problem: "must be longer than nothing" })
    );
    assert!(start(CoordinatorConfig::default().events(0)).is_err());
    assert!(system.status().is_empty());
}

/// As a program would have them in one file.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Service {
    system: SystemConfig,
    db: ConnectionPoolConfig,
    workers: WorkerPoolConfig,
    scheduler: SchedulerConfig,
    coordinator: CoordinatorConfig,
}

impl Validate for Service {
    fn validate(&self, findings: &mut patterns_core::settings::Findings) {
        findings.below("db", &self.db);
        findings.below("workers", &self.workers);
        findings.below("scheduler", &self.scheduler);
        findings.below("coordinator", &self.coordinator);
    }
}

#[test]
fn a_program_has_them_in_one_place_and_hears_of_all_mistakes_at_once() {
    let settings = Settings::new().env("APP", [("APP_DB__MAX_SIZE", "4"), ("APP_WORKERS__GRACE", "250ms")]).set(
        "coordinator.shutdown_timeout",
        "5s",
        "--patience",
    );
    let service: Service = settings.load_valid().unwrap();
    assert_eq!((service.db.max_size, service.workers.grace), (4, Duration::from_millis(250)));
    assert_eq!(service.coordinator.shutdown_timeout, Duration::from_secs(5));

    let settings = settings.set("scheduler.overlap_limit", "0", "--overlap").set("coordinator.events", "0", "--events");
    let refused = settings.load_valid::<Service>().err().unwrap().to_string();
    assert!(refused.contains("--overlap: scheduler.overlap_limit = \"0\": must be at least 1"), "{refused}");
    assert!(refused.contains("--events: coordinator.events = \"0\": must be at least 1"), "{refused}");
}
