use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use patterns_core::settings::Findings;
use reqwest::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::Secret;
use super::shapes::Time;
use super::source::{Source, Vars};
use super::time;
use crate::fetch::HttpConfig;

/// How politely and how patiently pages are fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Http")]
pub(crate) struct HttpTable {
    /// Requests to one host and port at the same time; at least 1.
    pub(crate) per_host: NonZeroUsize,
    /// Requests per second to one host and port; 0 for as fast as it answers. A `Crawl-delay` in the host's robots.txt
    /// can only make it slower.
    pub(crate) rate: f64,
    /// How long a new connection may take: name lookup, TCP and TLS together.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub(crate) connect_timeout: Duration,
    /// How long the server may send nothing, once connected.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub(crate) read_timeout: Duration,
    /// How long one request may take, from the first step to the last byte. Each redirect and each retry is a request
    /// of its own; waiting for the host's turn does not count.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub(crate) total_timeout: Duration,
    /// The longest body, in bytes after decompression; at least 1.
    pub(crate) max_body: NonZeroU64,
    /// How many times larger a body may become by decompression, beyond its first MiB; at least 1.
    pub(crate) max_ratio: NonZeroU32,
    /// Attempts after the first, on what is transient only.
    pub(crate) retries: u32,
    /// The longest chain of redirects.
    pub(crate) max_redirects: usize,
    /// What requests say they come from. The part before the first `/` is the name that is looked up in robots.txt.
    pub(crate) user_agent: String,
    /// Whether to fetch what a robots.txt disallows.
    pub(crate) ignore_robots: bool,
    /// Further request headers, by name, which everybody may see who is asked. Those that say who we are belong in
    /// `auth`.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Default for HttpTable {
    fn default() -> Self {
        let http = HttpConfig::default();
        Self {
            per_host: NonZeroUsize::new(http.per_host).unwrap_or(NonZeroUsize::MIN),
            rate: http.rate,
            connect_timeout: http.connect_timeout,
            read_timeout: http.read_timeout,
            total_timeout: http.total_timeout,
            max_body: NonZeroU64::new(http.max_body).unwrap_or(NonZeroU64::MAX),
            max_ratio: NonZeroU32::new(http.max_ratio).unwrap_or(NonZeroU32::MAX),
            retries: http.retries,
            max_redirects: http.max_redirects,
            user_agent: http.user_agent,
            ignore_robots: http.ignore_robots,
            headers: http.headers,
        }
    }
}

impl HttpTable {
    pub(super) fn build(&self, findings: &mut Findings) -> HttpConfig {
        if !(self.rate.is_finite() && self.rate >= 0.0) {
            findings.refuse("rate", "expected a number of requests per second, or 0 for no limit");
        }
        let timeouts = [
            ("connect_timeout", self.connect_timeout),
            ("read_timeout", self.read_timeout),
            ("total_timeout", self.total_timeout),
        ];
        for (key, _) in timeouts.into_iter().filter(|(_, timeout)| timeout.is_zero()) {
            findings.refuse(key, "must be longer than nothing");
        }
        if HeaderValue::from_str(&self.user_agent).is_err() {
            findings.refuse("user_agent", "has characters that a header can't have");
        }
        for (name, value) in &self.headers {
            let problem = match name.to_ascii_lowercase().as_str() {
                "authorization" | "cookie" | "proxy-authorization" => Some(
                    "says who we are: as one of auth.headers it is kept secret, and sent to the target's host only",
                ),
                _ => problem_of(name, value),
            };
            if let Some(problem) = problem {
                // Whoever wrote it here may have meant it as a secret.
                findings.inside(&["headers", name], |findings| findings.refuse_secret("", problem));
            }
        }
        HttpConfig {
            per_host: self.per_host.get(),
            rate: self.rate,
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
            total_timeout: self.total_timeout,
            max_body: self.max_body.get(),
            max_ratio: self.max_ratio.get(),
            retries: self.retries,
            max_redirects: self.max_redirects,
            user_agent: self.user_agent.clone(),
            ignore_robots: self.ignore_robots,
            headers: self.headers.clone(),
            ..HttpConfig::default()
        }
    }
}

/// What is wrong with a header.
pub(super) fn problem_of(name: &str, value: &str) -> Option<&'static str> {
    let Ok(name) = name.parse::<HeaderName>() else { return Some("the name is not one that a header can have") };
    match name.as_str() {
        "host" | "content-length" | "transfer-encoding" | "connection" => Some("is part of how HTTP works"),
        "accept-encoding" => Some("is set by what can be decompressed"),
        _ if HeaderValue::from_str(value).is_err() => Some("has characters that a header can't have"),
        _ => None,
    }
}

/// Headers that are secrets, or findings that say why they can't be sent.
pub(super) fn secret_headers(
    headers: &BTreeMap<String, Source>,
    vars: &Vars<'_>,
    findings: &mut Findings,
) -> Option<BTreeMap<String, Secret>> {
    let resolved = headers.iter().map(|(name, source)| {
        findings.inside(&["headers", name], |findings| {
            let value = source.resolve(vars, "", findings)?;
            if let Some(problem) = problem_of(name, value.expose()) {
                findings.refuse_secret("", problem);
            }
            Some((name.clone(), value))
        })
    });
    // All of them are looked at, also after one that is none.
    let resolved: Vec<Option<(String, Secret)>> = resolved.collect();
    resolved.into_iter().collect()
}
