use std::time::Duration;

use patterns_core::outcome::Panic;

/// Why notices were not taken. Its text names no secret: of an address only the host.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The receiver can't be reached, or the connection broke off.
    #[error("{to} can't be reached: {why}")]
    Unreachable {
        /// The host, or the program.
        to: String,
        /// What the system says.
        why: String,
    },
    /// The receiver did not come to an end.
    #[error("{to} did not take it within {}", humantime::format_duration(*.limit))]
    TimedOut {
        /// The host, or the program.
        to: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The receiver did not take it this time.
    #[error("{to} did not take it: {why}")]
    NotTaken {
        /// The host, or the program.
        to: String,
        /// What it says.
        why: String,
        /// After how long it wants to be asked again, if it says so.
        after: Option<Duration>,
    },
    /// The receiver will never take it.
    #[error("{to} refuses it: {why}")]
    Refused {
        /// The host, or the program.
        to: String,
        /// What it says.
        why: String,
    },
    /// A defect of the channel.
    #[error("the channel {0}")]
    Panicked(Panic),
}

impl SendError {
    /// Whether another attempt would be in vain.
    ///
    /// # Examples
    ///
    /// ```
    /// use sitewatch::notify::SendError;
    /// use std::time::Duration;
    ///
    /// let gone = SendError::Refused { to: "example.org".to_owned(), why: "410 Gone".to_owned() };
    /// assert!(gone.is_permanent());
    /// assert_eq!(gone.to_string(), "example.org refuses it: 410 Gone");
    ///
    /// let after = Some(Duration::from_secs(120));
    /// let busy = SendError::NotTaken { to: "example.org".to_owned(), why: "503".to_owned(), after };
    /// assert!(!busy.is_permanent());
    /// assert_eq!(busy.retry_after(), after);
    /// ```
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether a limit of time passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// After how long the receiver wants to be asked again, if it says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotTaken { after, .. } => *after,
            _ => None,
        }
    }
}

/// Why a channel can't be set up. Its text names no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The address of a webhook is not one of the web.
    #[error("the address of a webhook must be an http or https URL, not one of the scheme {0:?}")]
    Scheme(String),
    /// A secret that everybody can guess.
    #[error("the secret of a webhook must not be empty")]
    EmptySecret,
    /// A header that can't be sent, or is not for others to set.
    #[error("{name:?} is not a header that can be sent: {why}")]
    Header {
        /// Its name, as it was given.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no program to run.
    #[error("a command needs the name of a program")]
    NoProgram,
    /// The address of a mail server can't be worked with.
    #[error("the address of a mail server must be {0}")]
    MailServer(&'static str),
    /// Not an address of a mail.
    #[error("not an e-mail address: {0:?}")]
    Mailbox(String),
    /// Nobody is to get the mail.
    #[error("a mail needs a receiver")]
    NoReceiver,
    /// The client itself can't be set up.
    #[error("no client: {0}")]
    Client(String),
}
