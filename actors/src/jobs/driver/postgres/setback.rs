use super::super::DriverError;
use crate::connection_pool::postgres::PostgresError;

/// Why a transaction came to nothing.
#[derive(Debug)]
pub(super) enum Setback {
    /// The server said so, or is out of reach.
    Postgres(PostgresError),
    /// It is not to be kept, or what there is can't be read.
    Driver(DriverError),
    /// Somebody else did the same at the same time.
    Crossed,
}

impl Setback {
    /// Whether the same, begun anew, may well succeed; and if so, whether that is to wait for others.
    pub(super) fn passes(&self) -> Option<Pause> {
        match self {
            Self::Crossed => Some(Pause::ForOthers),
            // An instance is another's now, who is to be seen by the next attempt.
            Self::Postgres(error) if error.is_serialization_failure() || is_code(error, "23505") => {
                Some(Pause::ForOthers)
            }
            // Another server takes the writes now, or soon. The pool does not lend this connection again.
            Self::Postgres(error) if error.is_of_a_standby() => Some(Pause::ForOthers),
            // It broke, maybe while nobody used it. The pool does not lend it again.
            Self::Postgres(PostgresError::Failed(error)) if error.is_closed() => Some(Pause::None),
            Self::Postgres(_) | Self::Driver(_) => None,
        }
    }
}

/// How long it is until the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    None,
    ForOthers,
}

fn is_code(error: &PostgresError, code: &str) -> bool {
    error.code().is_some_and(|is| is.code() == code)
}

impl From<PostgresError> for Setback {
    fn from(error: PostgresError) -> Self {
        Self::Postgres(error)
    }
}

impl From<DriverError> for Setback {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl From<Setback> for DriverError {
    fn from(setback: Setback) -> Self {
        match setback {
            Setback::Postgres(error) => error.into(),
            Setback::Driver(error) => error,
            Setback::Crossed => Self::new("others did the same again and again"),
        }
    }
}

impl From<PostgresError> for DriverError {
    fn from(error: PostgresError) -> Self {
        // tokio-postgres' own error shows nothing of what the server said.
        match error.as_db_error().cloned() {
            // What is no text to it, or beyond its numbers, is so at any time.
            Some(said) if said.code().code().starts_with("22") => Self::refused(said.to_string()),
            Some(said) => Self::new(said),
            None => Self::new(error),
        }
    }
}
