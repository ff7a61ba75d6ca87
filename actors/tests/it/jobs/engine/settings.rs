//! The settings of a queue: what they are by default, what they are called, and which make no sense.

use std::collections::BTreeSet;
use std::time::Duration;

use actors::jobs::{Job, JobQueueConfig, StartError};
use patterns_core::settings::Settings;
use serde_json::{Value, json, to_value};
use tokio::time::{Instant, sleep};

use super::book::{Act, Deed};
use super::support::{World, deed, done, drain, end, millis, put, secs, soon};

/// All that can be said, as a file has it.
fn defaults() -> Value {
    json!({
        "name": "jobs",
        "instance": null,
        "concurrency": 64,
        "lease": "15s",
        "poison": 3,
        "ageing": "1m",
        "poll": "5s",
        "grace": "5s",
        "drain_timeout": "30s",
        "driver_timeout": "10s",
        "keep": "1day",
        "keep_dead": "30days",
    })
}

#[test]
fn each_setting_has_a_default_and_a_name_in_files() {
    let config = JobQueueConfig::default();
    assert_eq!((config.name.as_str(), config.instance.as_deref()), ("jobs", None));
    assert_eq!((config.concurrency, config.poison), (64, 3));
    assert_eq!((config.lease, config.grace, config.poll), (secs(15), secs(5), secs(5)));
    assert_eq!((config.drain_timeout, config.driver_timeout, config.ageing), (secs(30), secs(10), secs(60)));
    assert_eq!((config.keep, config.keep_dead), (secs(86_400), Some(secs(30 * 86_400))));
    // Each by its name, and no other.
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&to_value(&config).unwrap()), keys(&defaults()));
    assert_eq!(serde_json::from_value::<JobQueueConfig>(defaults()).unwrap(), config);
    assert_eq!(serde_json::from_str::<JobQueueConfig>("{}").unwrap(), config);
}

#[test]
fn what_is_said_of_one_setting_changes_that_one() {
    let others = [
        ("name", json!("others")),
        ("instance", json!("host-1")),
        ("concurrency", json!(7)),
        ("lease", json!("30s")),
        ("poison", json!(5)),
        ("ageing", json!("2m")),
        ("poll", json!("1s")),
        ("grace", json!("3s")),
        ("drain_timeout", json!("1m")),
        ("driver_timeout", json!("20s")),
        ("keep", json!("2h")),
        ("keep_dead", Value::Null),
    ];
    assert_eq!(others.len(), defaults().as_object().unwrap().len());
    for (key, value) in others {
        let mut said = defaults();
        said[key] = value;
        let config: JobQueueConfig = serde_json::from_value(said.clone()).unwrap();
        assert_ne!(config, JobQueueConfig::default(), "{key}");
        // What is written is read as the same, and all else is as it was.
        let again: JobQueueConfig = serde_json::from_value(to_value(&config).unwrap()).unwrap();
        assert_eq!(again, config, "{key}");
        let mut alone = serde_json::Map::new();
        alone.insert(key.to_owned(), said[key].clone());
        assert_eq!(serde_json::from_value::<JobQueueConfig>(alone.into()).unwrap(), config, "{key}");
    }
}

