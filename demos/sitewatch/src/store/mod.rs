//! What is kept of sites, their checks and their broken links, in SQLite or PostgreSQL.
//!
//! Connections come from a [`ConnectionPool`](actors::connection_pool::ConnectionPool), so that a database's blocking
//! calls run off the async threads, and a call that is given up leaves nothing half done. Whatever belongs together is
//! written in one transaction, many rows at a time.
//!
//! # How a check survives a crash
//!
//! A run keeps a *journal*: what each address answered, and what each page holds. An answer counts only once it is in
//! the journal. Whoever goes on with the run crawls from its start again, and what the journal knows is not asked for;
//! so the frontier is where it was, and only what was under way is asked for a second time. When the run has ended, its
//! journal is the memory of the next: with what to ask whether a page has changed, and what it holds if it has not.
mod db;
mod findings;
mod finish;
mod notices;
mod overview;
mod patience;
mod prune;
mod runs;
mod sites;
#[cfg(test)]
mod tests;
mod visits;

use std::sync::Arc;
use std::time::SystemTime;

use actors::System;
use actors::connection_pool::ConnectionPoolStatus;
use jiff::Timestamp;

use crate::report::{LinkResult, Report, Status};
use crate::service::{Cause, RunState};

pub(crate) use db::file;
pub use db::{BadLocation, Location, StoreError};
pub(crate) use db::{Db, Ours, ServeLock, without_secrets};
pub(crate) use finish::{Ended, Outcome};
pub(crate) use overview::SiteRow;
pub(crate) use patience::{PAUSES, patiently};
pub(crate) use runs::{Begun, NotBegun, token};
use sites::name_of;
pub(crate) use visits::{Entry, How, Noted, Recalled};

/// A database of sites, runs and findings. A clone is the same.
///
/// # Examples
///
/// ```
/// use sitewatch::report::{Links, Report, Summary};
/// use sitewatch::store::{Location, Store};
/// use std::time::SystemTime;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let system = actors::System::start()?;
/// let store = Store::open(&Location::Sqlite(folder.path().join("runs.db")), &system).await?;
/// let report = Report::new("docs", Summary::default(), Links::default(), vec!["lonely.html".into()]);
/// assert_eq!(store.save(report.into(), SystemTime::now()).await?, 1);
///
/// let other = folder.path().join("notes.txt");
/// std::fs::write(&other, "not a database, but a text that is long enough to look at")?;
/// let error = Store::open(&Location::Sqlite(other), &system).await.unwrap_err();
/// assert!(error.to_string().contains("notes.txt"), "{error}");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

impl Store {
    /// Opens a database; makes it, or brings it to the version that this program knows.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Away`]: it can't be reached, or others hold it up.
    /// - [`StoreError::Full`]: there is no room for its tables.
    /// - [`StoreError::Foreign`]: it is a database of another program, or of a later version of this.
    /// - [`StoreError::Refused`]: the file is no database, its folder is not there or can't be written, or the server does
    ///   not let us in.
    /// - [`StoreError::Interrupted`]: we were asked to stop.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the tables are made whole or not at all.
    pub async fn open(location: &Location, system: &System) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open(location, system).await? })
    }

    /// Opens a database that is there; does not make one.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and [`StoreError::Missing`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn open_existing(location: &Location, system: &System) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open_existing(location, system).await? })
    }

    /// Takes the right to serve from it, which one program has at a time.
    pub(crate) async fn lock(&self) -> Result<ServeLock, StoreError> {
        self.db.lock(&mut Ours::default()).await
    }

    /// Takes it again, after it was lost with a connection which the server may believe to be there: that was ours.
    pub(crate) async fn lock_again(&self, ours: &mut Ours) -> Result<ServeLock, StoreError> {
        self.db.lock(ours).await
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.db.ping().await
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// How its pool of connections is.
    #[must_use]
    pub fn status(&self) -> ConnectionPoolStatus {
        self.db.status()
    }

    /// Writes a check that was made by hand, and gives its number. Its site goes by the name of what was checked.
    /// Of one that is longer than 1,000 bytes that is its beginning, and a part of its hash.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a run that has begun stays, as one that did not end. Run it in a
    /// [`shield`](patterns_core::cancel::shield) to have it whole.
    // ANCHOR: save
    pub async fn save(&self, report: Arc<Report>, began: SystemTime) -> Result<i64, StoreError> {
        let began = Timestamp::try_from(began).unwrap_or(Timestamp::UNIX_EPOCH);
        let site = self.enter_site(&name_of(report.target()), report.target()).await?;
        let token = format!("check {} {:016x}", began, rand::random::<u64>());
        let begun = self.begin(site.id, &token, Cause::Request, None, began).await?;
        let state = if report.summary().is_complete() { RunState::Done } else { RunState::Cancelled };
        let ended = Ended {
            run: begun.run,
            site: site.id,
            state,
            why: report.summary().stopped.clone(),
            at: Timestamp::now(),
            timeline: begun.timeline,
            elapsed_ms: u64::try_from(report.summary().elapsed.as_millis()).unwrap_or(u64::MAX),
            flapping: 0,
        };
        let is_broken = |link: &LinkResult<'_>| link.verdict.status() == Status::Broken;
        self.finish(ended, Some(&report), &is_broken, &|_| Vec::new()).await?;
        Ok(begun.run)
    }
    // ANCHOR_END: save
}
