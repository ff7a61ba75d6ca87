use std::io;
use std::time::SystemTime;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The longest request line and headers, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;

/// The longest body, in bytes. None is looked into.
const LONGEST_BODY: usize = 64 * 1024;

/// A request, without what nobody here asks about.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query, as they came.
    pub(super) path: String,
    /// Whether the client has another request, maybe.
    pub(super) keep_alive: bool,
    if_none_match: Option<String>,
    if_modified_since: Option<String>,
}

/// What came over a connection.
#[derive(Debug)]
pub(super) enum Received {
    /// A request.
    Request(Request),
    /// Something that is answered with this status, and the end of the connection.
    Refused(u16),
    /// Nothing more.
    End,
}

impl Request {
    /// Reads the next one, its body included. What comes after it stays in `pending`.
    pub(super) async fn read(socket: &mut TcpStream, pending: &mut Vec<u8>) -> io::Result<Received> {
        let end = loop {
            if let Some(at) = pending.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if pending.len() > LONGEST_HEAD {
                return Ok(Received::Refused(431));
            }
            if socket.read_buf(pending).await? == 0 {
                return Ok(Received::End);
            }
        };
        let parsed = Self::parse(&String::from_utf8_lossy(&pending[..end]));
        pending.drain(..end);
        let (request, length) = match parsed {
            Ok(parsed) => parsed,
            Err(status) => return Ok(Received::Refused(status)),
        };
        while pending.len() < length {
            if socket.read_buf(pending).await? == 0 {
                return Ok(Received::End);
            }
        }
        pending.drain(..length);
        Ok(Received::Request(request))
    }

    /// The request that this is the head of, and how long its body is; or the status to refuse it with.
    fn parse(head: &str) -> Result<(Self, usize), u16> {
        let mut lines = head.lines();
        let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [method, path, version @ ("HTTP/1.1" | "HTTP/1.0")] = words[..] else { return Err(400) };
        if !path.starts_with('/') {
            return Err(400);
        }
        let mut request = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            keep_alive: version == "HTTP/1.1",
            if_none_match: None,
            if_modified_since: None,
        };
        let mut length = 0;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "connection" if value.eq_ignore_ascii_case("close") => request.keep_alive = false,
                "connection" if value.eq_ignore_ascii_case("keep-alive") => request.keep_alive = true,
                "content-length" => length = value.parse::<usize>().map_err(|_| 400_u16)?,
                "transfer-encoding" => return Err(411),
                "if-none-match" => request.if_none_match = Some(value.to_owned()),
                "if-modified-since" => request.if_modified_since = Some(value.to_owned()),
                _ => {}
            }
        }
        if length > LONGEST_BODY { Err(413) } else { Ok((request, length)) }
    }

    /// Whether it wants a page only if it is another than the one that it knows.
    pub(super) fn is_conditional(&self) -> bool {
        self.if_none_match.is_some() || self.if_modified_since.is_some()
    }

    /// Whether it knows the page of this tag and date. The tag counts, where it names any: RFC 9110, 13.2.2.
    pub(super) fn knows(&self, etag: &str, modified: SystemTime) -> bool {
        if let Some(known) = &self.if_none_match {
            let mut tags = known.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
            return tags.any(|tag| tag == etag || tag == "*");
        }
        let since = self.if_modified_since.as_deref().and_then(|since| httpdate::parse_http_date(since).ok());
        since.is_some_and(|since| modified <= since)
    }
}
