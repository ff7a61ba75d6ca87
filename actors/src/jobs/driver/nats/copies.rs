//! Copies of the tables, so that nobody has to read the log from its beginning, and it need not be kept.
//!
//! A copy is in parts, and there when [`Head`] says so, which is one message. Only then the log is shortened, and the copy
//! before the one before deleted: so there is always a copy and all of the log after it, also where the server was not
//! synced and has lost the latest head. Who is behind the beginning of the log takes the copy.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_nats::HeaderMap;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::super::memory::Dump;
use super::super::{DriverError, JobId};
use super::command::{Command, Outcome};
use super::link::{Link, PATIENCE};
use super::machine::SWEPT;
use super::names::Subject;
use super::shared::Shared;
use super::state::State;
use super::texts::{self, Place};

/// How many parts are read, or subjects deleted, at once.
const AT_ONCE: usize = 16;

impl Shared {
    /// Makes copies of the tables when the log has become long.
    pub(super) async fn copy_now_and_then(self: Arc<Self>) {
        let by = rand::random();
        let mut applied = self.applied.subscribe();
        loop {
            let is_long = { self.machine.lock().state.wants_copy() };
            if is_long && let Err(error) = self.copy(by).await {
                tracing::warn!(%error, "the jobs' tables could not be copied, and it is tried again");
                sleep(PATIENCE).await;
            }
            if applied.changed().await.is_err() {
                return;
            }
        }
    }

    async fn copy(&self, by: u64) -> Result<(), DriverError> {
        if !matches!(self.submit(Command::Claim { by }).await?, Outcome::Is(true)) {
            return Ok(());
        }
        let dump = { self.machine.lock().dump() };
        if let Some(bytes) = write(&self.link, dump).await? {
            self.submit(Command::Copied { by, bytes }).await?;
        }
        Ok(())
    }
}

/// Which copy is the latest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The place of the log up to which it holds.
    pub(super) seq: u64,
    parts: u32,
    bytes: u64,
    /// The SHA-256 of all of it, as hexadecimal digits.
    sha256: String,
}

/// A copy, as it is read and written.
pub(super) type Whole = (State, Dump);

/// The latest copy, if there is any.
pub(super) async fn read(link: &Link) -> Result<Option<Whole>, DriverError> {
    let mut tried = None;
    loop {
        let Some((_, head)) = head(link).await? else { return Ok(None) };
        match read_parts(link, &head).await {
            Ok(copy) => return Ok(Some(copy)),
            // It may have been replaced meanwhile.
            Err(error) if tried.as_ref() == Some(&head) => return Err(error),
            Err(_) => tried = Some(head),
        }
        sleep(PATIENCE / 10).await;
    }
}

/// Up to which place of the log the latest copy holds, if there is any.
pub(super) async fn latest_seq(link: &Link) -> Result<Option<u64>, DriverError> {
    Ok(head(link).await?.map(|(_, head)| head.seq))
}

async fn head(link: &Link) -> Result<Option<(u64, Head)>, DriverError> {
    let Some((seq, text)) = link.latest(&link.names.head()).await? else { return Ok(None) };
    let head = serde_json::from_slice(&text).map_err(DriverError::new)?;
    Ok(Some((seq, head)))
}

async fn read_parts(link: &Link, head: &Head) -> Result<Whole, DriverError> {
    let mut whole = Vec::new();
    let numbers: Vec<u32> = (0..head.parts).collect();
    for some in numbers.chunks(AT_ONCE) {
        let subjects: Vec<String> = some.iter().map(|part| link.names.copy(head.seq, &part.to_string())).collect();
        let mut found = BTreeMap::new();
        for message in link.read_many(&link.names.kept_stream, &json!({ "multi_last": subjects })).await? {
            let subject = message.headers.as_ref().and_then(|headers| headers.get("Nats-Subject"));
            if let Some(Subject::Copy(_, part)) = subject.and_then(|subject| link.names.parse(subject.as_str())) {
                found.insert(part, message.payload.to_vec());
            }
        }
        whole.extend(found.into_values().flatten());
    }
    if digest(&whole) != head.sha256 {
        let (read, expected) = (whole.len(), head.bytes);
        return Err(DriverError::new(format!(
            "the copy of the jobs' tables up to {}: {read} bytes that are not it, expected {expected}",
            head.seq
        )));
    }
    serde_json::from_slice(&whole).map_err(DriverError::new)
}

/// Makes a copy the latest, deletes what is not needed any more, and tells how many bytes it has; `None` where another
/// one was made the latest meanwhile.
async fn write(link: &Link, (state, dump): Whole) -> Result<Option<u64>, DriverError> {
    let (seq, made_at) = (state.applied, state.at);
    let needed: HashSet<JobId> = dump.texts().filter_map(Place::parse).map(Place::name).collect();
    let whole = tokio::task::spawn_blocking(move || serde_json::to_vec(&(state, dump)));
    let whole = whole.await.map_err(DriverError::new)?.map_err(DriverError::new)?;
    let before = head(link).await?;
    if before.as_ref().is_some_and(|(_, head)| head.seq >= seq) {
        return Ok(None);
    }
    let mut parts = 0_u32;
    for part in whole.chunks(link.part) {
        link.store(link.names.copy(seq, &parts.to_string()), HeaderMap::new(), part.to_vec()).await?;
        parts += 1;
    }
    let bytes = whole.len() as u64;
    let head = Head { seq, parts, bytes, sha256: digest(&whole) };
    let mut headers = HeaderMap::new();
    let expected = before.as_ref().map_or(0, |(at, _)| *at);
    headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string());
    let text = serde_json::to_vec(&head).map_err(DriverError::new)?;
    link.store(link.names.head(), headers, text).await?;
    // The copy before this one, if there is any, and all after it stay.
    let kept_from = before.map_or(0, |(_, head)| head.seq);
    if kept_from > 0 {
        link.log.purge().sequence(kept_from + 1).await.map_err(DriverError::new)?;
    }
    let is_old = |name: JobId| made_at.duration_since(texts::made_at(name)) > SWEPT;
    let mut unneeded = HashSet::new();
    for subject in link.kept_subjects().await? {
        match link.names.parse(&subject) {
            Some(Subject::Copy(other, _)) if other < kept_from => {
                unneeded.insert(link.names.copy(other, "*"));
            }
            Some(Subject::Text(name, _)) => {
                if let Ok(id) = name.parse()
                    && is_old(id)
                    && !needed.contains(&id)
                {
                    unneeded.insert(link.names.text(name, "*"));
                }
            }
            _ => {}
        }
    }
    let unneeded: Vec<String> = unneeded.into_iter().collect();
    for some in unneeded.chunks(AT_ONCE) {
        let mut deleted = Vec::new();
        for subject in some {
            deleted.push(IntoFuture::into_future(link.kept.purge().filter(subject)));
        }
        try_join_all(deleted).await.map_err(DriverError::new)?;
    }
    Ok(Some(bytes))
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for byte in Sha256::digest(bytes).as_slice() {
        // A string takes all that is written into it.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
