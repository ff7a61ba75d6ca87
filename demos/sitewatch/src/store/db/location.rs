use std::fmt;
use std::path::{self, Path, PathBuf};

use actors::connection_pool::sqlite::SqliteError;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::StoreError;
use crate::causes::innermost;

/// How a place may be written.
const EXPECTED: &str = "expected a file, or postgres://user@host/database";

/// Where a database is.
///
/// # Examples
///
/// ```
/// use sitewatch::store::Location;
///
/// # fn main() -> Result<(), sitewatch::store::BadLocation> {
/// assert!(matches!(Location::of("sitewatch.db")?, Location::Sqlite(_)));
/// let server = Location::of("postgres://watch:secret@db.example.org/sites")?;
/// assert_eq!(server.to_string(), "postgres://watch@db.example.org/sites");
///
/// let refused = Location::of("mysql://watch:secret@db.example.org/sites").unwrap_err();
/// assert_eq!(refused.shown(), "mysql://db.example.org/sites");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server: `postgres://user:password@host/database`.
    Postgres(String),
}

/// A text that is not where a database of ours can be. What it shows of the text has no name and no password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot use the database {shown}: {why}")]
pub struct BadLocation {
    shown: String,
    why: String,
}

impl BadLocation {
    fn new(text: &str, why: impl Into<String>) -> Self {
        Self { shown: without_secrets(text), why: why.into() }
    }

    /// The text, without what may be a secret.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What is wrong with it.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl From<BadLocation> for StoreError {
    fn from(BadLocation { shown: name, why }: BadLocation) -> Self {
        Self::Refused { name, why }
    }
}

impl Location {
    /// What a text means: a URL is a server, everything else a file. Nothing is opened or connected to, nor is the disk
    /// looked at.
    ///
    /// # Errors
    ///
    /// [`BadLocation`]: a URL of something else than PostgreSQL; one that has no host, or something in it that is not
    /// understood; one that asks for encryption, which there is none of.
    pub fn of(text: &str) -> Result<Self, BadLocation> {
        let Some((scheme, rest)) = text.split_once("://") else { return Ok(Self::Sqlite(text.into())) };
        let bad = |why: &str| Err(BadLocation::new(text, why));
        if !["postgres", "postgresql"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return bad(EXPECTED);
        }
        let address = rest.split('?').next().unwrap_or_default();
        let user = rest.split_once('@').map_or("", |(user, _)| user);
        // Whoever connects goes by the first @, and whoever wrote it may have meant another one.
        if address.matches('@').count() > 1 || user.contains(['?', '#']) {
            return bad("in names, passwords and parameters @ is written as %40, ? as %3F, and # as %23");
        }
        // Schemes have no case, but whoever connects is particular about it.
        let server = format!("postgres://{rest}");
        match server.parse::<Config>() {
            // It quotes keys, and no values.
            Err(error) => bad(&innermost(&error)),
            Ok(config) if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() => bad(EXPECTED),
            Ok(config) if config.get_ssl_mode() == SslMode::Require => {
                bad("connections to PostgreSQL are not encrypted: leave sslmode=require out")
            }
            Ok(_) => Ok(Self::Postgres(server)),
        }
    }

    /// What stands for a text wherever it is shown, whether or not it is right.
    pub(crate) fn shown(text: &str) -> String {
        Self::of(text).map_or_else(|bad| bad.shown, |location| location.to_string())
    }

    /// The same, by a path that doesn't depend on where the program runs.
    #[must_use]
    pub fn absolute(self) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(path::absolute(&path).unwrap_or(path)),
            server => server,
        }
    }

    /// What can be known of it without opening it, and keeps everybody from doing so. It looks at the disk, with
    /// blocking calls; whether a file may be read or written is for who does to find out.
    pub(crate) fn trouble(&self) -> Option<String> {
        let Self::Sqlite(path) = self else { return None };
        if path == Path::new(":memory:") {
            return Some(SqliteError::InMemory.to_string());
        }
        let path = path::absolute(path).ok()?;
        let folder = path.parent()?;
        if path.is_dir() {
            return Some(format!("{} is a folder, not a file", path.display()));
        }
        // One that can't be looked at may be there for others.
        let is_missing = matches!(folder.try_exists(), Ok(false));
        is_missing.then(|| format!("there is no folder {}", folder.display()))
    }
}

/// Without a password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(server) => {
                // As whoever connects reads it. Parameters may have secrets, too.
                let address = server.split('?').next().unwrap_or_default();
                let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
                match rest.split_once('@') {
                    Some((user, host)) => write!(f, "{scheme}://{}@{host}", user.split(':').next().unwrap_or_default()),
                    None => write!(f, "{scheme}://{rest}"),
                }
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// An address without whoever it is for, and without its parameters; a path as it is.
pub(crate) fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (address, parameters) = rest.split_at(end);
    if parameters.contains('@') {
        // A password may have any character, so nobody knows where it ends.
        return format!("{scheme}://");
    }
    let host = address.rsplit_once('@').map_or(address, |(_, host)| host);
    format!("{scheme}://{host}")
}
