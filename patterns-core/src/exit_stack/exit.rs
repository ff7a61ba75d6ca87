use std::fmt;
use std::sync::Arc;

use crate::cancel::CancelCause;
use crate::context::Context;
use crate::outcome::Panic;

/// How the work ended that a cleanup cleans up after. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Exit {
    /// It returned a value, or the stack was closed.
    Ok,
    /// It returned an error, with this text.
    Err(Arc<str>),
    /// It returned an error after the ambient token had been cancelled, for this cause.
    Cancelled(CancelCause),
    /// It panicked.
    Panicked(Panic),
    /// It was dropped before its end: a lost `select!` branch, a timeout, an aborted task.
    Dropped,
}

impl Exit {
    /// Whether the work ended well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }

    pub(super) fn of<T, E: fmt::Display>(ended: &Result<Result<T, E>, Panic>) -> Self {
        match ended {
            Ok(Ok(_)) => Self::Ok,
            Ok(Err(error)) => match Context::current().token().cause() {
                Some(cause) => Self::Cancelled(cause.clone()),
                None => Self::Err(error.to_string().into()),
            },
            Err(panic) => Self::Panicked(panic.clone()),
        }
    }

    /// What a destructor can tell about the reason why it runs.
    pub(super) fn of_drop() -> Self {
        if std::thread::panicking() {
            Self::Panicked(Panic::from_payload(Box::new("dropped by a panic")))
        } else {
            Self::Dropped
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Err(message) => write!(f, "failed: {message}"),
            Self::Cancelled(cause) => cause.fmt(f),
            Self::Panicked(panic) => panic.fmt(f),
            Self::Dropped => f.write_str("dropped"),
        }
    }
}
