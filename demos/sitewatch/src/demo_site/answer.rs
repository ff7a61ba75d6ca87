use std::time::Duration;

use bytes::Bytes;

/// What a client gets.
#[derive(Debug)]
pub(super) enum Answer {
    /// A whole answer.
    Whole(Response),
    /// The same, after so long.
    After(Duration, Response),
    /// These bytes as they are, and the end of the connection.
    Raw(&'static [u8]),
    /// Nothing, for as long as the client waits.
    Silent,
    /// A connection that is reset.
    Reset,
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Whole(response)
    }
}

/// An answer that is valid HTTP.
#[derive(Debug)]
pub(super) struct Response {
    status: u16,
    headers: String,
    body: Bytes,
}

impl Response {
    pub(super) fn new(status: u16, media_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = format!("content-type: {media_type}\r\n");
        Self { status, headers, body: body.into() }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: String::new(), body: Bytes::new() }
    }

    pub(super) fn html(body: String) -> Self {
        Self::new(200, "text/html; charset=utf-8", body)
    }

    pub(super) fn redirect(status: u16, to: &str) -> Self {
        Self::empty(status).header("location", to)
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// How it goes over the wire, as the answer to this method.
    pub(super) fn bytes(&self, method: &str, keep_alive: bool) -> Vec<u8> {
        let phrase = reqwest::StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let mut head = format!("HTTP/1.1 {} {}\r\n{}", self.status, phrase.unwrap_or_default(), self.headers);
        // Those two never have a body, and a length would be that of another answer.
        if !matches!(self.status, 204 | 304) {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        if !keep_alive {
            head += "connection: close\r\n";
        }
        head += "\r\n";
        let mut bytes = head.into_bytes();
        if method != "HEAD" {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}
