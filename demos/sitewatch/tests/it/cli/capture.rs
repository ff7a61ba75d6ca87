use std::io::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use sitewatch::cli::{Console, Sink};

/// Keeps what is written to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).expect("only UTF-8 is written")
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A console that is no terminal, and what is written to it.
pub(super) fn console() -> (Console, Capture, Capture) {
    let (out, err) = (Capture::default(), Capture::default());
    let console = Console {
        stdout: Sink::new(out.clone()),
        stderr: Sink::new(err.clone()),
        color: false,
        bar: false,
        vars: Vec::new(),
    };
    (console, out, err)
}
