use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{LastRawMessageError, LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, HeaderMap, Message, Request, RequestError, RequestErrorKind};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::super::DriverError;
use super::entry::Heard;
use super::names::Names;
use super::streams;

/// How long a server has to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// How many entries are read at once.
const AT_ONCE: u64 = 256;

/// How many messages are stored at once beside the log. The server writes them one after the other, and the time that
/// it has for one is not to pass behind hundreds of others.
pub(super) const STORES: usize = 16;

/// How the server says that this was all.
const ALL: u16 = 204;

/// Questions to the server.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) context: Context,
    pub(super) names: Names,
    pub(super) log: Stream,
    pub(super) kept: Stream,
    /// On how many servers each of the streams is to be.
    pub(super) replicas: usize,
    /// How often the connection was lost.
    pub(super) cuts: Arc<watch::Sender<u64>>,
    /// The turns of those who [store](Self::store).
    pub(super) stores: Semaphore,
    /// How many bytes a part of a text has at most.
    pub(super) part: usize,
    /// How many bytes an entry has at most.
    pub(super) entry: usize,
}

/// What a server says of a stream.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct LogInfo {
    /// When the stream was made: there may be another by now.
    pub(super) created: Timestamp,
    /// What its clock reads.
    pub(super) ts: Option<Timestamp>,
    pub(super) state: LogState,
    #[serde(default)]
    pub(super) cluster: Option<Cluster>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct LogState {
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
}

