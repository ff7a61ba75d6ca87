use std::fmt;
use std::io;

use super::Fault;

/// An error that [`Faults`](super::Faults) made: where, in which call, and with which seed.
///
/// It becomes an [`io::Error`] of kind [`ConnectionReset`](io::ErrorKind::ConnectionReset), and any boxed error, with
/// `?`. An error type of your own needs a `From<Injected>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injected {
    pub(super) fault: Fault,
    pub(super) at: &'static str,
    pub(super) call: u64,
    pub(super) seed: u64,
}

impl Injected {
    /// What went wrong: [`Fault::Error`] or [`Fault::LostReply`].
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// At which point; empty where none was named.
    #[must_use]
    pub fn at(&self) -> &'static str {
        self.at
    }

    /// In which call of that point, counted from 1.
    #[must_use]
    pub fn call(&self) -> u64 {
        self.call
    }

    /// The seed with which it happens again.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.fault {
            Fault::LostReply => "lost reply",
            Fault::Panic => "panic",
            _ => "error",
        };
        write!(f, "injected {what} in call {}", self.call)?;
        if !self.at.is_empty() {
            write!(f, " at `{}`", self.at)?;
        }
        write!(f, " (seed {})", self.seed)
    }
}

impl std::error::Error for Injected {}

impl From<Injected> for io::Error {
    fn from(injected: Injected) -> Self {
        Self::new(io::ErrorKind::ConnectionReset, injected)
    }
}
