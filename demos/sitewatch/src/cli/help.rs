use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};
use serde_json::Value;

use super::Cli;
use crate::config::CheckConfig;

pub(super) const AFTER_TOP: &str = "\
Examples:
  sitewatch check book/                     every link of every page in a folder
  sitewatch check https://example.com       crawl a site
  sitewatch init                            a file of settings for the sites to watch
  sitewatch serve                           watch them, and show them on a page
  sitewatch check --help                    all options of a command, and how it ends

Exit codes:
  0    it was done; of check and status: nothing is broken
  1    of check and status: there are broken links
  2    wrong use or configuration
  3    it could not be done, or there was no answer
  130  of check: interrupted; the report says that it is partial";

pub(super) const AFTER_CHECK: &str = "\
Examples:
  # a folder, as a static server would serve it; pages that nothing links to are named
  sitewatch check target/doc --ignore-fragment '^\\d+(-\\d+)?$'

  # a site two links deep, without its neighbours, gently
  sitewatch check https://example.com --depth 2 --no-external --rate 2

  # a report for CI (junit), a comment (markdown) or a program (json)
  sitewatch check site/ --output report.xml
  sitewatch check site/ --format markdown > comment.md
  sitewatch check site/ --format json | jq '.links[] | select(.reason == \"http-404\") | .page'

  # watch a site: tell what broke and what was repaired, and keep the history
  sitewatch check https://example.com/docs/ --every 1h --db history.db

Settings:
  What can be given here can be set in sitewatch.toml, or the file that --config names, and in the
  environment (SITEWATCH_DEPTH=2, SITEWATCH_HTTP__RATE=1); the command line overrides the environment, and that the file.

Exit codes:
  0    nothing is broken
  1    there are broken links
  2    wrong use or configuration: one sentence on standard error says what
  3    the check itself could not run, or its report not be written
  130  interrupted by SIGINT or SIGTERM: stops within 5 seconds, and the report says that it is
       partial; a second signal ends the program at once";

pub(super) const AFTER_SERVE: &str = "\
Signals:
  SIGINT, SIGTERM  stop: checks that run go on where they were with the next start; a second
                   one does not wait
  SIGHUP           read the settings again; bad ones change nothing

Exit codes:
  0    it was stopped, in order
  2    wrong use or configuration: standard error says what
  3    it could not start or go on, or its end was cut short";

pub(super) const AFTER_WORKER: &str = "\
Examples:
  sitewatch serve --queue postgres://watch@db/jobs          checks go to workers
  sitewatch worker --queue postgres://watch@db/jobs         on any machine, any number of them
  sitewatch worker --config sitewatch.toml --name \"$(hostname)\"

Signals:
  SIGINT, SIGTERM  stop: what is under way is finished within 20 seconds, or handed to others; a
                   second one does not wait
  SIGHUP           read the settings of --config again, and begin anew if sites have changed; bad
                   ones change nothing

Exit codes:
  0    it was stopped, in order
  2    wrong use or configuration: standard error says what
  3    it could not start or go on, or its end was cut short";

pub(super) const AFTER_SETTINGS: &str = "\
Exit codes:
  0    done; nothing is wrong
  2    wrong use or configuration: standard error says what
  3    it could not be written";

pub(super) const AFTER_STATUS: &str = "\
Exit codes:
  0    all sites are well; one that was never checked is
  1    links are broken, a check failed or does not get on, or the service is not ready
  2    wrong use
  3    there was no answer";

pub(super) const AFTER_REMOTE: &str = "\
Exit codes:
  0    it was answered, whatever the answer is
  2    wrong use, or there is no such site
  3    there was no answer, or it was refused";

pub(super) const AFTER_JOBS: &str = "\
Examples:
  sitewatch jobs queues                      how many jobs wait, and since when
  sitewatch jobs workers                     who is there, and what each fetches
  sitewatch jobs list --state dead           what failed for good, and why
  sitewatch jobs retry --dead                have all of that done again
  sitewatch jobs pause sitewatch.fetch       have no worker take anything until it is resumed

Exit codes:
  0    it was answered, whatever the answer is
  2    wrong use, there is no such job or queue, or the service has no queue
  3    there was no answer, or it was refused";

pub(super) const AFTER_DEMO: &str = "\
Exit codes:
  0    it was stopped
  2    wrong use
  3    it could not start";

/// The commands, with all that their help says.
pub(super) fn command() -> clap::Command {
    with_defaults(Cli::command())
}

/// Reads the command line, the program's name included.
///
/// # Errors
///
/// clap's error: wrong use, or the help or version that was asked for. It prints itself to the right
/// stream and knows its exit code, 2 or 0.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::{parse, Command};
///
/// let Command::Check(args) = parse(["sitewatch", "check", "docs", "--depth", "2"])?.command else { unreachable!("it is a check") };
/// assert_eq!((args.target.as_deref(), args.depth), (Some("docs"), Some(2)));
/// assert_eq!(parse(["sitewatch", "check", "docs", "--dept", "2"]).unwrap_err().exit_code(), 2);
/// # Ok::<(), clap::Error>(())
/// ```
pub fn parse<I, T>(args: I) -> Result<Cli, clap::Error>
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let mut command = command();
    let matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Adds `[default: ...]` to the help of every option, from the defaults themselves, so that the help
/// can't be wrong about them.
fn with_defaults(command: clap::Command) -> clap::Command {
    let defaults = serde_json::to_value(CheckConfig::default()).expect("the defaults are plain data");
    command.mut_subcommand("check", |check| {
        check.mut_args(|arg| {
            let default = default_of(&defaults, arg.get_id().as_str());
            let Some(default) = default else { return arg };
            let short = arg.get_help().map(|help| format!("{help} [default: {default}]"));
            let long = arg.get_long_help().map(|help| format!("{help}\n\n[default: {default}]"));
            let arg = arg.help(short.unwrap_or_default());
            match long {
                Some(long) => arg.long_help(long),
                None => arg,
            }
        })
    })
}

/// The default of the setting with this name, in any section, if it is one to speak of.
fn default_of(defaults: &Value, name: &str) -> Option<String> {
    let sections = [Some(defaults), defaults.get("http"), defaults.get("report")];
    match sections.into_iter().flatten().find_map(|section| section.get(name))? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string().trim_end_matches(".0").to_owned()),
        _ => None,
    }
}
