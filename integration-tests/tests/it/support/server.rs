//! A tiny HTTP/1.1 server on a free local port, that answers what a test tells it to and counts.
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::reply::{Reply, Step};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) at: Instant,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    connections: AtomicUsize,
    busy: AtomicUsize,
    peak: AtomicUsize,
    log: Mutex<Vec<Request>>,
}

/// Runs until it is dropped; then its connections are closed.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    certificate: String,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Answers every request with what `handler` says.
    pub(crate) async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, String::new(), handler).await
    }

    /// The same over TLS, with a certificate that nobody signed.
    pub(crate) async fn start_tls(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let (tls, certificate) = self_signed();
        Self::listen(Some(tls), certificate, handler).await
    }

    async fn listen(
        tls: Option<TlsAcceptor>,
        certificate: String,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            connections: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            log: Mutex::default(),
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, tls, Arc::clone(&shared)));
        Self { address, scheme, certificate, shared, _tasks: tasks }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        format!("{}://{}{path}", self.scheme, self.address).parse().expect("the path is valid")
    }

    /// Its certificate, as a system's list of those that it trusts would have it.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "elsewhere that list is not a file"))]
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were being answered at the same time.
    pub(crate) fn peak(&self) -> usize {
        self.shared.peak.load(Ordering::SeqCst)
    }

    /// Every request so far, in the order of arrival.
    pub(crate) fn log(&self) -> Vec<Request> {
        self.shared.log.lock().expect("no handler panics").clone()
    }

    /// How often this path was asked for, with any method.
    pub(crate) fn hits(&self, path: &str) -> usize {
        self.log().iter().filter(|request| request.path == path).count()
    }

    /// The methods that this path was asked for with, in order.
    pub(crate) fn methods(&self, path: &str) -> Vec<String> {
        self.log().into_iter().filter(|request| request.path == path).map(|request| request.method).collect()
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        let tls = tls.clone();
        connections.spawn(async move {
            // What the client does to its connection is the business of the test, not of the server.
            let _ = match tls {
                Some(tls) => match tls.accept(socket).await {
                    Ok(stream) => serve(stream, &shared).await.map(drop),
                    Err(_) => Ok(()),
                },
                None => match serve(socket, &shared).await {
                    Ok((socket, true)) => socket.set_zero_linger(),
                    _ => Ok(()),
                },
            };
        });
    }
}

/// Answers one request after the other; returns whether to reset the connection.
async fn serve<S>(mut stream: S, shared: &Shared) -> std::io::Result<(S, bool)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut pending = Vec::new();
    while let Some(request) = read(&mut stream, &mut pending).await? {
        let busy = Busy::new(shared);
        let reply = (shared.handler)(&request);
        shared.log.lock().expect("no handler panics").push(request.clone());
        for step in reply.steps(&request.method) {
            match step {
                Step::Send(bytes) => stream.write_all(&bytes).await?,
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Hang => std::future::pending().await,
                Step::Close => {
                    stream.shutdown().await?;
                    return Ok((stream, false));
                }
                Step::Reset => return Ok((stream, true)),
            }
        }
        drop(busy);
    }
    Ok((stream, false))
}

/// Reads the head of a request; none of those here has a body.
async fn read(stream: &mut (impl AsyncRead + Unpin), pending: &mut Vec<u8>) -> std::io::Result<Option<Request>> {
    let end = loop {
        if let Some(at) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(pending).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&pending[..end]).into_owned();
    pending.drain(..end);
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    Ok(Some(Request {
        method: first.next().unwrap_or_default(),
        path: first.next().unwrap_or_default(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        at: Instant::now(),
    }))
}

/// Counts a request while it is being answered.
struct Busy<'a>(&'a Shared);

impl<'a> Busy<'a> {
    fn new(shared: &'a Shared) -> Self {
        let busy = shared.busy.fetch_add(1, Ordering::SeqCst) + 1;
        shared.peak.fetch_max(busy, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

fn self_signed() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a valid name");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("PKCS #8");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
        .expect("a valid certificate");
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

/// An address that refuses connections for as long as the socket is held: nobody listens on its port, nor can anybody.
pub(crate) fn refusing() -> (TcpSocket, Url) {
    let held = TcpSocket::new_v4().expect("a socket");
    held.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let address = held.local_addr().expect("it is bound");
    (held, format!("http://{address}/").parse().expect("an address is a valid host"))
}
