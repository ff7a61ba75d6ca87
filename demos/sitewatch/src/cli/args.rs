use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

use crate::report::Format;

/// Finds broken links, in a folder of HTML or on a site, of any size.
#[derive(Clone, Debug, Parser)]
#[command(name = "sitewatch", version, max_term_width = 100, after_help = super::help::AFTER_TOP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Check every link of a site or a folder, once or every so often.
    #[command(after_help = super::help::AFTER_CHECK)]
    Check(Box<CheckArgs>),
    /// Watch sites: check them on their schedules, keep a history, show it and tell of it.
    #[command(after_help = super::help::AFTER_SERVE)]
    Serve(super::ServeArgs),
    /// Fetch pages for a service that has a queue, with as many other workers as there are.
    #[command(after_help = super::help::AFTER_WORKER)]
    Worker(super::WorkerArgs),
    /// Write a commented file of settings to begin with.
    #[command(after_help = super::help::AFTER_SETTINGS)]
    Init(super::InitArgs),
    /// Look at the settings of the service, without starting it.
    #[command(after_help = super::help::AFTER_SETTINGS)]
    Config(super::ConfigArgs),
    #[command(flatten)]
    /// What is asked of a running service, or of its database.
    Remote(super::remote::RemoteCommand),
    /// Serve a site full of faults, to try sitewatch on.
    #[command(after_help = super::help::AFTER_DEMO)]
    DemoSite(crate::demo_site::DemoSiteArgs),
    /// Write what a shell needs to complete arguments.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual page.
    Man,
}

/// The arguments of `sitewatch check`: what is not given here comes from the environment, the settings
/// file, or the defaults.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What to check")]
pub struct CheckArgs {
    /// URL, folder, HTML file, or sitemap (.xml, or .txt with a URL per line)
    ///
    /// A URL is crawled: pages in scope are searched for links, others are only asked for.
    /// In a folder every HTML file is checked, as a static server would serve it.
    #[arg(value_name = "URL | FOLDER | FILE", help_heading = None)]
    pub target: Option<String>,

    /// Which pages belong to the site: path, origin, host, domain, or a URL that they begin with
    ///
    /// "path" is the folder of the start page on its own scheme, host and port; "origin" all of that
    /// scheme, host and port; "host" also other ports and both http and https; "domain" also hosts below
    /// it.
    #[arg(long, value_name = "SCOPE")]
    pub scope: Option<String>,

    /// Follow at most N links from the start; 0 checks the links of the start page only; in a folder it needs --from
    #[arg(long, value_name = "N")]
    pub depth: Option<u32>,

    /// Search at most N pages for links
    #[arg(long, value_name = "N")]
    pub max_pages: Option<u64>,

    /// Look at no more than N links of one page
    #[arg(long, value_name = "N")]
    pub max_links: Option<u64>,

    /// Check only links whose URL matches; can be repeated, any may match
    #[arg(long, value_name = "REGEX")]
    pub include: Vec<String>,

    /// Don't check links whose URL matches, even if included; can be repeated
    #[arg(long, value_name = "REGEX")]
    pub exclude: Vec<String>,

    /// Don't check links that leave the scope
    #[arg(long)]
    pub no_external: bool,

    /// In a folder, check only what can be reached from this page, as a crawl would
    #[arg(long, value_name = "PAGE")]
    pub from: Option<String>,

    /// Don't look for fragments (#...) that match, such as those that scripts make; can be repeated
    ///
    /// The expression sees the fragment without the "#", percent-decoded. For the line ranges of
    /// rustdoc's source pages: --ignore-fragment '^\d+(-\d+)?$'
    #[arg(long, value_name = "REGEX")]
    pub ignore_fragment: Vec<String>,

    /// Requests per second to one host; 0 for no limit
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub rate: Option<f64>,

    /// Requests to one host at the same time
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub per_host: Option<usize>,

    /// Further attempts at what failed for now: resets, no connection in time, 429, 502 to 504
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub retries: Option<u32>,

    /// Longest time for a whole request, to the last byte
    #[arg(long = "timeout", value_name = "TIME", help_heading = "HTTP")]
    pub total_timeout: Option<String>,

    /// Longest time to connect: name lookup, TCP and TLS
    #[arg(long, value_name = "TIME", help_heading = "HTTP")]
    pub connect_timeout: Option<String>,

    /// Longest silence of a server
    #[arg(long, value_name = "TIME", help_heading = "HTTP")]
    pub read_timeout: Option<String>,

    /// Longest body to read, in bytes after decompression
    #[arg(long, value_name = "BYTES", help_heading = "HTTP")]
    pub max_body: Option<u64>,

    /// How many times as long as it was sent a body may become by decompression, beyond its first MiB
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub max_ratio: Option<u32>,

    /// Longest chain of redirects
    #[arg(long, value_name = "N", help_heading = "HTTP")]
    pub max_redirects: Option<usize>,

    /// What requests say they come from
    #[arg(long, value_name = "TEXT", help_heading = "HTTP")]
    pub user_agent: Option<String>,

    /// Send this header with every request, as "Name: value"; can be repeated
    #[arg(long, value_name = "HEADER", help_heading = "HTTP", value_parser = header)]
    pub header: Vec<(String, String)>,

    /// A host that headers with credentials (Authorization, Cookie) are sent to; can be repeated
    #[arg(long, value_name = "HOST", help_heading = "HTTP")]
    pub credential_host: Vec<String>,

    /// Ask no private, loopback or link-local address, and use no proxy
    #[arg(long, help_heading = "HTTP")]
    pub refuse_private: bool,

    /// A host that is asked all the same, wherever it is; can be repeated
    #[arg(long, value_name = "HOST", help_heading = "HTTP")]
    pub private_host: Vec<String>,

    /// Also fetch what robots.txt asks not to
    #[arg(long, help_heading = "HTTP")]
    pub ignore_robots: bool,

    /// How the report is written; by default what the extension of --output says, else human
    #[arg(long, short, value_name = "FORMAT", help_heading = "Report", value_parser = formats())]
    pub format: Option<Format>,

    /// Write the report to this file, which is replaced as a whole or left as it is
    #[arg(long, short, value_name = "FILE", help_heading = "Report")]
    pub output: Option<String>,

    /// List every link, also those that are ok, and cut no list short
    #[arg(long, short, help_heading = "Report")]
    pub all: bool,

    /// Print only what is broken: no progress, no figures
    #[arg(long, short, help_heading = "Report")]
    pub quiet: bool,

    /// Show no progress
    #[arg(long, help_heading = "Report")]
    pub no_progress: bool,

    /// Search N pages at the same time [default: one per CPU]
    #[arg(long, value_name = "N", help_heading = "Running")]
    pub workers: Option<usize>,

    /// Repeat the check this often, such as 10m or 1h 30m, and report what changed
    #[arg(long, value_name = "TIME", help_heading = "Running")]
    pub every: Option<String>,

    /// Keep every run, and the links that its report lists, in this SQLite file
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub db: Option<String>,

    /// Read settings from this file instead of sitewatch.toml
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub config: Option<PathBuf>,
}

/// The formats by their names, which shells complete.
pub(super) fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::as_str)).try_map(|name| name.parse::<Format>())
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("a header is written as \"Name: value\"".to_owned()),
    }
}
