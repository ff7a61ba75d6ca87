//! Everything a check can be told, from wherever it is told.
//!
//! Flags override the environment (`SITEWATCH_DEPTH`, `SITEWATCH_HTTP__RATE`), which overrides the file
//! (`sitewatch.toml` here, or `--config FILE`), which overrides the defaults. A key that is not known is
//! an error and never ignored.
mod patterns;
mod scope;
mod validate;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use patterns::{BadPattern, Patterns};
pub use scope::{BadScope, Scope};

use crate::fetch::HttpConfig;
use crate::report::Format;

/// What to check, how far to go, and how to report.
///
/// # Defaults
///
/// The folder of the start page on its own origin, without limits but 50,000 links of each page; links
/// out of it are checked, not followed; a human report on standard output, with progress on standard
/// error.
///
/// # Examples
///
/// ```
/// use sitewatch::config::CheckConfig;
///
/// let config: CheckConfig = serde_json::from_str(r#"{ "depth": 2, "exclude": ["\\.pdf$"] }"#)?;
/// assert_eq!(config.depth, Some(2));
/// assert!(!config.allows("https://example.com/a.pdf"));
/// assert!(config.external);
///
/// let unknown = serde_json::from_str::<CheckConfig>(r#"{ "dept": 2 }"#).unwrap_err();
/// assert!(unknown.to_string().contains("unknown field `dept`"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckConfig {
    /// What to check: a URL, a folder, an HTML file or a sitemap. The command line names it as argument.
    pub target: Option<String>,
    /// Which pages belong to the site and are searched for links.
    pub scope: Scope,
    /// How many links away from the start pages are followed: with 0 only the start pages are searched.
    pub depth: Option<u32>,
    /// How many pages are searched at most.
    pub max_pages: Option<u64>,
    /// How many links of one page are looked at; one finding says of a page that it has more. Fewer where
    /// the targets of a page's links take more than 32 MiB.
    pub max_links: u64,
    /// With any, only links whose resolved URL matches one are checked.
    pub include: Patterns,
    /// Links whose resolved URL matches one are not checked, even if included.
    pub exclude: Patterns,
    /// Whether links out of scope are checked, once each and not followed.
    pub external: bool,
    /// In a folder, only what can be reached from this page is checked.
    pub from: Option<String>,
    /// Fragments that match one are not looked for: percent-decoded, without `#`.
    pub ignore_fragment: Patterns,
    /// How many pages are searched at the same time; one per CPU if not set.
    pub workers: Option<NonZeroUsize>,
    /// The SQLite file that keeps the runs.
    pub db: Option<PathBuf>,
    /// Repeat the check this often and report what changed.
    #[serde(with = "patterns_core::settings::duration")]
    pub every: Option<Duration>,
    /// How pages are fetched.
    pub http: HttpConfig,
    /// How the report is written.
    pub report: ReportConfig,
}

impl Default for CheckConfig {
    fn default() -> Self {
        Self {
            target: None,
            scope: Scope::default(),
            depth: None,
            max_pages: None,
            max_links: 50_000,
            include: Patterns::default(),
            exclude: Patterns::default(),
            external: true,
            from: None,
            ignore_fragment: Patterns::default(),
            workers: None,
            db: None,
            every: None,
            http: HttpConfig::default(),
            report: ReportConfig::default(),
        }
    }
}

impl CheckConfig {
    /// Whether `--include` and `--exclude` let a link to this URL be checked.
    #[must_use]
    pub fn allows(&self, url: &str) -> bool {
        (self.include.is_empty() || self.include.matches(url)) && !self.exclude.matches(url)
    }
}

/// How a report is written.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportConfig {
    /// The format; if not set, the one that the extension of `output` stands for, else human.
    pub format: Option<Format>,
    /// The file to write to; standard output if not set, or `-`.
    pub output: Option<PathBuf>,
    /// Also list what is ok, and cut no list short.
    pub all: bool,
    /// No progress and no figures: only what was found.
    pub quiet: bool,
    /// Whether progress is shown.
    pub progress: bool,
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self { format: None, output: None, all: false, quiet: false, progress: true }
    }
}

impl ReportConfig {
    /// The file to write to, if not standard output.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// The format to write in.
    ///
    /// # Examples
    ///
    /// ```
    /// use sitewatch::config::ReportConfig;
    /// use sitewatch::report::Format;
    ///
    /// let mut report = ReportConfig::default();
    /// assert_eq!(report.effective_format(), Format::Human);
    /// report.output = Some("out/links.json".into());
    /// assert_eq!(report.effective_format(), Format::Json);
    /// report.format = Some(Format::Junit);
    /// assert_eq!(report.effective_format(), Format::Junit);
    /// ```
    #[must_use]
    pub fn effective_format(&self) -> Format {
        let extension = || self.file()?.extension()?.to_str();
        self.format.unwrap_or_else(|| match extension() {
            Some("json") => Format::Json,
            Some("xml") => Format::Junit,
            Some("md") => Format::Markdown,
            _ => Format::Human,
        })
    }
}
