use patterns_core::cancel::CancelToken;

/// Stops a [`WebServer`](super::WebServer) from elsewhere. Clones are the same.
#[derive(Clone, Debug)]
pub struct WebHandle {
    stop: CancelToken,
}

impl WebHandle {
    pub(super) fn new(stop: CancelToken) -> Self {
        Self { stop }
    }

    /// Asks the server to end: it takes no more requests, and answers those that it has taken.
    /// [`run`](super::WebServer::run) returns when that is done.
    pub fn stop(&self) {
        self.stop.cancel("the page is closed");
    }
}
