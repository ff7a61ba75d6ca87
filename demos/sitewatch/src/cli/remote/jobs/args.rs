use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::cli::Failure;
use crate::cli::console::{QUEUE_VAR, var};
use crate::cli::remote::Source;
use crate::remote::Place;
use crate::service::JobState;

/// There is nothing that `-` stands for.
#[derive(Debug, thiserror::Error)]
#[error("--queue: - is the queue that SITEWATCH_QUEUE names, which is empty or not set")]
struct NoVariable;

/// The arguments of `sitewatch jobs`; without a command, those of `sitewatch jobs list`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct JobsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<JobsCommand>,
    /// Which jobs are listed, where there is no command.
    #[command(flatten)]
    pub list: JobListArgs,
}

/// What can be asked about jobs, and for them.
#[derive(Clone, Debug, Subcommand)]
pub enum JobsCommand {
    /// List jobs, the latest first
    List(JobListArgs),
    /// Show a job: what it works on, how it failed, and what came of it
    Show(JobArgs),
    /// Have jobs done as soon as possible that are dead, were cancelled or wait for their time
    Retry(JobRetryArgs),
    /// Have jobs not done, or stopped
    Cancel(JobCancelArgs),
    /// Have nothing of a queue taken until it is resumed; what runs goes on
    Pause(JobQueueArgs),
    /// Have a queue taken from again
    Resume(JobQueueArgs),
    /// List the queues: how many jobs of each are where, and the age of the oldest that waits for a worker
    Queues(At),
    /// List the workers: what each is doing, since when it is silent, and who leads
    Workers(At),
}

impl JobsArgs {
    /// Where to look, and how to tell.
    #[must_use]
    pub fn at(&self) -> &At {
        match &self.command {
            None => &self.list.at,
            Some(JobsCommand::List(args)) => &args.at,
            Some(JobsCommand::Show(args)) => &args.at,
            Some(JobsCommand::Retry(args)) => &args.at,
            Some(JobsCommand::Cancel(args)) => &args.at,
            Some(JobsCommand::Pause(args) | JobsCommand::Resume(args)) => &args.at,
            Some(JobsCommand::Queues(at) | JobsCommand::Workers(at)) => at,
        }
    }
}

/// Where to look for jobs, and how to tell of them.
#[derive(Args, Clone, Debug, Default)]
pub struct At {
    /// Print JSON, as the API does
    #[arg(long)]
    pub json: bool,
    /// Ask this queue itself, and no service: postgres://user:password@host/database, nats://host:4222, or a file
    ///
    /// By - it is the queue that SITEWATCH_QUEUE names, so that its password is not among the arguments, which others of
    /// the machine can see.
    #[arg(
        long,
        value_name = "URL | FILE",
        conflicts_with_all = ["url", "token_file", "database"],
        help_heading = "Where to look"
    )]
    pub queue: Option<String>,
    /// Where to look.
    #[command(flatten)]
    pub source: Source,
}

impl At {
    /// The queue that is named, to be asked itself.
    pub(super) fn place(&self, vars: &[(String, String)]) -> Result<Place, Failure> {
        let named = match self.queue.as_deref() {
            Some("-") => var(vars, QUEUE_VAR).ok_or_else(|| Failure::usage(&NoVariable))?,
            named => named.unwrap_or_default(),
        };
        Place::of(named).map_err(|error| Failure::usage(&error))
    }
}

/// The arguments of `sitewatch jobs list`.
#[derive(Args, Clone, Debug)]
pub struct JobListArgs {
    /// Only jobs that are there
    #[arg(long, value_name = "STATE", value_parser = states())]
    pub state: Option<JobState>,
    /// Only jobs of this queue
    #[arg(long = "in", value_name = "QUEUE")]
    pub within: Option<String>,
    /// At most N jobs, up to 500
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=500))]
    pub limit: u64,
    /// Only jobs that were put before the one of this number
    #[arg(long, value_name = "NUMBER")]
    pub before: Option<u64>,
    /// Where to look.
    #[command(flatten)]
    pub at: At,
}

/// The arguments of `sitewatch jobs show`.
#[derive(Args, Clone, Debug)]
pub struct JobArgs {
    /// The job
    #[arg(value_name = "ID")]
    pub id: String,
    /// Where to look.
    #[command(flatten)]
    pub at: At,
}

/// The arguments of `sitewatch jobs retry`.
#[derive(Args, Clone, Debug)]
pub struct JobRetryArgs {
    /// The jobs
    #[arg(value_name = "ID", required_unless_present = "dead", conflicts_with = "dead")]
    pub ids: Vec<String>,
    /// All that are dead
    #[arg(long)]
    pub dead: bool,
    /// Only those of this queue
    #[arg(long = "in", value_name = "QUEUE", requires = "dead", conflicts_with = "ids")]
    pub within: Option<String>,
    /// Where to look.
    #[command(flatten)]
    pub at: At,
}

/// The arguments of `sitewatch jobs cancel`.
#[derive(Args, Clone, Debug)]
pub struct JobCancelArgs {
    /// The jobs
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
    /// Where to look.
    #[command(flatten)]
    pub at: At,
}

/// The arguments of `sitewatch jobs pause` and `resume`.
#[derive(Args, Clone, Debug)]
pub struct JobQueueArgs {
    /// The queue
    #[arg(value_name = "QUEUE")]
    pub name: String,
    /// Where to look.
    #[command(flatten)]
    pub at: At,
}

/// The states by their names, which shells complete.
fn states() -> impl TypedValueParser<Value = JobState> {
    PossibleValuesParser::new(JobState::ALL.map(JobState::as_str)).try_map(|name| {
        let found = JobState::ALL.into_iter().find(|state| state.as_str() == name);
        found.ok_or("expected one of the values above")
    })
}
