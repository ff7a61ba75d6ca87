use std::fmt;
use std::io;

use futures_util::Stream;

/// A signal that asks a program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// SIGINT: Ctrl-C in a terminal.
    Interrupt,
    /// SIGTERM: what service managers and `kill` send.
    Terminate,
}

impl Signal {
    /// What a shell reports of a program that this signal ended: 128 and the signal's number, so 130 or 143.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// Those that this process gets.
#[cfg(unix)]
pub(super) fn of_process() -> io::Result<impl Stream<Item = Signal> + Send + 'static> {
    use std::task::Poll;

    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(futures_util::stream::poll_fn(move |cx| {
        if interrupt.poll_recv(cx).is_ready() {
            return Poll::Ready(Some(Signal::Interrupt));
        }
        terminate.poll_recv(cx).map(|_| Some(Signal::Terminate))
    }))
}

/// Ctrl-C, where there are no signals.
#[cfg(not(unix))]
pub(super) fn of_process() -> io::Result<impl Stream<Item = Signal> + Send + 'static> {
    Ok(futures_util::stream::unfold((), |()| async {
        tokio::signal::ctrl_c().await.ok()?;
        Some((Signal::Interrupt, ()))
    }))
}
