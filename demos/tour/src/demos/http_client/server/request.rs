//! What a client has sent.
use std::collections::HashMap;
use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// A request as it arrived.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// By name in lower case.
    headers: HashMap<String, String>,
    /// The byte from which on it wants the answer.
    pub(super) from: usize,
    pub(super) body: String,
}

impl Request {
    /// The next one; `None` where the client has hung up.
    pub(super) async fn read(
        reader: &mut (impl AsyncBufRead + Unpin),
    ) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let method = words.next().unwrap_or_default();
        let path = words.next().unwrap_or_default();
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await?;
            // An empty line ends them.
            let Some((name, value)) = line.split_once(':') else { break };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let number = |name: &str, before: &str| {
            let value = headers.get(name)?.strip_prefix(before)?;
            value.trim_end_matches('-').parse::<usize>().ok()
        };
        let from = number("range", "bytes=").unwrap_or_default();
        let length = number("content-length", "").unwrap_or_default();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Some(Self { method, path, headers, from, body }))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}
