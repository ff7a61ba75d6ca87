//! `sitewatch config`.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};

use super::{Console, Exit, Failure};
use crate::service::config;

/// The arguments of `sitewatch config`.
#[derive(Args, Clone, Debug)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What can be done with settings.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Tell what is wrong with the settings of the service, without starting it
    ///
    /// Keys that don't exist and values that can't be are told all at once, each with its place; what values mean
    /// together is looked at once there are none of these.
    Check(ConfigFile),
    /// Print the settings in effect, each site with what it inherits, without secrets
    Show(ShowArgs),
    /// Print the JSON schema of a settings file, for editors
    Schema,
}

/// Where the settings are.
#[derive(Args, Clone, Debug)]
pub struct ConfigFile {
    /// The settings
    #[arg(long, short, value_name = "FILE", default_value = "sitewatch.toml")]
    pub config: PathBuf,
}

/// The arguments of `sitewatch config show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// Only this site
    #[arg(long, value_name = "NAME")]
    pub site: Option<String>,
    /// How to print them
    #[arg(long, short, value_name = "FORMAT", default_value = "toml")]
    pub format: ShowFormat,
    /// Where the settings are.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// How settings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// As a file of settings has them
    Toml,
    /// For programs
    Json,
}

/// Looks at settings without using them: tells what is wrong with them, or what they are, or what they may be.
///
/// What is printed goes to the console's `stdout`, problems to its `stderr`, a line for each. The exit code is
/// [`Exit::Clean`], [`Exit::Usage`] if anything is wrong, or [`Exit::Failed`] if nothing can be printed.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::{ConfigArgs, ConfigCommand, ConfigFile, Console, Exit, Sink, config};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("sitewatch.toml");
/// # let (stdout, stderr) = (Sink::new(std::io::sink()), Sink::new(std::io::sink()));
/// # let console = Console { stdout, stderr, color: false, bar: false, vars: Vec::new() };
/// let args = ConfigArgs { command: ConfigCommand::Check(ConfigFile { config: path.clone() }) };
/// std::fs::write(&path, "[sites.docs]\ntarget = 'https://example.org/'\n")?;
/// assert_eq!(config(&args, &console), Exit::Clean);
/// std::fs::write(&path, "[sites.docs]\ndepth = -1\n")?;
/// assert_eq!(config(&args, &console), Exit::Usage);
/// # Ok(()) }
/// ```
pub fn config(args: &ConfigArgs, console: &Console) -> Exit {
    let done = match &args.command {
        ConfigCommand::Check(file) => check(&file.config, console),
        ConfigCommand::Show(args) => show(args, console),
        ConfigCommand::Schema => print(console, format_args!("{:#}", config::schema())),
    };
    done.map_or_else(|failure| console.fail(&failure), |()| Exit::Clean)
}

fn check(path: &Path, console: &Console) -> Result<(), Failure> {
    let settings = config::load(path, console.vars.clone()).map_err(|error| Failure::settings(&error))?;
    let (sites, channels) = (Several(settings.sites.len(), "site"), Several(settings.notify.len(), "channel"));
    let nothing = if settings.sites.is_empty() { "; nothing is watched yet: add [sites.NAME]" } else { "" };
    print(console, format_args!("{}: {sites}, {channels}, nothing wrong{nothing}", path.display()))
}

fn show(args: &ShowArgs, console: &Console) -> Result<(), Failure> {
    let path = &args.file.config;
    let mut settings = config::show(path, console.vars.clone()).map_err(|error| Failure::settings(&error))?;
    if let Some(name) = &args.site {
        let site = settings.get("sites").and_then(|sites| sites.get(name)).cloned();
        let site = site.ok_or_else(|| Failure::usage(&ShowError::NoSuchSite(name.clone())))?;
        settings = under("sites", under(name, site));
    }
    match args.format {
        ShowFormat::Json => print(console, format_args!("{settings:#}")),
        ShowFormat::Toml => {
            let text = toml::to_string(&settings).map_err(|error| Failure::failed(&ShowError::NotToml(error)))?;
            print(console, text.trim_end())
        }
    }
}

fn under(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

/// To a reader that has gone, such as `head`, there is nothing more to say; that is no failure.
fn print(console: &Console, text: impl fmt::Display) -> Result<(), Failure> {
    let mut stdout = console.stdout.clone();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(&ShowError::Stdout(error))),
        _ => Ok(()),
    }
}

/// A number of things, with the right ending.
struct Several(usize, &'static str);

impl fmt::Display for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, what) = self;
        write!(f, "{number} {what}{}", if *number == 1 { "" } else { "s" })
    }
}

#[derive(Debug, thiserror::Error)]
enum ShowError {
    #[error("--site: there is no site {0:?} in the settings")]
    NoSuchSite(String),
    #[error("these settings can't be written as TOML: {0}; try --format json")]
    NotToml(toml::ser::Error),
    #[error("can't write to standard output: {0}")]
    Stdout(io::Error),
}
