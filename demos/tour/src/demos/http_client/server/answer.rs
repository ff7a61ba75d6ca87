//! What the server sends.
use super::request::Request;
use super::{WHOLE, export};

/// What a client gets.
pub(super) enum Answer {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, which are not all, and the end of the connection.
    Cut(Vec<u8>),
    /// None, for as long as the client waits.
    Never,
}

impl Answer {
    pub(super) fn new(status: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}");
        Self::Bytes(format!("{head}\r\n\r\n{body}").into_bytes())
    }

    /// The file in this version, from the byte on that was asked for; it is cut
    /// after so many bytes.
    pub(super) fn export(
        request: &Request,
        version: usize,
        cut: usize,
    ) -> Self {
        let (file, tag) = (export(version), format!("\"v{version}\""));
        // The part of another version would be of no use.
        let is_known = request.header("if-range") == Some(&*tag);
        let from = if is_known { request.from.min(WHOLE) } else { 0 };
        let rest = &file[from..];
        let (status, range) = if from > 0 {
            let range = format!("{from}-{}/{WHOLE}", WHOLE - 1);
            ("206 Partial Content", format!("content-range: bytes {range}\r\n"))
        } else {
            ("200 OK", String::new())
        };
        let length = format!("content-length: {}\r\n", rest.len());
        let head = format!("HTTP/1.1 {status}\r\netag: {tag}\r\n{range}");
        let mut bytes = format!("{head}{length}\r\n").into_bytes();
        bytes.extend_from_slice(&rest[..cut.min(rest.len())]);
        if cut < rest.len() { Self::Cut(bytes) } else { Self::Bytes(bytes) }
    }
}
