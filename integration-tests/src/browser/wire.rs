use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::seen::Seen;

/// How long one command may take.
const ANSWER: Duration = Duration::from_secs(30);

/// The longest answer, in bytes: a picture of a long page.
const LONGEST: usize = 256 * 1024 * 1024;

/// Commands that wait to be sent.
const QUEUE: usize = 64;

/// What all pages hear of, by their sessions.
type Sessions = Arc<Mutex<HashMap<String, Arc<Seen>>>>;

/// The connection to the browser, which all pages share.
#[derive(Debug)]
pub(super) struct Wire {
    commands: mpsc::Sender<Command>,
    sessions: Sessions,
    last: AtomicU64,
    /// Aborted with the set.
    _task: JoinSet<()>,
}

#[derive(Debug)]
struct Command {
    id: u64,
    text: String,
    answer: oneshot::Sender<Result<Value, String>>,
}

impl Wire {
    pub(super) async fn connect(port: u16, path: &str) -> io::Result<Self> {
        let connect = async {
            let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            let config = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
            let url = format!("ws://127.0.0.1:{port}{path}");
            let connected = tokio_tungstenite::client_async_with_config(url, socket, Some(config)).await;
            connected.map_err(io::Error::other)
        };
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the browser does not accept the connection");
        let (socket, _) = timeout(ANSWER, connect).await.map_err(late)??;
        let (commands, queue) = mpsc::channel(QUEUE);
        let sessions = Sessions::default();
        let mut task = JoinSet::new();
        task.spawn(carry(socket, queue, Arc::clone(&sessions)));
        Ok(Self { commands, sessions, last: AtomicU64::new(0), _task: task })
    }

    /// Tells `seen` from now on what happens in this session.
    pub(super) fn listen(&self, session: &str, seen: Arc<Seen>) {
        self.sessions.lock().insert(session.to_owned(), seen);
    }

    /// Sends a command, to the browser or in a page's session, and waits for its result.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> io::Result<Value> {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = session.into();
        }
        let (answer, answered) = oneshot::channel();
        let command = Command { id, text: command.to_string(), answer };
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, format!("{method}: the browser is gone"));
        let exchange = async {
            self.commands.send(command).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())
        };
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("{method}: no answer within {ANSWER:?}"));
        let answer = timeout(ANSWER, exchange).await.map_err(late)??;
        answer.map_err(|why| io::Error::other(format!("{method}: {why}")))
    }
}

/// Carries commands to the browser, and back what it says, until either end is gone. Whoever waits for an answer then
/// learns that by the drop of its sender.
async fn carry(mut socket: WebSocketStream<TcpStream>, mut queue: mpsc::Receiver<Command>, sessions: Sessions) {
    let mut waiting: HashMap<u64, oneshot::Sender<Result<Value, String>>> = HashMap::new();
    loop {
        tokio::select! {
            command = queue.recv() => {
                let Some(Command { id, text, answer }) = command else { return };
                waiting.insert(id, answer);
                if socket.send(Message::from(text)).await.is_err() {
                    return;
                }
            }
            message = socket.next() => {
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return,
                };
                let Ok(said) = serde_json::from_str::<Value>(&text) else { continue };
                match said["id"].as_u64() {
                    Some(id) => {
                        // Nobody may wait any more.
                        let _ = waiting.remove(&id).map(|answer| answer.send(result(said)));
                    }
                    None => happened(&sessions, &said),
                }
            }
        }
    }
}

fn result(mut said: Value) -> Result<Value, String> {
    match said.get("error") {
        Some(error) => Err(error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned)),
        None => Ok(said["result"].take()),
    }
}

fn happened(sessions: &Sessions, said: &Value) {
    let (Some(session), Some(event)) = (said["sessionId"].as_str(), said["method"].as_str()) else { return };
    let seen = sessions.lock().get(session).cloned();
    if let Some(seen) = seen {
        seen.note(event, &said["params"]);
    }
}
