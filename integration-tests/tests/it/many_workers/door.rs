//! The way to a site, by which all that it is asked for is noted.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::ROBOTS;

/// Whoever wants something of the site comes through here. Closed when dropped.
pub(super) struct Door {
    address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    site: SocketAddr,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// How long each request is kept before it is handed on.
    delay: Duration,
    /// In the order of their arrival.
    requests: Vec<Request>,
    /// Each connection, by its number.
    guests: Vec<Guest>,
}

/// A request, as it arrived.
struct Request {
    path: String,
    at: Instant,
    /// The number of its connection.
    guest: usize,
}

struct Guest {
    from: IpAddr,
    /// When it hung up, or was gone.
    gone: Option<Instant>,
}

/// A request that somebody made another time.
#[derive(Debug)]
pub(super) struct Repeated {
    pub(super) path: String,
    pub(super) at: Instant,
    /// When who had made it was gone.
    pub(super) gone: Option<Instant>,
}

impl Door {
    /// Leads to a site, from a free port of this address.
    pub(super) async fn open(at: IpAddr, site: SocketAddr) -> Self {
        let listener = TcpListener::bind((at, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { site, book: Mutex::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(welcome(listener, Arc::clone(&shared)));
        Self { address, shared, _tasks: tasks }
    }

    /// What the site is called by those who come through here.
    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Forgets what the site was asked for so far, and has each answer take so much longer from now on.
    pub(super) fn begin(&self, delay: Duration) {
        let mut book = self.shared.book.lock();
        book.requests.clear();
        book.delay = delay;
    }

    /// How often the site was asked for anything.
    pub(super) fn requests(&self) -> usize {
        self.shared.book.lock().requests.len()
    }

    /// The most requests that there were within any such time.
    pub(super) fn most_within(&self, time: Duration) -> usize {
        let book = self.shared.book.lock();
        let (mut first, mut most) = (0, 0);
        for (last, request) in book.requests.iter().enumerate() {
            while request.at.duration_since(book.requests[first].at) >= time {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }

    /// What was asked for another time later, but for robots.txt.
    pub(super) fn repeated(&self) -> Vec<Repeated> {
        let book = self.shared.book.lock();
        let mut later = HashSet::new();
        let repeated = book.requests.iter().rev().filter(|request| !later.insert(&*request.path));
        let repeated = repeated.filter(|request| request.path != ROBOTS).map(|request| Repeated {
            path: request.path.clone(),
            at: request.at,
            gone: book.guests[request.guest].gone,
        });
        repeated.collect()
    }

    /// Whether anybody from another machine has asked for anything since then.
    pub(super) fn was_asked_from_afar(&self, since: Instant) -> bool {
        let book = self.shared.book.lock();
        let mut lately = book.requests.iter().rev().take_while(|request| request.at >= since);
        lately.any(|request| book.guests[request.guest].from != self.address.ip())
    }
}

async fn welcome(listener: TcpListener, shared: Arc<Shared>) {
    let mut guests = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((guest, from)) = accepted else { return };
                let number = {
                    let mut book = shared.book.lock();
                    book.guests.push(Guest { from: from.ip(), gone: None });
                    book.guests.len() - 1
                };
                guests.spawn(attend(guest, number, Arc::clone(&shared)));
            }
            Some(_) = guests.join_next() => {}
        }
    }
}

/// Hands on what a guest wants and what he gets, until one of the two hangs up. What they do to their connections is
/// their own business.
async fn attend(guest: TcpStream, number: usize, shared: Arc<Shared>) {
    let Ok(site) = TcpStream::connect(shared.site).await else { return };
    // A request and its answer are a few small writes each.
    let _ = (guest.set_nodelay(true), site.set_nodelay(true));
    let (mut wishes, mut gets) = guest.into_split();
    let (mut answers, mut asked) = site.into_split();
    let forth = async {
        let _ = hand_on(&mut wishes, &mut asked, number, &shared).await;
        shared.book.lock().guests[number].gone = Some(Instant::now());
        let _ = asked.shutdown().await;
    };
    let back = async {
        let _ = copy(&mut answers, &mut gets).await;
        let _ = gets.shutdown().await;
    };
    tokio::join!(forth, back);
}

/// Notes each request, and hands it on: none of them has a body.
async fn hand_on(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, guest: usize, shared: &Shared) -> io::Result<()> {
    let mut pending = Vec::<u8>::new();
    loop {
        let end = loop {
            if let Some(at) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if from.read_buf(&mut pending).await? == 0 {
                return Ok(());
            }
        };
        let delay = {
            let mut book = shared.book.lock();
            let first = pending.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
            let path = String::from_utf8_lossy(first).into_owned();
            book.requests.push(Request { path, at: Instant::now(), guest });
            book.delay
        };
        if !delay.is_zero() {
            sleep(delay).await;
        }
        to.write_all(&pending[..end]).await?;
        pending.drain(..end);
    }
}
