//! What people type and see: arguments, settings, progress, signals, reports and exit codes.
//!
//! Nothing here knows how a check works: [`execute`] is given one to call. And nothing here touches the
//! process (its streams, environment, signals): `main` passes those in, so tests can pass others.
mod args;
mod console;
mod execute;
mod exit;
mod failure;
mod help;
mod interrupts;
mod publish;
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
pub use settings::{Override, load, overrides};
pub use target::{Target, TargetError};
