//! Who takes notices.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::service_crashes::BOUND;

/// A server that keeps what it is sent until the test answers.
pub(super) struct Receiver {
    pub(super) url: String,
    requests: mpsc::Receiver<Request>,
    /// Accepts until the set is dropped.
    _accepting: JoinSet<()>,
}

/// A request that waits for its answer.
pub(super) struct Request {
    /// Of its notices.
    pub(super) ids: Vec<i64>,
    socket: BufReader<TcpStream>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::channel(16);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let request = read(BufReader::new(socket)).await;
                // A test that has failed does not listen any more.
                if sender.send(request).await.is_err() {
                    return;
                }
            }
        });
        Self { url, requests, _accepting: accepting }
    }

    pub(super) async fn next(&mut self) -> Request {
        timeout(BOUND, self.requests.recv()).await.expect("nothing is sent").unwrap()
    }
}

async fn read(mut socket: BufReader<TcpStream>) -> Request {
    let mut length = 0;
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.unwrap();
        match line.trim_end().to_ascii_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().unwrap(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let ids = body["notices"].as_array().unwrap().iter().map(|notice| notice["id"].as_i64().unwrap());
    Request { ids: ids.collect(), socket }
}

impl Request {
    /// Says that it was taken.
    pub(super) async fn taken(mut self) {
        let answer = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
        self.socket.write_all(answer.as_bytes()).await.unwrap();
        self.socket.shutdown().await.unwrap();
    }
}
