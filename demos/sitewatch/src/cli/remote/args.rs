use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::{Client, ClientError, JobsArgs};
use crate::cli::Failure;
use crate::cli::args::formats;
use crate::cli::console::var;
use crate::cli::help::{AFTER_JOBS, AFTER_REMOTE, AFTER_STATUS};
use crate::report::Format;
use crate::service::Action;

/// Where a service listens unless its settings say otherwise.
const URL: &str = "http://127.0.0.1:8080/";

/// The environment variable with the address of the service.
const URL_VAR: &str = "SITEWATCH_URL";

/// The environment variable with its token.
const TOKEN_VAR: &str = "SITEWATCH_TOKEN";

/// What can be asked of a service that runs, or of its database.
#[derive(Clone, Debug, Subcommand)]
pub enum RemoteCommand {
    /// Say whether all sites are well, by exit code too: 0 if they are, 1 if not, 3 if it can't be asked
    #[command(after_help = AFTER_STATUS)]
    Status(StatusArgs),
    /// List the sites of a service: how they are, and when they are checked
    #[command(after_help = AFTER_REMOTE)]
    Sites(SitesArgs),
    /// List the runs of a site or of all, newest first
    #[command(after_help = AFTER_REMOTE)]
    Runs(RunsArgs),
    /// Write the broken links of a site as a report
    #[command(after_help = AFTER_REMOTE)]
    Report(ReportArgs),
    /// Ask a service to check a site now, or to pause, resume or cancel
    #[command(after_help = AFTER_REMOTE)]
    Ask(AskArgs),
    /// Look at the jobs of a service that has a queue, and at its workers; have jobs done again, or not done
    #[command(after_help = AFTER_JOBS)]
    Jobs(Box<JobsArgs>),
}

impl RemoteCommand {
    /// Where to look.
    #[must_use]
    pub fn source(&self) -> &Source {
        match self {
            Self::Status(args) => &args.source,
            Self::Sites(args) => &args.source,
            Self::Runs(args) => &args.source,
            Self::Report(args) => &args.source,
            Self::Ask(args) => &args.source,
            Self::Jobs(args) => &args.at().source,
        }
    }
}

/// The arguments of `sitewatch status`.
#[derive(Args, Clone, Debug, Default)]
pub struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Where to look.
    #[command(flatten)]
    pub source: Source,
}

/// The arguments of `sitewatch sites`.
#[derive(Args, Clone, Debug, Default)]
pub struct SitesArgs {
    /// Print JSON, as the API does
    #[arg(long)]
    pub json: bool,
    /// Where to look.
    #[command(flatten)]
    pub source: Source,
}

/// The arguments of `sitewatch runs`.
#[derive(Args, Clone, Debug)]
pub struct RunsArgs {
    /// Only the runs of this site
    #[arg(long, value_name = "SITE")]
    pub site: Option<String>,
    /// At most N runs, up to 1000
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub limit: u64,
    /// Only runs before this one
    #[arg(long, value_name = "RUN")]
    pub before: Option<i64>,
    /// Print JSON, as the API does
    #[arg(long)]
    pub json: bool,
    /// Where to look.
    #[command(flatten)]
    pub source: Source,
}

/// The arguments of `sitewatch report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// The site
    #[arg(long, value_name = "SITE")]
    pub site: String,
    /// How it is written
    #[arg(long, short, value_name = "FORMAT", default_value_t = Format::Human, value_parser = formats())]
    pub format: Format,
    /// Where to look.
    #[command(flatten)]
    pub source: Source,
}

/// The arguments of `sitewatch ask`.
#[derive(Args, Clone, Debug)]
pub struct AskArgs {
    /// The site
    #[arg(value_name = "SITE")]
    pub site: String,
    /// What to ask for
    #[arg(value_name = "ACTION", value_parser = actions())]
    pub action: Action,
    /// Print JSON, as the API does
    #[arg(long)]
    pub json: bool,
    /// Where to look.
    #[command(flatten)]
    pub source: Source,
}

/// The actions by their names, which shells complete.
fn actions() -> impl TypedValueParser<Value = Action> {
    PossibleValuesParser::new(Action::ALL.map(Action::as_str)).try_map(|name| {
        let found = Action::ALL.into_iter().find(|action| action.as_str() == name);
        found.ok_or("expected one of the values above")
    })
}

/// Where to look: at a service that runs, or at its database.
///
/// # Defaults
///
/// The service at `SITEWATCH_URL`, or else at `http://127.0.0.1:8080/`; the token of `SITEWATCH_TOKEN`, if it is set.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::remote::Source;
///
/// let source = Source { url: Some("https://status.example.org/".to_owned()), ..Source::default() };
/// assert!(source.client(&[]).is_ok() && source.database.is_none());
///
/// let wrong = Source { url: Some("status.example.org".to_owned()), ..Source::default() };
/// let refused = wrong.client(&[]).unwrap_err();
/// assert!(refused.to_string().starts_with("--url: \"status.example.org\" is not an http or https URL"), "{refused}");
/// ```
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Where to look")]
pub struct Source {
    /// Ask the service at this address [default: SITEWATCH_URL, or else http://127.0.0.1:8080/]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Read the token from this file [default: the token is SITEWATCH_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Look into this database instead: a file of SQLite, or a postgres:// URL
    #[arg(long, value_name = "FILE | URL", conflicts_with_all = ["url", "token_file"])]
    pub database: Option<String>,
}

impl Source {
    /// The service, where no database is named.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with [`Exit::Usage`](crate::cli::Exit::Usage): the address is no http or https URL; the token's
    /// file can't be read, or the token can't be part of a header. It names the argument or the variable.
    pub fn client(&self, vars: &[(String, String)]) -> Result<Client, Failure> {
        let (key, url) = match (&self.url, var(vars, URL_VAR)) {
            (Some(url), _) => ("--url", url.as_str()),
            (None, Some(url)) => (URL_VAR, url),
            (None, None) => ("the address", URL),
        };
        let (token_key, token) = match &self.token_file {
            Some(path) => {
                let unreadable = |error: std::io::Error| Mistake {
                    key: "--token-file",
                    why: format!("{}: {error}", path.display()),
                };
                let token = std::fs::read_to_string(path).map_err(|error| Failure::usage(&unreadable(error)))?;
                ("--token-file", Some(token.trim_end_matches(['\r', '\n']).to_owned()))
            }
            None => (TOKEN_VAR, var(vars, TOKEN_VAR).map(str::to_owned)),
        };
        let usage = |key, error: &ClientError| Failure::usage(&Mistake { key, why: error.to_string() });
        Client::new(url, token.as_deref()).map_err(|error| match &error {
            ClientError::Url { .. } => usage(key, &error),
            ClientError::Token => usage(token_key, &error),
            ClientError::Client(_) => Failure::failed(&error),
        })
    }
}

/// A mistake, with the argument or variable that it is in.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {why}")]
struct Mistake {
    key: &'static str,
    why: String,
}
