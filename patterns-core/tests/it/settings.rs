#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
mod hostile;
mod inherit;
mod laws;
mod layers;
mod problems;
mod secrets;
mod values;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use patterns_core::settings::{Findings, Settings, SettingsError, Validate};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct App {
    name: String,
    http: Http,
    pool: Pool,
    level: Level,
    include: Vec<String>,
    ports: Vec<u16>,
    sites: Vec<Site>,
    labels: BTreeMap<String, u32>,
    proxy: Option<Proxy>,
    token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Http {
    retries: u8,
    max_pages: u64,
    offset: i16,
    factor: f64,
    verify: bool,
    #[serde(with = "patterns_core::settings::duration")]
    timeout: Duration,
    #[serde(with = "patterns_core::settings::duration")]
    pause: Option<Duration>,
    #[serde(with = "patterns_core::settings::size")]
    body: u64,
    #[serde(with = "patterns_core::settings::size")]
    cache: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pool {
    min: u32,
    max: NonZeroU32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Quiet,
    Normal,
    File { path: String },
    Sampled(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Site {
    url: String,
    #[serde(default)]
    depth: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Proxy {
    host: String,
    port: u16,
}

impl Default for App {
    fn default() -> Self {
        Self {
            name: "app".into(),
            http: Http {
                retries: 3,
                max_pages: 1000,
                offset: 0,
                factor: 1.5,
                verify: true,
                timeout: Duration::from_secs(30),
                pause: None,
                body: 16 << 20,
                cache: None,
            },
            pool: Pool { min: 1, max: NonZeroU32::new(8).unwrap() },
            level: Level::Normal,
            include: vec!["all".into()],
            ports: vec![],
            sites: vec![],
            labels: BTreeMap::new(),
            proxy: None,
            token: None,
        }
    }
}

impl Validate for App {
    fn validate(&self, findings: &mut Findings) {
        findings.below("pool", &self.pool);
        if self.include.is_empty() {
            findings.refuse("include", "must name something");
        }
    }
}

impl Validate for Pool {
    fn validate(&self, findings: &mut Findings) {
        if self.min > self.max.get() {
            findings.refuse("min", format!("must not exceed max, which is {}", self.max));
        }
    }
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The report with short paths.
    fn told(&self, error: &SettingsError) -> String {
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }

    fn refused<T>(&self, settings: &Settings) -> String
    where
        T: Serialize + DeserializeOwned + Default,
    {
        let error = settings.load::<T>().err().expect("something is wrong");
        assert_eq!(error.to_string().lines().count(), error.problems().len(), "one line each: {error}");
        self.told(&error)
    }
}

fn flag(key: &str, value: &str) -> Settings {
    Settings::new().set(key, value, "--flag")
}

fn refused(settings: &Settings) -> String {
    Folder::new().refused::<App>(settings)
}
