//! The files that the chapter `many_machines` shows.

use std::path::PathBuf;

use sitewatch::cli::{Command, parse};
use sitewatch::remote::Place;
use sitewatch::service::config;

use crate::support::{book, read};

fn packaging(file: &str) -> PathBuf {
    book().parent().unwrap().join("demos/sitewatch/packaging").join(file)
}

/// What stands behind this key in the lines of the compose file.
fn values(key: &str) -> Vec<String> {
    let compose = read(&packaging("compose.yaml"));
    let values = compose.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
    values.map(str::to_owned).collect()
}

#[test]
fn every_command_of_the_compose_file_is_one_of_sitewatch() {
    let commands = values("command");
    assert_eq!(commands.len(), 4);
    let mut workers = Vec::new();
    for command in commands {
        let words: Vec<String> = serde_json::from_str(&command).unwrap();
        let words = ["sitewatch".to_owned()].into_iter().chain(words);
        let parsed = parse(words).unwrap_or_else(|error| panic!("{command}: {error}"));
        if let Command::Worker(worker) = parsed.command {
            workers.extend(worker.name);
        }
    }
    assert_eq!(workers, ["worker-1", "worker-2"], "no two have the same name");
}

#[test]
fn the_settings_of_the_compose_file_hold() {
    let password = |url: &str| url.replace("${POSTGRES_PASSWORD:?}", "a-password");
    let (database, queues) = (values("SITEWATCH_DATABASE"), values("SITEWATCH_QUEUE"));
    assert_eq!((database.len(), queues.len()), (1, 2));
    assert_eq!(queues[0], queues[1], "all have the same queue");
    let queue = password(&queues[0]);
    assert_eq!(Place::of(&queue).unwrap().to_string(), "postgres://sitewatch@database/sitewatch");
    let vars = [
        ("SITEWATCH_DATABASE", password(&database[0])),
        ("SITEWATCH_QUEUE", queue.clone()),
        ("SITEWATCH_WEB__LISTEN", "0.0.0.0:8080".to_owned()),
        ("SITEWATCH_WEB__TOKEN", "0123456789abcdef0123456789abcdef".to_owned()),
    ];
    let settings = config::load(&packaging("compose.toml"), vars).unwrap();
    assert_eq!(settings.queue, Some(queue));
    assert_eq!(settings.sites.len(), 1);
}
