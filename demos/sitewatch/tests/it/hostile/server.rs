//! A server that answers with whatever bytes it is told to.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

type Answer = dyn Fn(&str) -> Vec<u8> + Send + Sync;

/// Runs until it is dropped. Each connection has one request and its answer.
pub(super) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _accepting: JoinSet<()>,
}

impl Server {
    /// Answers every path with the bytes that `answer` gives for it.
    pub(super) async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::new(answer), Arc::clone(&asked)));
        Self { address, asked, _accepting: accepting }
    }

    pub(super) fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its host and port, as settings name it.
    pub(super) fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The paths that were asked for, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

async fn accept(listener: TcpListener, answer: Arc<Answer>, asked: Arc<Mutex<Vec<String>>>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
        connections.spawn(async move {
            // Whoever has had enough closes the connection, which is the point of it.
            let _ = serve(socket, &*answer, &asked).await;
        });
    }
}

async fn serve(mut socket: TcpStream, answer: &Answer, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if socket.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    asked.lock().push(path.to_owned());
    socket.write_all(&answer(path)).await?;
    socket.shutdown().await
}

/// An answer: its status, its headers each with its line end, and its body, which ends with the connection.
pub(super) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\n{headers}\r\n").as_bytes(), body.as_ref()].concat()
}

pub(super) fn html(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "content-type: text/html\r\n", body)
}

/// A page that is packed as this header says.
pub(super) fn packed(encoding: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", &format!("content-type: text/html\r\ncontent-encoding: {encoding}\r\n"), body)
}

pub(super) fn redirect(location: &str) -> Vec<u8> {
    answer("302 Found", &format!("location: {location}\r\n"), "")
}

pub(super) fn missing() -> Vec<u8> {
    answer("404 Not Found", "content-length: 0\r\n", "")
}
