use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::HttpServer;
use actix_web::dev::Server;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpSocket;

use super::{BindError, Web, WebHandle, WebSettings};
use crate::service::Watch;

/// The shortest token, in characters.
const SHORTEST: usize = 16;

/// How many connections there may be at once: more wait.
const CONNECTIONS: usize = 512;

/// How long a stop waits for answers that are being given, in seconds.
const GRACE: u64 = 5;

/// How many connections wait to be taken, at each address.
const BACKLOG: u32 = 1_024;

/// Addresses that are ours already, and that don't answer yet: whoever connects is refused, as before. From
/// [`WebServer::reserve`].
///
/// Dropped, they are free again.
#[derive(Debug)]
pub struct Reserved {
    settings: WebSettings,
    sockets: Vec<TcpSocket>,
}

impl Reserved {
    /// Takes connections from now on; they are answered once the server is [run](WebServer::run).
    ///
    /// # Errors
    ///
    /// [`BindError::Address`]: another program that had reserved an address too was faster.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn open(self, watch: Arc<dyn Watch>) -> Result<WebServer, BindError> {
        let Self { settings, sockets } = self;
        let listeners = settings.listen.iter().zip(sockets).map(|(&address, socket)| {
            let listener = socket.listen(BACKLOG).and_then(tokio::net::TcpListener::into_std);
            listener.map_err(|source| BindError::Address { address, source })
        });
        let listeners = listeners.collect::<Result<_, _>>()?;
        Ok(WebServer { web: Web::new(&settings, watch), listeners, addresses: settings.listen })
    }
}

/// Serves the page and the API: bound first, so that whoever starts it knows its addresses, and then run.
///
/// It answers in one thread of its own, which is idle while nobody asks, and handles no signals.
///
/// # Examples
///
/// ```no_run
/// use std::sync::Arc;
///
/// use sitewatch::service::Watch;
/// use sitewatch::web::{WebServer, WebSettings};
///
/// async fn serve(settings: WebSettings, watch: Arc<dyn Watch>) -> Result<(), Box<dyn std::error::Error>> {
///     let server = WebServer::bind(settings, watch).await?;
///     let handle = server.handle();
///     tokio::spawn(async move {
///         let _ = tokio::signal::ctrl_c().await;
///         handle.stop();
///     });
///     server.run().await?;
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct WebServer {
    web: Web,
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl WebServer {
    /// Takes the addresses of the settings, and connections there.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the addresses are free again.
    pub async fn bind(settings: WebSettings, watch: Arc<dyn Watch>) -> Result<Self, BindError> {
        Self::reserve(settings)?.open(watch)
    }

    /// Takes the addresses of the settings, before there is anything to show: so whoever can't have them has not begun
    /// anything yet.
    ///
    /// # Errors
    ///
    /// - [`BindError::NoAddress`]: the settings have none.
    /// - [`BindError::ShortToken`]: the token has fewer than 16 characters, or none.
    /// - [`BindError::Address`]: an address is in use, isn't this machine's, or needs a right that we haven't.
    pub fn reserve(mut settings: WebSettings) -> Result<Reserved, BindError> {
        if settings.listen.is_empty() {
            return Err(BindError::NoAddress);
        }
        let length = settings.token.chars().count();
        if length < SHORTEST {
            return Err(BindError::ShortToken { length, shortest: SHORTEST });
        }
        let mut sockets = Vec::new();
        for address in &mut settings.listen {
            let failed = |source| BindError::Address { address: *address, source };
            let socket = socket(*address).map_err(failed)?;
            let given = socket.local_addr().map_err(failed)?;
            *address = given;
            sockets.push(socket);
        }
        Ok(Reserved { settings, sockets })
    }

    /// Shows at `/metrics` what this recorder has taken, besides what is known without one.
    #[must_use]
    pub fn metrics(mut self, handle: PrometheusHandle) -> Self {
        self.web = self.web.metrics(handle);
        self
    }

    /// Where it listens, with the ports that it was given.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What stops it.
    #[must_use]
    pub fn handle(&self) -> WebHandle {
        WebHandle::new(self.web.stop().clone())
    }

    /// Serves until [`WebHandle::stop`] is called, and then until what was asked for is answered: five seconds at most.
    ///
    /// # Errors
    ///
    /// If the system gives it no thread or no poller.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped, it frees its addresses and breaks its connections off.
    pub async fn run(self) -> io::Result<()> {
        let Self { web, listeners, .. } = self;
        let stop = web.stop().clone();
        let mut server = server(web, listeners)?;
        let handle = server.handle();
        // Whoever listens to events is let go however this ends.
        let _ended = stop.clone().drop_guard();
        tokio::select! {
            ended = &mut server => ended,
            _ = stop.cancelled() => tokio::join!(handle.stop(true), server).1,
        }
    }
}

/// Bound, and not listening.
fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Where it means something else, two programs would have one address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn server(web: Web, listeners: Vec<TcpListener>) -> io::Result<Server> {
    let mut server = HttpServer::new(move || web.app())
        .workers(1)
        .max_connections(CONNECTIONS)
        .shutdown_timeout(GRACE)
        .disable_signals();
    for listener in listeners {
        server = server.listen(listener)?;
    }
    Ok(server.run())
}
