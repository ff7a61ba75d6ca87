use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use patterns_core::context::{Interrupt, interruptible};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, Client, Connection, Error, NoTls, Notification};

use super::dial::{Dialer, Peer};
use super::{BoxStream, PostgresError, PostgresManager};
use crate::connection_pool::ConnectionPool;
use crate::connection_pool::managers::linger::Linger;

/// From losing a connection to making another one; doubles with each that can't be made.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// After so long without a word the server is asked whether it is there: it may have silently vanished.
const SILENCE: Duration = Duration::from_secs(30);

impl PostgresManager {
    /// Listens to channels, on a connection of its own, which is made when somebody first asks for
    /// [what comes](Listener::next).
    ///
    /// Names are taken as they are: `Orders` is not `orders`. What is beyond their first 63 bytes is not seen by the
    /// server.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use actors::connection_pool::postgres::{Heard, PostgresManager};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let manager = PostgresManager::new("postgres://app:secret@localhost/shop")?;
    /// let mut listener = manager.listen(&["orders"]);
    /// loop {
    ///     match listener.next().await? {
    ///         // Also when it is connected again: something may have come in between.
    ///         Heard::Connected => println!("look at all orders"),
    ///         Heard::Notification(order) => println!("look at order {}", order.payload()),
    ///         Heard::Lost(error) => println!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn listen(&self, channels: &[&str]) -> Listener {
        let listen = |channel: &&str| format!("listen \"{}\"", channel.replace('"', "\"\""));
        let statements = channels.iter().map(listen).collect::<Vec<_>>().join("; ");
        let (dialer, limit) = (Arc::clone(&self.dialer), self.query_timeout);
        Listener { dialer, limit, statements, line: None, failures: 0, not_before: None }
    }
}

impl ConnectionPool<PostgresManager> {
    /// Listens to channels of the pool's server; see [`PostgresManager::listen`]. The connection is none of the
    /// pool's, and goes on without it.
    pub fn listen(&self, channels: &[&str]) -> Listener {
        self.manager().listen(channels)
    }
}

/// Hears what others notify of, for as long as it lives; made by [`PostgresManager::listen`].
///
/// A connection that is lost is replaced, with pauses between 100 ms and 10 s. What is notified of meanwhile is not
/// heard by anybody, so whoever listens has to look by himself at each [`Heard::Connected`]. A server that says
/// nothing is asked every 30 s whether it is there.
///
/// Dropped, it hangs up.
#[must_use = "a listener hears nothing until it is asked"]
pub struct Listener {
    dialer: Arc<Dialer>,
    /// How long the server may take to answer.
    limit: Duration,
    statements: String,
    line: Option<Line>,
    /// How many connections could not be made, one after the other.
    failures: u32,
    /// When the next one may be made.
    not_before: Option<Instant>,
}

/// What a [`Listener`] has to say.
#[derive(Debug)]
pub enum Heard {
    /// It listens, for the first time or again. Whatever was notified of before was not heard.
    Connected,
    /// Somebody has notified of something.
    Notification(Notification),
    /// It does not listen any more, or could not begin to; it tries again when it is asked for more.
    Lost(PostgresError),
}

impl Listener {
    /// Waits for what comes next, for as long as that takes.
    ///
    /// Nobody reads the connection while this is not awaited. What comes then is kept by the server, up to a limit,
    /// and not lost.
    ///
    /// # Errors
    ///
    /// - [`Interrupt::Cancelled`]: the ambient token was cancelled.
    /// - [`Interrupt::DeadlinePassed`]: the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing that was heard is lost. A connection that was just being made is made anew.
    pub async fn next(&mut self) -> Result<Heard, Interrupt> {
        interruptible(self.hear()).await
    }

