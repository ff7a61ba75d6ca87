//! From a configuration to a stream.

use std::fmt;
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, lookup_host};
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode, SslNegotiation};

use super::{BoxStream, PostgresError, Tls};

/// How to get to the server.
pub(super) struct Dialer {
    pub(super) config: Config,
    pub(super) tls: Option<Arc<dyn Tls>>,
}

/// One server, as exactly as it can be told.
#[derive(Clone, Debug)]
pub(super) enum Peer {
    Tcp {
        address: SocketAddr,
        /// Its name, for TLS.
        name: Option<String>,
    },
    #[cfg(unix)]
    Unix(PathBuf),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { address, name: Some(name) } => write!(f, "{name} ({address})"),
            Self::Tcp { address, name: None } => write!(f, "{address}"),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What asks a server whether it does TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

impl Dialer {
    /// The servers that the configuration names, in the order in which they are to be tried.
    pub(super) async fn peers(&self) -> Result<Vec<Peer>, PostgresError> {
        let (hosts, addresses, ports) = (self.config.get_hosts(), self.config.get_hostaddrs(), self.config.get_ports());
        let mut peers = Vec::new();
        for nth in 0..hosts.len().max(addresses.len()) {
            let port = ports.get(nth).or(ports.first()).copied().unwrap_or(5432);
            match (hosts.get(nth), addresses.get(nth)) {
                (host, Some(ip)) => {
                    let name = host.and_then(tcp_name);
                    peers.push(Peer::Tcp { address: (*ip, port).into(), name });
                }
                (Some(Host::Tcp(name)), None) => {
                    let failed = |source| PostgresError::Connect { address: format!("{name}:{port}"), source };
                    let found = lookup_host((name.as_str(), port)).await.map_err(failed)?;
                    peers.extend(found.map(|address| Peer::Tcp { address, name: Some(name.clone()) }));
                }
                #[cfg(unix)]
                (Some(Host::Unix(folder)), None) => peers.push(Peer::Unix(folder.join(format!(".s.PGSQL.{port}")))),
                (None, None) => {}
            }
        }
        if peers.is_empty() {
            return Err(PostgresError::NoHost);
        }
        if self.config.get_load_balance_hosts() == LoadBalanceHosts::Random {
            let first = rand::random::<u32>() as usize % peers.len();
            peers.rotate_left(first);
        }
        Ok(peers)
    }

    /// A stream to a server, a secure one if it is to be.
    pub(super) async fn dial(&self, peer: &Peer) -> Result<BoxStream, PostgresError> {
        let opened = match self.config.get_connect_timeout() {
            Some(limit) => timeout(*limit, self.open(peer)).await.unwrap_or_else(|elapsed| Err(elapsed.into())),
            None => self.open(peer).await,
        };
        let stream = opened.map_err(|source| PostgresError::Connect { address: peer.to_string(), source })?;
        match peer {
            Peer::Tcp { address, name } => {
                let host = name.clone().unwrap_or_else(|| address.ip().to_string());
                self.secure(stream, &host).await
            }
            #[cfg(unix)]
            Peer::Unix(_) => Ok(stream),
        }
    }

    async fn open(&self, peer: &Peer) -> io::Result<BoxStream> {
        match peer {
            Peer::Tcp { address, .. } => {
                let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
                socket.set_keepalive(self.config.get_keepalives())?;
                let stream = socket.connect(*address).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Peer::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        }
    }

    async fn secure(&self, mut stream: BoxStream, host: &str) -> Result<BoxStream, PostgresError> {
        let required = self.config.get_ssl_mode() == SslMode::Require;
        let wanted = self.config.get_ssl_mode() != SslMode::Disable;
        let Some(tls) = self.tls.as_ref().filter(|_| wanted) else {
            return if required { Err(PostgresError::NoTls("the manager")) } else { Ok(stream) };
        };
        let failed = |source| PostgresError::Handshake { host: host.to_owned(), source };
        if self.config.get_ssl_negotiation() != SslNegotiation::Direct {
            let mut answer = [0];
            stream.write_all(&SSL_REQUEST).await.map_err(failed)?;
            stream.read_exact(&mut answer).await.map_err(failed)?;
            if answer != *b"S" {
                return if required { Err(PostgresError::NoTls("the server")) } else { Ok(stream) };
            }
        }
        tls.handshake(stream, host).await.map_err(failed)
    }
}

fn tcp_name(host: &Host) -> Option<String> {
    match host {
        Host::Tcp(name) => Some(name.clone()),
        #[cfg(unix)]
        Host::Unix(_) => None,
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("config", &self.config).field("tls", &self.tls.is_some()).finish()
    }
}
