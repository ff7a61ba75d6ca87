use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::answer::{Answer, Response};
use super::request::{Received, Request};
use super::site::Shared;
use super::{control, route};

/// So many connections at a time; others wait to be accepted.
const MOST_CONNECTIONS: usize = 2_048;

/// How long a connection may be without a request.
const IDLE: Duration = Duration::from_secs(60);

/// How long a client may take to read an answer.
const READING: Duration = Duration::from_secs(60);

/// How long an answer that never comes is waited for.
const SILENCE: Duration = Duration::from_secs(300);

/// Until it is tried again, where the system lets nobody connect.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections, for as long as it is polled; they end with it.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((socket, _)) => {
                    shared.tally.connected();
                    connections.spawn(converse(socket, Arc::clone(&shared)));
                }
                // It is out of descriptors, mostly, and will have some again.
                Err(_) => sleep(PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(mut socket: TcpStream, shared: Arc<Shared>) {
    // What the client does to its connection is its own business.
    let _ = serve(&mut socket, &shared).await;
}

/// Answers one request after the other.
async fn serve(socket: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut pending = Vec::with_capacity(4_096);
    loop {
        let Ok(received) = timeout(IDLE, Request::read(socket, &mut pending)).await else { return Ok(()) };
        let request = match received? {
            Received::Request(request) => request,
            Received::Refused(status) => return send(socket, &Response::empty(status).bytes("GET", false)).await,
            Received::End => return Ok(()),
        };
        let goes_on = match control::answer(shared, &request) {
            Some(response) => whole(socket, &request, &response).await?,
            None => answer(socket, shared, &request).await?,
        };
        if !goes_on {
            return Ok(());
        }
    }
}

/// Answers a request of the site itself; returns whether the connection goes on.
///
/// It counts as in flight until just before its answer goes out: a client that has it all, and asks for the next, is never
/// taken for one that asks for both at once.
async fn answer(socket: &mut TcpStream, shared: &Shared, request: &Request) -> io::Result<bool> {
    let (nth, in_flight) = shared.tally.begin(&request.path, request.is_conditional());
    if !shared.settings.delay.is_zero() {
        sleep(shared.settings.delay).await;
    }
    let response = match route::answer(shared, request, nth) {
        Answer::Whole(response) => response,
        Answer::After(wait, response) => {
            sleep(wait).await;
            response
        }
        Answer::Raw(bytes) => {
            drop(in_flight);
            send(socket, bytes).await?;
            socket.shutdown().await?;
            return Ok(false);
        }
        Answer::Silent => {
            let _ = timeout(SILENCE, gone(socket)).await;
            return Ok(false);
        }
        Answer::Reset => {
            // As it is closed now: RST instead of FIN.
            socket.set_zero_linger()?;
            return Ok(false);
        }
    };
    drop(in_flight);
    whole(socket, request, &response).await
}

async fn whole(socket: &mut TcpStream, request: &Request, response: &Response) -> io::Result<bool> {
    send(socket, &response.bytes(&request.method, request.keep_alive)).await?;
    Ok(request.keep_alive)
}

async fn send(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    timeout(READING, socket.write_all(bytes)).await.map_err(|_late| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Waits until the client has hung up.
async fn gone(socket: &mut TcpStream) {
    while socket.read(&mut [0; 256]).await.is_ok_and(|read| read > 0) {}
}
