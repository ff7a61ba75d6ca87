//! A small HTTP/1.1 server on a free port. It counts, and has its bad days.
mod answer;
mod request;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use patterns_core::testing::hold_time;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use self::answer::Answer;
use self::request::Request;
use crate::Stage;

/// Who may ask it.
pub(super) const KEY: &str = "sesame";

/// How long a file is that it serves.
pub(super) const WHOLE: usize = 1_000_000;

/// How much of it comes before the connection is cut.
pub(super) const CUT: usize = 400_000;

const CONNECTIONS: &str = "connections opened";

/// Runs until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Aborted with the set.
    _tasks: JoinSet<()>,
}

struct Shared {
    stage: Stage,
    wire: Wire,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: usize,
    /// From which byte on each path was asked for, each time.
    asked: HashMap<String, Vec<usize>>,
}

impl Server {
    pub(super) async fn start(stage: &Stage) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            stage: stage.clone(),
            wire: Wire::default(),
            counts: Mutex::default(),
        });
        stage.level(CONNECTIONS, 0);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, _tasks: tasks })
    }

    /// What all of its URLs begin with.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were ever opened.
    pub(super) fn connections(&self) -> usize {
        self.shared.counts.lock().connections
    }

    /// How many requests there were.
    pub(super) fn requests(&self) -> usize {
        self.shared.counts.lock().asked.values().map(Vec::len).sum()
    }

    /// From which byte on a path was asked for, each time.
    pub(super) fn asked(&self, path: &str) -> Vec<usize> {
        let counts = self.shared.counts.lock();
        counts.asked.get(path).cloned().unwrap_or_default()
    }

    /// What lies between it and its clients.
    pub(super) fn wire(&self) -> Wire {
        self.shared.wire.clone()
    }
}

/// What a version of the file has in it.
pub(super) fn export(version: usize) -> Vec<u8> {
    let line = format!("/prices,{version},200\n");
    line.bytes().cycle().take(WHOLE).collect()
}

/// On a paused clock time stands still while bytes are on their way, as a
/// runtime can't see that a socket is about to have some. It goes on where the
/// server takes its time. On real time this changes nothing, and a program has
/// nothing of the kind.
#[derive(Clone, Default)]
pub(super) struct Wire(Arc<Notify>);

impl Wire {
    /// Awaits an exchange with the server.
    pub(super) async fn carry<F: Future>(&self, exchange: F) -> F::Output {
        let mut exchange = pin!(exchange);
        let carried = hold_time(async {
            tokio::select! {
                biased;
                output = &mut exchange => Some(output),
                () = self.0.notified() => None,
            }
        });
        let carried = carried.await;
        match carried {
            Some(output) => output,
            None => exchange.await,
        }
    }

    fn server_takes_its_time(&self) {
        self.0.notify_one();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        shared.connected();
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // Who hangs up has their reasons.
            let _ = serve(socket, &shared).await;
        });
    }
}

/// Answers one request of a connection after the other.
async fn serve(mut socket: TcpStream, shared: &Shared) -> io::Result<()> {
    let (reader, mut writer) = socket.split();
    let mut reader = BufReader::new(reader);
    while let Some(request) = Request::read(&mut reader).await? {
        match shared.answer(&request) {
            Answer::Bytes(bytes) => writer.write_all(&bytes).await?,
            Answer::Cut(bytes) => {
                writer.write_all(&bytes).await?;
                return writer.shutdown().await;
            }
            Answer::Never => {
                shared.wire.server_takes_its_time();
                // An error, once the client has hung up.
                reader.read_u8().await?;
            }
        }
    }
    Ok(())
}

impl Shared {
    fn connected(&self) {
        let mut counts = self.counts.lock();
        counts.connections += 1;
        self.stage.level(CONNECTIONS, counts.connections);
    }

    fn answer(&self, request: &Request) -> Answer {
        let nth = {
            let mut counts = self.counts.lock();
            let asked = counts.asked.entry(request.path.clone()).or_default();
            asked.push(request.from);
            asked.len()
        };
        if request.header("authorization") != Some(&*format!("Bearer {KEY}")) {
            return Answer::new("401 Unauthorized", "");
        }
        match (&*request.method, &*request.path, nth) {
            ("GET", "/hangs", 1) => Answer::Never,
            ("GET", "/busy", 1) | ("POST", "/full", _) => {
                Answer::new("503 Service Unavailable", "")
            }
            ("GET", "/hangs" | "/busy", _) => {
                Answer::new("200 OK", "this time it goes well")
            }
            ("GET", page, _) if page.starts_with("/page/") => {
                Answer::new("200 OK", &format!("<a href=\"{page}\">"))
            }
            ("POST", "/checks", _) => {
                let answer = format!("{} will be checked", request.body);
                Answer::new("201 Created", &answer)
            }
            ("GET", "/export/cut", 1) => Answer::export(request, 1, CUT),
            ("GET", "/export/cut", _) => Answer::export(request, 1, WHOLE),
            ("GET", "/export/changes", 1) => Answer::export(request, 1, CUT),
            ("GET", "/export/changes", _) => Answer::export(request, 2, WHOLE),
            ("GET", "/export/never", _) => Answer::export(request, 1, 0),
            _ => Answer::new("404 Not Found", ""),
        }
    }
}
