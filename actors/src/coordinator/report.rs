use std::borrow::Cow;
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use patterns_core::cancel::CancelCause;

use crate::Receipt;

/// Why a program is shut down.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Its work is done.
    Finished,
    /// Somebody asked for it, in these words.
    Requested(Cow<'static, str>),
    /// Ctrl-C, or SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// It can't go on, for this reason.
    Failed(Cow<'static, str>),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Requested(words) => write!(f, "requested: {words}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Terminated => f.write_str("terminated"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// A cancellation is a request.
impl From<CancelCause> for Cause {
    fn from(cause: CancelCause) -> Self {
        Self::Requested(cause.to_string().into())
    }
}

/// What became of everything when a program was shut down.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use]
pub struct ShutdownReport {
    /// Why it was shut down: the first cause that was given.
    pub cause: Cause,
    /// One receipt per component, in the order in which they were stopped.
    pub receipts: Vec<Receipt>,
    /// Of the actors that the components left behind, where the system was shut down too
    /// ([`Coordinator::run_until`](super::Coordinator::run_until)).
    pub actors: Vec<Receipt>,
    /// How long it took.
    pub elapsed: Duration,
}

impl ShutdownReport {
    /// Whether every component (and actor) ended clean.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.receipts.iter().chain(&self.actors).all(Receipt::is_clean)
    }

    /// The number that a shell expects: 0 if the work was done or somebody asked for the end, 130
    /// after Ctrl-C, 143 after SIGTERM, 1 after a failure; and 1 instead of 0 if something did not
    /// end clean.
    ///
    /// A [`CancelCause`], as [`Shutdown::requested`](patterns_core::shutdown::Shutdown::requested) gives one, is
    /// somebody who asks for the end, whatever signal it came by.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self.cause {
            Cause::Interrupted => 130,
            Cause::Terminated => 143,
            Cause::Failed(_) => 1,
            Cause::Finished | Cause::Requested(_) => u8::from(!self.is_clean()),
        }
    }

    /// [`code`](Self::code), for `main` to return.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        self.code().into()
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, shut down in {:?}", self.cause, self.elapsed)?;
        for receipt in self.receipts.iter().chain(&self.actors) {
            write!(f, "\n  {receipt}")?;
        }
        Ok(())
    }
}
