//! What people type and see: arguments, settings, progress, signals, reports and exit codes.
//!
//! [`execute`] is given the check to call, and takes the process's streams, environment and signals from
//! whoever calls it, so that tests can give others.
mod args;
mod config_check;
mod console;
mod door;
mod execute;
mod exit;
mod failure;
mod hangups;
mod help;
mod init;
mod interrupts;
mod man;
mod publish;
pub mod remote;
mod rounds;
mod serve;
mod settings;
mod target;
mod watch;
mod worker;

pub use args::{CheckArgs, Cli, Command};
pub use config_check::{ConfigArgs, ConfigCommand, ConfigFile, ShowArgs, ShowFormat, config};
pub use console::{Console, Sink};
pub use execute::execute;
pub use exit::Exit;
pub use failure::Failure;
pub use hangups::Hangups;
pub use help::parse;
pub use init::{InitArgs, init};
pub use interrupts::Interrupts;
pub use man::manual;
pub use rounds::Rounds;
pub use serve::{Log, ServeArgs, serve};
pub use settings::{Override, load, overrides};
pub use target::{Target, TargetError};
pub use worker::{WorkerArgs, worker};
