//! Whether servers acknowledge only what is on their disks: JetStream's default is to sync every two minutes, and a
//! power loss takes what was acknowledged since. Only `sync_interval: always` keeps the promise of this module.

use patterns_core::outcome::BoxError;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::DriverError;
use super::link::{Link, PATIENCE};

/// How many bytes an answer of a monitor has at most.
const ANSWER: u64 = 4 << 20;

/// What a server's monitor says of it.
#[derive(Debug, Deserialize)]
struct Server {
    server_name: String,
    #[serde(default)]
    jetstream: Option<JetStream>,
}

#[derive(Debug, Deserialize)]
struct JetStream {
    #[serde(default)]
    config: Option<Config>,
}

#[derive(Debug, Deserialize)]
struct Config {
    /// It is left out where it is not so.
    #[serde(default)]
    sync_always: bool,
}

/// Refuses where a server that has one of the streams does not sync before it acknowledges, or does not say so.
pub(super) async fn check(link: &Link, monitors: &[String]) -> Result<(), DriverError> {
    let mut always = Vec::new();
    for monitor in monitors {
        let server = look(monitor).await?;
        if !server.jetstream.and_then(|jetstream| jetstream.config).is_some_and(|config| config.sync_always) {
            let name = server.server_name;
            return Err(DriverError::Unsynced(format!("server {name:?} does not sync before it acknowledges")));
        }
        always.push(server.server_name);
    }
    // A cluster may have put them on different servers.
    for stream in [&link.names.log_stream, &link.names.kept_stream] {
        let servers = servers(link, stream).await?;
        if let Some(server) = servers.iter().find(|server| !always.contains(server)) {
            let what = format!("it is not known whether server {server:?} syncs before it acknowledges");
            return Err(DriverError::Unsynced(what));
        }
    }
    Ok(())
}

/// Which servers have a stream.
async fn servers(link: &Link, stream: &str) -> Result<Vec<String>, DriverError> {
    let Some(cluster) = link.info_of(stream).await?.cluster else {
        return Ok(vec![link.client.server_info().server_name]);
    };
    let leader = cluster.leader.ok_or_else(|| DriverError::new(format!("stream {stream:?} has no leader")))?;
    let mut servers = vec![leader];
    servers.extend(cluster.replicas.into_iter().map(|peer| peer.name));
    Ok(servers)
}

async fn look(monitor: &str) -> Result<Server, DriverError> {
    let asked = async { Ok::<Server, BoxError>(serde_json::from_str(&get(monitor).await?)?) };
    let answer = timeout(PATIENCE, asked).await.map_err(|_| DriverError::TimedOut(PATIENCE))?;
    answer.map_err(|error| DriverError::new(format!("monitor {monitor:?}: {error}")))
}

/// The body of `/varz`. A client of HTTP would be a great thing to have for one question of one kind to one server that
/// is known; by 1.0 the answer is all that comes until it closes.
async fn get(monitor: &str) -> Result<String, BoxError> {
    let expected = "expected an address as `http://127.0.0.1:8222`";
    let host = monitor.strip_prefix("http://").ok_or(expected)?.trim_end_matches('/');
    if host.is_empty() || host.contains(['/', ' ', '\r', '\n']) {
        return Err(expected.into());
    }
    let mut stream = TcpStream::connect(host).await?;
    let question = format!("GET /varz HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer).await?;
    let answer = String::from_utf8(answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("its answer has no end of the head")?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) == Some("200") {
        Ok(body.to_owned())
    } else {
        Err(format!("it answered {status:?}, expected status 200").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_says_nothing_of_it_does_not_sync() {
        let synced = |text: &str| {
            let server: Server = serde_json::from_str(text).unwrap();
            server.jetstream.and_then(|jetstream| jetstream.config).is_some_and(|config| config.sync_always)
        };
        assert!(synced(r#"{"server_name":"a","jetstream":{"config":{"sync_interval":120,"sync_always":true}}}"#));
        assert!(!synced(r#"{"server_name":"a","jetstream":{"config":{"sync_interval":1}}}"#));
        assert!(!synced(r#"{"server_name":"a","jetstream":{}}"#) && !synced(r#"{"server_name":"a"}"#));
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_refused() {
        for odd in ["127.0.0.1:8222", "https://127.0.0.1:8222", "http://", "http://a b", "http://a/b"] {
            let error = look(odd).await.unwrap_err().to_string();
            assert!(error.contains("expected an address"), "{error}");
        }
    }
}
