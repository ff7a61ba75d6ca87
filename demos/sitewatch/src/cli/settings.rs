use std::ffi::OsString;

use super::{CheckArgs, Failure};
use crate::config::CheckConfig;
use crate::service::config::for_check;

/// The settings of a check: arguments over environment over file over defaults.
///
/// # Errors
///
/// A [`Failure`] with [`Exit::Usage`](super::Exit::Usage), of a line for everything that is wrong:
/// unknown keys, values that make no sense, a file that can't be read. Each names its key and where it
/// was set.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::{load, parse, Command};
///
/// let Command::Check(args) = parse(["sitewatch", "check", "docs", "--depth", "2"])?.command else { unreachable!("it is a check") };
/// let config = load(&args, [("SITEWATCH_DEPTH", "7"), ("SITEWATCH_HTTP__RATE", "1.5")])?;
/// assert_eq!((config.depth, config.http.rate), (Some(2), 1.5));
///
/// let refused = load(&args, [("SITEWATCH_EXCLUDE", "[")]).unwrap_err();
/// assert!(refused.to_string().starts_with("environment variable SITEWATCH_EXCLUDE: exclude = "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// ANCHOR: load
pub fn load<K, V>(args: &CheckArgs, vars: impl IntoIterator<Item = (K, V)>) -> Result<CheckConfig, Failure>
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    let mut settings = for_check(args.config.as_deref(), vars).secret("http.headers");
    for Override { key, value, flag } in overrides(args) {
        settings = settings.set(&key, value, flag);
    }
    settings.load_valid().map_err(|error| Failure::usage(&error))
}
// ANCHOR_END: load

/// An argument that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The setting, with dots between levels.
    pub key: String,
    /// Its value, as a text.
    pub value: String,
    /// What the argument is called.
    pub flag: &'static str,
}

/// What the arguments set.
#[must_use]
pub fn overrides(args: &CheckArgs) -> Vec<Override> {
    let mut given = Given::default();
    given.one("target", "the target", args.target.as_ref());
    given.one("scope", "--scope", args.scope.as_ref());
    given.one("depth", "--depth", args.depth);
    given.one("max_pages", "--max-pages", args.max_pages);
    given.one("max_links", "--max-links", args.max_links);
    given.many("include", "--include", &args.include);
    given.many("exclude", "--exclude", &args.exclude);
    given.flag("external", "--no-external", args.no_external, false);
    given.one("from", "--from", args.from.as_ref());
    given.many("ignore_fragment", "--ignore-fragment", &args.ignore_fragment);
    given.one("workers", "--workers", args.workers);
    given.one("every", "--every", args.every.as_ref());
    given.one("db", "--db", args.db.as_ref());

    given.one("http.rate", "--rate", args.rate);
    given.one("http.per_host", "--per-host", args.per_host);
    given.one("http.retries", "--retries", args.retries);
    given.one("http.total_timeout", "--timeout", args.total_timeout.as_ref());
    given.one("http.connect_timeout", "--connect-timeout", args.connect_timeout.as_ref());
    given.one("http.read_timeout", "--read-timeout", args.read_timeout.as_ref());
    given.one("http.max_body", "--max-body", args.max_body);
    given.one("http.max_ratio", "--max-ratio", args.max_ratio);
    given.one("http.max_redirects", "--max-redirects", args.max_redirects);
    given.one("http.user_agent", "--user-agent", args.user_agent.as_ref());
    for (name, value) in &args.header {
        given.one(&format!("http.headers.{name}"), "--header", Some(value));
    }
    given.many("http.credential_hosts", "--credential-host", &args.credential_host);
    given.one("http.private", "--refuse-private", args.refuse_private.then_some("refuse"));
    given.many("http.private_hosts", "--private-host", &args.private_host);
    given.flag("http.ignore_robots", "--ignore-robots", args.ignore_robots, true);

    given.one("report.format", "--format", args.format);
    given.one("report.output", "--output", args.output.as_ref());
    given.flag("report.all", "--all", args.all, true);
    given.flag("report.quiet", "--quiet", args.quiet, true);
    given.flag("report.progress", "--no-progress", args.no_progress, false);
    given.0
}

#[derive(Default)]
struct Given(Vec<Override>);

impl Given {
    fn one(&mut self, key: &str, flag: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.push(Override { key: key.to_owned(), value: value.to_string(), flag });
        }
    }

    /// Several as a list in JSON: a text with commas would be split at them. One as it is, so that a
    /// message shows what was typed, unless it would be taken for a list itself.
    fn many(&mut self, key: &str, flag: &'static str, values: &[String]) {
        match values {
            [] => {}
            [one] if serde_json::from_str::<Vec<String>>(one).is_err() => self.one(key, flag, Some(one)),
            several => self.one(key, flag, Some(serde_json::json!(several))),
        }
    }

    fn flag(&mut self, key: &str, flag: &'static str, given: bool, value: bool) {
        self.one(key, flag, given.then_some(value));
    }
}
