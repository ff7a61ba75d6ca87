//! Ends the program when a repetition hangs: a queue that lost a wake-up must not take the machine with it.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Longer than any repetition takes, processes included.
const LIMIT: Duration = Duration::from_secs(300);

/// Drop it when the work is done.
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    pub(crate) fn over(what: String) -> Self {
        let (alive, gone) = channel();
        thread::spawn(move || {
            if gone.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                println!("benches: {what} hangs: not finished in {LIMIT:?}");
                std::process::exit(3);
            }
        });
        Self { _alive: alive }
    }
}