#[test]
fn a_setting_that_there_is_not_is_refused() {
    let refused = serde_json::from_str::<JobQueueConfig>(r#"{ "leese": "30s" }"#).unwrap_err().to_string();
    assert!(refused.contains("leese") && refused.contains("lease"), "{refused}");
}

/// What is said of one senseless value, wherever it comes from.
fn refused(key: &str, value: &str) -> String {
    match Settings::new().set(key, value, "--flag").load_valid::<JobQueueConfig>() {
        Ok(_) => format!("{key} may be {value}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn senseless_values_are_refused_with_key_and_value() {
    let said = [
        ("name", "a\0b"),
        ("instance", "a\0b"),
        ("concurrency", "0"),
        ("lease", "0s"),
        ("lease", "299ms"),
        ("poison", "0"),
        ("poll", "0s"),
        ("poll", "9ms"),
        ("grace", "0s"),
        ("grace", "8s"),
        ("driver_timeout", "0s"),
    ];
    for (key, value) in said {
        let refused = refused(key, value);
        assert!(refused.starts_with(&format!("--flag: {key} = ")) && refused.contains(": must "), "{refused}");
        assert!(value.contains('\0') || refused.contains(&format!("{value:?}")), "{refused}");
        assert!(!refused.contains('\n'), "more than one sentence: {refused}");
    }
    for (key, most) in [("name", 1000), ("instance", 2000)] {
        assert!(refused(key, &"x".repeat(most + 1)).contains(": must not be longer than "), "{key}");
        assert!(refused(key, &"x".repeat(most)).contains("may be"), "{key}");
    }
    // The least and the greatest that make sense.
    for (key, value) in [("lease", "10s"), ("poison", "1"), ("concurrency", "1"), ("poll", "10ms"), ("grace", "1ms")] {
        assert_eq!(refused(key, value), format!("{key} may be {value}"));
    }
    assert_eq!(refused("grace", "7500ms"), "grace may be 7500ms");
}

/// Changes one setting.
type Change = fn(&mut JobQueueConfig);

#[tokio::test(start_paused = true)]
async fn a_queue_with_senseless_settings_does_not_start() {
    let changes: [(&str, Change); 9] = [
        ("name", |config| config.name = "a\0b".to_owned()),
        ("instance", |config| config.instance = Some("a\0b".to_owned())),
        ("concurrency", |config| config.concurrency = 0),
        ("lease", |config| config.lease = Duration::ZERO),
        ("poison", |config| config.poison = 0),
        ("poll", |config| config.poll = Duration::ZERO),
        ("grace", |config| config.grace = Duration::ZERO),
        ("grace", |config| config.grace = config.lease),
        ("driver_timeout", |config| config.driver_timeout = Duration::ZERO),
    ];
    let world = World::new();
    for (key, change) in changes {
        let mut config = JobQueueConfig::default();
        change(&mut config);
        let builder = world.queue("a", world.memory.clone()).config(config);
        let error = soon(builder.start(&world.system)).await.unwrap_err();
        assert!(matches!(error, StartError::Config { field, .. } if field == key), "{key}: {error:?}");
        assert!(error.to_string().starts_with(&format!("queue of jobs: `{key}` must ")), "{error}");
    }
    assert!(world.system.status().is_empty() && world.owners().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn two_handlers_for_one_kind_are_refused() {
    let world = World::new();
    let builder = world.queue("a", world.memory.clone()).handle::<Deed>(world.book.clone());
    let error = soon(builder.start(&world.system)).await.unwrap_err();
    assert!(matches!(&error, StartError::SameKind { kind } if kind == Deed::KIND), "{error:?}");
    assert_eq!(error.to_string(), "queue of jobs: two handlers for the kind `deed`");
    assert!(world.system.status().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_greatest_values_are_refused_or_do_no_harm() {
    let changes: [(&str, Change); 10] = [
        ("concurrency", |config| config.concurrency = usize::MAX),
        ("lease", |config| config.lease = Duration::MAX),
        ("poison", |config| config.poison = u32::MAX),
        ("ageing", |config| config.ageing = Duration::MAX),
        ("poll", |config| config.poll = Duration::MAX),
        ("grace", |config| config.grace = Duration::MAX),
        ("drain_timeout", |config| config.drain_timeout = Duration::MAX),
        ("driver_timeout", |config| config.driver_timeout = Duration::MAX),
        ("keep", |config| config.keep = Duration::MAX),
        ("keep_dead", |config| config.keep_dead = Some(Duration::MAX)),
    ];
    for (key, change) in changes {
        let (world, mut config) = (World::new(), JobQueueConfig::default());
        change(&mut config);
        let builder = world.queue("a", world.memory.clone()).config(config);
        let queue = match soon(builder.start(&world.system)).await {
            Ok(queue) => queue,
            Err(error) => {
                // In the words of the one who set it.
                assert!(error.to_string().contains(&format!("`{key}`")), "{key}: {error}");
                continue;
            }
        };
        // Another owner is looked at, and gauges are set.
        let _other = world.worker("b").await;
        for n in 0..3 {
            let name = format!("{key} {n}");
            let ticket = put(&queue, deed(&name, [Act::Fail("no".to_owned()), Act::Nap(1000)])).await;
            assert_eq!(end(&ticket).await, done(&name));
        }
        sleep(secs(200)).await;
        assert_eq!(queue.actor().status().panics, 0, "{key}: {:?}", queue.actor().status().last_panic);
        assert!(drain(&queue, 30).await.is_complete(), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_setting_has_an_effect() {
    let world = World::new();
    let builder = world.queue("named", world.memory.clone()).instance("host-1").concurrency(2);
    let builder = builder.lease(secs(30)).grace(secs(2)).poll(secs(1)).drain_timeout(secs(4));
    let queue = world.start(builder).await;
    for name in ["1", "2", "3"] {
        put(&queue, deed(name, [Act::Insist(1_000_000)])).await;
    }
    sleep(secs(1)).await;
    assert_eq!(world.book.running(), 2);
    let seen = world.seen().await;
    assert!(seen.len() == 1 && seen[0].owner.starts_with("named-"), "{seen:?}");
    assert_eq!(seen[0].instance.as_deref(), Some("host-1"));
    assert_eq!(&*queue.actor().status().name, "named");
    // Signs of life are given three times in a lease.
    sleep(secs(90)).await;
    let later = world.seen().await;
    let beats = later[0].beat - seen[0].beat;
    assert!((8..=11).contains(&beats), "{beats} signs of life in 90 s");
    // Its last handle is dropped: two seconds are left to finish, and a grace to stop.
    let dropped = Instant::now();
    drop(queue);
    soon(async {
        while !world.owners().await.is_empty() {
            sleep(millis(10)).await;
        }
    })
    .await;
    assert!(dropped.elapsed() <= secs(8), "{:?}", dropped.elapsed());
    assert_eq!((world.counts().await.waiting, world.book.running()), (3, 0));
}