    async fn hear(&mut self) -> Heard {
        let heard = match &mut self.line {
            Some(line) => line.hear(self.limit).await.map(Heard::Notification),
            None => {
                if let Some(not_before) = self.not_before {
                    sleep_until(not_before).await;
                }
                let connected = Line::connect(&self.dialer, &self.statements, self.limit).await;
                connected.map(|line| {
                    self.line = Some(line);
                    Heard::Connected
                })
            }
        };
        match heard {
            Ok(heard) => {
                (self.failures, self.not_before) = (0, None);
                heard
            }
            Err(error) => {
                self.line = None;
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10)).min(LONGEST_PAUSE);
                // Never the same for two that have lost the same server.
                self.not_before = Some(Instant::now() + pause.mul_f64(0.5 + rand::random::<f64>() / 2.0));
                self.failures = self.failures.saturating_add(1);
                Heard::Lost(error)
            }
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("statements", &self.statements)
            .field("connected", &self.line.is_some())
            .finish_non_exhaustive()
    }
}

/// A connection on which the server says what it is notified of.
struct Line {
    client: Client,
    connection: Connection<Linger<BoxStream>, NoTlsStream>,
    peer: Peer,
    /// What came while something else was waited for.
    heard: VecDeque<Notification>,
    /// When the server last said anything.
    alive_at: Instant,
}

impl Line {
    /// Connects to the first server that lets it listen.
    async fn connect(dialer: &Dialer, statements: &str, limit: Duration) -> Result<Self, PostgresError> {
        let mut last = PostgresError::NoHost;
        for peer in dialer.peers().await? {
            match timeout(limit, Self::open(dialer, &peer, statements, limit)).await {
                Ok(Ok(line)) => return Ok(line),
                Ok(Err(error)) => last = error,
                Err(_) => last = PostgresError::TimedOut(limit),
            }
        }
        Err(last)
    }

    async fn open(dialer: &Dialer, peer: &Peer, statements: &str, limit: Duration) -> Result<Self, PostgresError> {
        let stream = dialer.dial(peer).await?;
        let mut config = dialer.config.clone();
        // It is secure already if it is to be.
        config.ssl_mode(SslMode::Disable);
        let connected = config.connect_raw(Linger::new(stream), NoTls).await;
        let (client, connection) = connected.map_err(PostgresError::Failed)?;
        let (peer, heard) = (peer.clone(), VecDeque::new());
        let mut line = Self { client, connection, peer, heard, alive_at: Instant::now() };
        line.ask(statements, limit).await?;
        Ok(line)
    }

    async fn hear(&mut self, limit: Duration) -> Result<Notification, PostgresError> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(heard);
            }
            let said = poll_fn(|cx| self.connection.poll_message(cx));
            match timeout_at(self.alive_at + SILENCE, said).await {
                Ok(said) => {
                    self.alive_at = Instant::now();
                    self.heard.extend(note(said, &self.peer)?);
                }
                Err(_) => self.ask("", limit).await?,
            }
        }
    }

    /// Runs statements. What is heard meanwhile is kept, also if nobody waits for the answer any more.
    async fn ask(&mut self, statements: &str, limit: Duration) -> Result<(), PostgresError> {
        let mut answered = pin!(timeout(limit, self.client.batch_execute(statements)));
        loop {
            tokio::select! {
                biased;
                answer = &mut answered => {
                    self.alive_at = Instant::now();
                    return match answer {
                        Ok(answer) => answer.map_err(PostgresError::Failed),
                        Err(_) => Err(PostgresError::TimedOut(limit)),
                    };
                }
                said = poll_fn(|cx| self.connection.poll_message(cx)) => self.heard.extend(note(said, &self.peer)?),
            }
        }
    }
}

/// Takes note of what the server has said: maybe that somebody has notified of something. `None` is its last word.
fn note(said: Option<Result<AsyncMessage, Error>>, peer: &Peer) -> Result<Option<Notification>, PostgresError> {
    match said {
        Some(Ok(AsyncMessage::Notification(heard))) => Ok(Some(heard)),
        Some(Ok(AsyncMessage::Notice(notice))) => {
            tracing::debug!(severity = notice.severity(), "{}", notice.message());
            Ok(None)
        }
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(PostgresError::Failed(error)),
        None => {
            let source = io::Error::from(io::ErrorKind::UnexpectedEof);
            Err(PostgresError::Connect { address: peer.to_string(), source })
        }
    }
}
