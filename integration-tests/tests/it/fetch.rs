//! `sitewatch::fetch` against a real server.
mod bodies;
mod errors;
mod giving_up;
mod hosts;
mod redirects;
mod requests;
mod retries;
mod robots;
#[cfg(target_os = "linux")]
mod trust;

use std::time::Duration;

use sitewatch::fetch::{Fetcher, HttpConfig};

/// As fast as the machine, and with one attempt, so that each test turns on just what it is about.
fn config() -> HttpConfig {
    HttpConfig {
        rate: 0.0,
        retries: 0,
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(5),
        ..HttpConfig::default()
    }
}

fn fetcher() -> Fetcher {
    Fetcher::new(&config()).expect("the configuration is valid")
}

fn fetcher_with(change: impl FnOnce(&mut HttpConfig)) -> Fetcher {
    let mut config = config();
    change(&mut config);
    Fetcher::new(&config).expect("the configuration is valid")
}