/// Which servers have it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Cluster {
    #[serde(default)]
    pub(super) leader: Option<String>,
    #[serde(default)]
    pub(super) replicas: Vec<Peer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Peer {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
struct KeptInfo {
    state: KeptState,
}

#[derive(Debug, Deserialize)]
struct KeptState {
    #[serde(default)]
    subjects: Option<HashMap<String, u64>>,
}

/// Whether the server said so, as it has no such stream.
pub(super) fn is_gone(error: &DriverError) -> bool {
    let DriverError::Failed(error) = error else { return false };
    // It depends on the question how it is wrapped.
    let said = match error.downcast_ref::<LastRawMessageError>().map(LastRawMessageError::kind) {
        Some(LastRawMessageErrorKind::JetStream(said)) => Some(said),
        _ => error.downcast_ref::<async_nats::jetstream::Error>().cloned(),
    };
    said.is_some_and(|said| said.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// Whether nobody was there to whom that could be said, as where no stream has the subject.
pub(super) fn is_unheard(error: &DriverError) -> bool {
    let DriverError::Failed(error) = error else { return false };
    error.downcast_ref::<RequestError>().is_some_and(|error| error.kind() == RequestErrorKind::NoResponders)
}

/// What came of a message that was to be stored.
pub(super) enum Stored {
    /// It has this place.
    At(u64),
    /// The server won't: what it says.
    Refused(async_nats::jetstream::Error),
}

impl Link {
    /// Asks, and waits for no answer that was lost with the connection.
    async fn unless_cut<T>(&self, asked: impl Future<Output = Result<T, DriverError>>) -> Result<T, DriverError> {
        let mut cuts = self.cuts.subscribe();
        tokio::select! {
            biased;
            answer = asked => answer,
            _ = cuts.changed() => Err(DriverError::new("the connection to the server was lost before it answered")),
        }
    }

    async fn ask<T: DeserializeOwned>(&self, subject: String, body: &Value) -> Result<T, DriverError> {
        let asked = async { self.context.request(subject, body).await.map_err(DriverError::new) };
        let answer: Response<T> = self.unless_cut(asked).await?;
        match answer {
            Response::Ok(answer) => Ok(answer),
            Response::Err { error } => Err(DriverError::new(error)),
        }
    }

    /// Makes the streams again, which a server may have lost with all that it had.
    pub(super) async fn make_streams(&self) -> Result<(), DriverError> {
        let made = async { streams::make(&self.context, &self.names, self.replicas).await };
        self.unless_cut(made).await.map(drop)
    }

    /// What the leader of the log says of it: all that was ever acknowledged is in it.
    pub(super) async fn info(&self) -> Result<LogInfo, DriverError> {
        self.info_of(&self.names.log_stream).await
    }

    /// What the leader of a stream says of it.
    pub(super) async fn info_of(&self, stream: &str) -> Result<LogInfo, DriverError> {
        self.ask(format!("STREAM.INFO.{stream}"), &json!({})).await
    }

    /// The subjects of what is kept beside the log.
    pub(super) async fn kept_subjects(&self) -> Result<Vec<String>, DriverError> {
        let mut subjects = Vec::new();
        loop {
            let page = json!({ "subjects_filter": self.names.all_kept(), "offset": subjects.len() });
            let info: KeptInfo = self.ask(format!("STREAM.INFO.{}", self.names.kept_stream), &page).await?;
            let found = info.state.subjects.unwrap_or_default();
            if found.is_empty() {
                return Ok(subjects);
            }
            subjects.extend(found.into_keys());
        }
    }

    /// Stores a message, and is told by the server.
    pub(super) async fn publish(
        &self,
        subject: String,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Stored, DriverError> {
        let request = Request::new().headers(headers).payload(body.into()).timeout(Some(PATIENCE));
        let asked = async { self.client.send_request(subject, request).await.map_err(DriverError::new) };
        let answer = self.unless_cut(asked).await?;
        let answer: Response<PublishAck> = serde_json::from_slice(&answer.payload).map_err(DriverError::new)?;
        Ok(match answer {
            Response::Ok(ack) => Stored::At(ack.sequence),
            Response::Err { error } => Stored::Refused(error),
        })
    }

    /// The same, where a refusal is a failure, and some at a time.
    pub(super) async fn store(&self, subject: String, headers: HeaderMap, body: Vec<u8>) -> Result<u64, DriverError> {
        let _turn = self.stores.acquire().await.map_err(DriverError::new)?;
        match self.publish(subject, headers, body).await? {
            Stored::At(seq) => Ok(seq),
            Stored::Refused(error) => Err(DriverError::new(error)),
        }
    }

    /// Entries of the log from this place on, some of them; none where the server that is asked has none yet.
    pub(super) async fn entries(&self, from: u64) -> Result<Vec<Heard>, DriverError> {
        let wish = json!({ "seq": from, "batch": AT_ONCE });
        let found = self.read_many(&self.names.log_stream, &wish).await?;
        found.into_iter().map(Heard::new).collect()
    }

    /// Messages, as any server has them who has the stream. None is no error.
    pub(super) async fn read_many(&self, stream: &str, wish: &Value) -> Result<Vec<Message>, DriverError> {
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(DriverError::new)?;
        let wish = serde_json::to_vec(wish).map_err(DriverError::new)?;
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        self.client.publish_with_reply(subject, inbox, wish.into()).await.map_err(DriverError::new)?;
        let mut found = Vec::new();
        loop {
            let answer = timeout(PATIENCE, answers.next()).await.map_err(|_| DriverError::TimedOut(PATIENCE))?;
            let Some(message) = answer else { return Err(closed()) };
            match message.status.map(|status| status.as_u16()) {
                None => found.push(message),
                Some(ALL | 404) => return Ok(found),
                Some(status) => {
                    let why = message.description.unwrap_or_default();
                    return Err(DriverError::new(format!("the server can't read from {stream}: {status} {why}")));
                }
            }
        }
    }

    /// The latest message of what is kept, as the leader has it.
    pub(super) async fn latest(&self, subject: &str) -> Result<Option<(u64, Vec<u8>)>, DriverError> {
        match self.kept.get_last_raw_message_by_subject(subject).await {
            Ok(message) => Ok(Some((message.sequence, message.payload.to_vec()))),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(DriverError::new(error)),
        }
    }
}

/// Nobody is connected any more.
pub(super) fn closed() -> DriverError {
    DriverError::new("the connection to the server is closed")
}
