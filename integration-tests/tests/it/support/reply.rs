//! What a [`Server`](super::server::Server) answers, down to the byte.
use std::time::Duration;

/// One step of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends nothing for so long.
    Wait(Duration),
    /// Sends nothing any more, and keeps the connection open.
    Hang,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

/// An answer: a well-formed one, or any steps.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    before: Vec<Step>,
    head: String,
    body: Vec<u8>,
    raw: Option<Vec<Step>>,
}

impl Reply {
    /// An empty answer with this status.
    pub(crate) fn status(status: u16) -> Self {
        Self { before: Vec::new(), head: format!("HTTP/1.1 {status} Whatever\r\n"), body: Vec::new(), raw: None }
    }

    /// A page of HTML.
    pub(crate) fn html(body: &str) -> Self {
        Self::status(200).header("Content-Type", "text/html; charset=utf-8").body(body)
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("Location", location)
    }

    /// These steps and nothing else.
    pub(crate) fn raw(steps: impl Into<Vec<Step>>) -> Self {
        Self { raw: Some(steps.into()), ..Self::status(200) }
    }

    /// These bytes, and the end of the connection.
    pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::raw([Step::Send(bytes.as_ref().to_vec()), Step::Close])
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Waits before the first byte.
    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.before.push(Step::Wait(wait));
        self
    }

    /// The steps of this answer to a request with this method.
    pub(crate) fn steps(self, method: &str) -> Vec<Step> {
        if let Some(raw) = self.raw {
            return raw;
        }
        let mut bytes = self.head.into_bytes();
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        if method != "HEAD" {
            bytes.extend_from_slice(&self.body);
        }
        let mut steps = self.before;
        steps.push(Step::Send(bytes));
        steps
    }
}
