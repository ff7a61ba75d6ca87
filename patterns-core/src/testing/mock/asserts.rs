use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::{AsyncMock, MockStatus};
use crate::context::{Interrupt, interruptible};

/// What it saw.
impl<Args, Out> AsyncMock<Args, Out> {
    /// How often it was called and what became of the calls, in one consistent snapshot.
    #[must_use]
    pub fn status(&self) -> MockStatus {
        self.shared.state.lock().status
    }

    /// How many calls have begun.
    #[must_use]
    pub fn call_count(&self) -> usize {
        self.status().called
    }

    /// How many calls have begun and not ended.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.status().in_flight
    }

    /// How many calls were dropped before they returned.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        self.status().cancelled
    }

    /// The arguments of every call, in the order in which they began.
    #[must_use]
    pub fn calls(&self) -> Vec<Args>
    where
        Args: Clone,
    {
        self.log().iter().map(|args| Args::clone(args)).collect()
    }

    /// When each call began.
    #[must_use]
    pub fn times(&self) -> Vec<Instant> {
        self.shared.state.lock().log.iter().map(|call| call.at).collect()
    }

    /// Waits until so many calls have begun, in all.
    ///
    /// # Errors
    ///
    /// [`Interrupt`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn called(&self, times: usize) -> Result<(), Interrupt> {
        interruptible(async {
            loop {
                let mut more = pin!(self.shared.more.notified());
                // Registered before the check: a call in between is not missed.
                more.as_mut().enable();
                if self.call_count() >= times {
                    return;
                }
                more.await;
            }
        })
        .await
    }

    fn log(&self) -> Vec<Arc<Args>> {
        self.shared.state.lock().log.iter().map(|call| Arc::clone(&call.args)).collect()
    }
}

/// What it should have seen. A failed assertion panics at the place of the caller.
impl<Args, Out> AsyncMock<Args, Out> {
    /// Asserts that it was called so many times.
    ///
    /// # Panics
    ///
    /// Where it was not.
    #[track_caller]
    pub fn assert_called_times(&self, times: usize) {
        let called = self.call_count();
        assert!(called == times, "mock `{}` was called {}, not {}", self.shared.name, count(called), count(times));
    }

    /// Asserts that it was called exactly once.
    ///
    /// # Panics
    ///
    /// Where it was not.
    #[track_caller]
    pub fn assert_called_once(&self) {
        self.assert_called_times(1);
    }

    /// Asserts that it was never called.
    ///
    /// # Panics
    ///
    /// Where it was.
    #[track_caller]
    pub fn assert_not_called(&self) {
        self.assert_called_times(0);
    }

    /// Asserts that its last call had these arguments.
    ///
    /// # Panics
    ///
    /// Where it had others, or there was no call.
    #[track_caller]
    pub fn assert_called_with(&self, args: &Args)
    where
        Args: PartialEq + Debug,
    {
        let name = &self.shared.name;
        match self.log().last() {
            Some(last) => assert!(**last == *args, "the last call of mock `{name}` was with {last:?}, not {args:?}"),
            None => panic!("mock `{name}` was not called, and should have been with {args:?}"),
        }
    }

    /// Asserts that it was called exactly once, and with these arguments.
    ///
    /// # Panics
    ///
    /// Where it was not.
    #[track_caller]
    pub fn assert_called_once_with(&self, args: &Args)
    where
        Args: PartialEq + Debug,
    {
        self.assert_called_once();
        self.assert_called_with(args);
    }

    /// Asserts that at least one call had these arguments.
    ///
    /// # Panics
    ///
    /// Where none had.
    #[track_caller]
    pub fn assert_any_call(&self, args: &Args)
    where
        Args: PartialEq + Debug,
    {
        let log = self.log();
        let found = log.iter().any(|call| **call == *args);
        assert!(found, "no call of mock `{}` was with {args:?}, but with {log:?}", self.shared.name);
    }

    /// Asserts that the script is used up, and that no call was unexpected, even if its panic was swallowed by a task
    /// that nobody joined.
    ///
    /// # Panics
    ///
    /// Where a reply is left, or a call got none.
    #[track_caller]
    pub fn assert_script_done(&self) {
        let (left, scripted, unexpected) = {
            let state = self.shared.state.lock();
            (state.script.len(), state.scripted, state.status.unexpected)
        };
        let name = &self.shared.name;
        assert!(left == 0, "mock `{name}` was not asked for {left} of its {scripted} replies");
        assert!(unexpected == 0, "mock `{name}` was called {} without a reply for it", count(unexpected));
    }
}

fn count(times: usize) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}
