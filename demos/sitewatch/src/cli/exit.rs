use std::process::ExitCode;

/// How the program ends, as scripts and CI systems see it.
///
/// # Examples
///
/// ```
/// use sitewatch::cli::Exit;
///
/// assert_eq!([Exit::Clean, Exit::Broken, Exit::Usage, Exit::Failed, Exit::Interrupted].map(Exit::code), [0, 1, 2, 3, 130]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Exit {
    /// Everything was checked, and nothing is broken.
    Clean,
    /// At least one link is broken.
    Broken,
    /// Wrong use or configuration; nothing was checked.
    Usage,
    /// The check itself, or the writing of its report, failed.
    Failed,
    /// Stopped by a signal before the end; 128 + 2, as shells say it of SIGINT.
    Interrupted,
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
