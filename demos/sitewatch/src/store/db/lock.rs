//! Who serves from a database: one at a time, and whoever comes after a crash at once.

use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use actors::connection_pool::Pooled;
use actors::connection_pool::postgres::{PostgresError, PostgresManager};
use tokio::time::sleep;

use super::{Db, Engine, StoreError, file, postgres};

/// Any number that no other program is likely to use.
const LOCK: i64 = 0x7365_7276_6572;

/// How often a lock that only our lost connection still has is tried again, and after how long.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_millis(100);

/// So many connections of ours are remembered; an answer has to be lost for each.
const MOST: usize = 64;

/// Who asks.
const WHO: &str = "select pid, (extract(epoch from backend_start) * 1000000)::bigint
    from pg_stat_activity where pid = pg_backend_pid()";

/// Takes the lock if it is free.
const TAKE: &str = "select pg_try_advisory_lock($1)";

/// Whether the lock's holder is one of these backends, which is ended then; nothing if nobody holds it. The server shows
/// the number of a lock as two halves.
const END_OURS: &str = "select is_ours, case when is_ours then pg_terminate_backend(pid) end from (
        select held.pid, exists (
            select 1 from unnest($1::integer[], $2::bigint[]) as ours (pid, began)
            where ours.pid = held.pid
                and ours.began = (extract(epoch from activity.backend_start) * 1000000)::bigint
        ) as is_ours
        from pg_locks as held join pg_stat_activity as activity on activity.pid = held.pid
        where held.locktype = 'advisory' and held.granted and held.objsubid = 1
            and held.database = (select oid from pg_database where datname = current_database())
            and held.classid::bigint = $3 and held.objid::bigint = $4
    ) as holder";

/// The right to serve from a database; given back when it is dropped, or the process ends, however that may be.
///
/// The file lock of a SQLite database is the operating system's. PostgreSQL ties its lock to a connection, so that it is
/// lost with it: [`still_held`](Self::still_held) says so.
pub(crate) enum ServeLock {
    File { _file: File },
    Session { session: Box<Pooled<PostgresManager>>, backend: Backend },
}

/// The process at the server that a connection has, and when that began, in microseconds since 1970: after its end
/// another may get its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backend {
    pid: i32,
    began: i64,
}

/// The connections of ours that may have the lock for the server, though we have lost them: the one that it was tied to,
/// and those on which it was asked for and whose answer was lost, as it may have been granted all the same. The server
/// finds out after minutes or hours.
#[derive(Debug, Default)]
pub(crate) struct Ours(VecDeque<Backend>);

impl Ours {
    /// Remembers one; the oldest is forgotten if there are too many.
    fn note(&mut self, backend: Backend) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(backend);
    }

    fn forget(&mut self, backend: Backend) {
        self.0.retain(|known| *known != backend);
    }
}

impl Db {
    /// Takes the right to serve.
    ///
    /// A connection that was lost may have the lock for the server: if it is one of `ours` it is ended. Where the answer
    /// is lost this time, the connection is one of them from then on.
    pub(in crate::store) async fn lock(&self, ours: &mut Ours) -> Result<ServeLock, StoreError> {
        let taken = || StoreError::Taken { name: self.name.clone() };
        match &self.engine {
            Engine::Sqlite(_) => {
                let path = PathBuf::from(format!("{}.lock", self.name));
                let failed = |why: std::io::Error| {
                    file::of(&self.name, &format!("its lock {} can't be taken", path.display()), &why)
                };
                let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
                match file.try_lock() {
                    Ok(()) => Ok(ServeLock::File { _file: file }),
                    Err(TryLockError::WouldBlock) => Err(taken()),
                    Err(TryLockError::Error(why)) => Err(failed(why)),
                }
            }
            Engine::Postgres(pool) => {
                let session = pool.acquire().await.map_err(|error| StoreError::unavailable(&self.name, &error))?;
                match self.take(&session, ours).await {
                    Ok(Some(backend)) => Ok(ServeLock::Session { session: Box::new(session), backend }),
                    Ok(None) => Err(taken()),
                    Err(error) => {
                        // It may have the lock all the same, and nobody would know that in the pool.
                        session.discard();
                        Err(error)
                    }
                }
            }
        }
    }

    /// Takes the lock for this session; nothing if another program has it.
    async fn take(&self, session: &Pooled<PostgresManager>, ours: &mut Ours) -> Result<Option<Backend>, StoreError> {
        let failed = |error: PostgresError| postgres::of(&self.name, &error);
        let unread = |error| failed(PostgresError::Failed(error));
        let row = session.query_one(WHO, &[]).await.map_err(failed)?;
        let backend = Backend { pid: row.try_get(0).map_err(unread)?, began: row.try_get(1).map_err(unread)? };
        for _ in 0..TRIES {
            // From before it is sent: whoever never reads the answer may have the lock.
            ours.note(backend);
            let row = session.query_one(TAKE, &[&LOCK]).await.map_err(failed)?;
            let is_taken: bool = row.try_get(0).map_err(unread)?;
            ours.forget(backend);
            if is_taken {
                return Ok(Some(backend));
            }
            if ours.0.is_empty() {
                return Ok(None);
            }
            let (pids, began): (Vec<i32>, Vec<i64>) = ours.0.iter().map(|known| (known.pid, known.began)).unzip();
            let halves = (LOCK >> 32, LOCK & 0xffff_ffff);
            let holder = session.query_opt(END_OURS, &[&pids, &began, &halves.0, &halves.1]).await.map_err(failed)?;
            // Where nobody has it, that is since a moment ago.
            if let Some(holder) = holder
                && !holder.try_get::<_, bool>(0).map_err(unread)?
            {
                return Ok(None);
            }
            sleep(PAUSE).await;
        }
        let why = "the connection that was lost has the right to serve, and does not end".to_owned();
        Err(StoreError::Away { name: self.name.clone(), why })
    }
}

impl ServeLock {
    /// Whether it is still ours; asks the server.
    pub(crate) async fn still_held(&self) -> bool {
        match self {
            Self::File { .. } => true,
            Self::Session { session, .. } => session.query_one("select 1", &[]).await.is_ok(),
        }
    }

    /// Closes the connection that it is tied to, if it is to one, so that nobody else gets it with the lock. It may be
    /// lost already, and is one of `ours` from then on.
    pub(crate) fn let_go(self, ours: &mut Ours) {
        if let Self::Session { session, backend } = self {
            (*session).discard();
            ours.note(backend);
        }
    }
}

impl std::fmt::Debug for ServeLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File { .. } => "ServeLock::File",
            Self::Session { .. } => "ServeLock::Session",
        })
    }
}
