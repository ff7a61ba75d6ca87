//! What people type and see: arguments, settings, progress, signals, reports and exit codes.
//!
//! [`execute`] is given the check to call, and takes the process's streams, environment and signals from
//! whoever calls it, so that tests can give others.
mod args;
mod console;
mod execute;
mod exit;
mod failure;
mod help;
mod interrupts;
mod publish;
mod rounds;
mod settings;
mod target;
mod watch;

pub use args::{CheckArgs, Cli, Command};
pub use console::{Console, Sink};
pub use execute::execute;
pub use exit::Exit;
pub use failure::Failure;
pub use help::parse;
pub use interrupts::Interrupts;
pub use rounds::Rounds;
pub use settings::{Override, load, overrides};
pub use target::{Target, TargetError};
