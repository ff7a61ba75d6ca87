//! A stream that reads along what the server says of the transaction.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the server last said of the transaction: with each `ReadyForQuery`, as the [protocol] has it.
///
/// [protocol]: https://www.postgresql.org/docs/current/protocol-message-formats.html
#[derive(Debug, Default)]
pub(super) struct Status(AtomicU8);

impl Status {
    /// Whether no transaction is open.
    pub(super) fn is_idle(&self) -> bool {
        self.0.load(SeqCst) == b'I'
    }

    /// Whether one is open that can only be rolled back.
    pub(super) fn is_failed(&self) -> bool {
        self.0.load(SeqCst) == b'E'
    }
}

pub(super) struct Wire<S> {
    stream: S,
    scan: Scan,
    status: Arc<Status>,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, status: Arc<Status>) -> Self {
        Self { stream, scan: Scan::default(), status }
    }
}

/// Where in the server's messages we are. Each has a letter, and four bytes that say how long they and the rest are.
#[derive(Default)]
struct Scan {
    header: [u8; 5],
    have: usize,
    /// What is left of the message's body.
    left: usize,
}

impl Scan {
    fn feed(&mut self, mut bytes: &[u8], status: &Status) {
        while let Some((&first, rest)) = bytes.split_first() {
            if self.left > 0 {
                if self.header[0] == b'Z' {
                    status.0.store(first, SeqCst);
                }
                let skipped = self.left.min(bytes.len());
                self.left -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            self.header[self.have] = first;
            self.have += 1;
            bytes = rest;
            if self.have == self.header.len() {
                let [_, length @ ..] = self.header;
                self.left = (u32::from_be_bytes(length) as usize).saturating_sub(length.len());
                self.have = 0;
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let this = &mut *self;
        this.scan.feed(&buf.filled()[before..], &this.status);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Authentication is fine; some rows; ready, in a failed transaction.
    const SAID: &[u8] = b"R\0\0\0\x08\0\0\0\0D\0\0\0\x0bZ\0\0\0\x05IZZ\0\0\0\x05E";

    #[test]
    fn the_status_is_found_however_the_bytes_are_cut() {
        for cut in 0..=SAID.len() {
            let (status, mut scan) = (Status::default(), Scan::default());
            let (one, other) = SAID.split_at(cut);
            scan.feed(one, &status);
            assert!(!status.is_idle(), "what is in a row is no status");
            scan.feed(other, &status);
            assert!(status.is_failed());
        }
    }
}
