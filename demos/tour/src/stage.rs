use std::fmt::Display;
use std::io::{self, Write as _};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use patterns_core::circuit_breaker::{Change, State};
use tokio::time::Instant;

use crate::timeline::Timeline;

/// Where a demo is played: what it says is printed with the time since the start, and what it does is recorded on the
/// [`Timeline`] that this also is.
#[derive(Clone, Debug)]
pub struct Stage {
    timeline: Timeline,
    is_virtual: bool,
    seed: u64,
    /// Whether a scene has begun.
    begun: Arc<AtomicBool>,
}

/// On virtual time every run draws the same.
const SEED: u64 = 2_003;

impl Stage {
    /// One whose time begins now.
    #[must_use]
    pub fn new(is_virtual: bool) -> Self {
        let seed = if is_virtual { SEED } else { rand::random() };
        Self {
            timeline: Timeline::new(),
            is_virtual,
            seed,
            begun: Arc::default(),
        }
    }

    /// Says a line, or several, with the time since the start.
    pub fn say(&self, line: impl Display) {
        let at = format!("{:>7} ms", self.elapsed().as_millis());
        let mut text = String::new();
        for (n, line) in line.to_string().lines().enumerate() {
            let at = if n == 0 { &*at } else { "          " };
            text.push_str(format!("{at}  {line}").trim_end());
            text.push('\n');
        }
        // Whoever reads only the first lines closes the pipe; that is no error.
        let _ = io::stdout().write_all(text.as_bytes());
    }

    /// Begins a new scene.
    pub fn scene(&self, title: impl Display) {
        let gap = if self.begun.swap(true, Relaxed) { "\n" } else { "" };
        let _ =
            io::stdout().write_all(format!("{gap}--- {title}\n").as_bytes());
    }

    /// Whether time is virtual.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.is_virtual
    }

    /// What to draw random numbers from: always the same on virtual time.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What a circuit breaker tells of its changes, said and drawn as the curve "breaker".
    pub fn breaker(&self) -> impl Fn(&Change) + Send + Sync + use<> {
        self.names("breaker", &["closed", "half open", "open"]);
        self.level("breaker", 0);
        let stage = self.clone();
        move |Change { from, to, cause, .. }: &Change| {
            stage.say(format_args!(
                "the breaker: {from:?} -> {to:?}, as {cause}"
            ));
            let level = match to {
                State::Closed => 0,
                State::HalfOpen => 1,
                _ => 2,
            };
            stage.level("breaker", level);
        }
    }

    /// Asserts that so much time has passed since `start`: on virtual time exactly, else at least.
    ///
    /// # Panics
    ///
    /// If it has not.
    #[track_caller]
    pub fn assert_took(&self, start: Instant, time: Duration) {
        let took = start.elapsed();
        assert!(took >= time, "it took {took:?}, and not {time:?}");
        assert!(
            !self.is_virtual || took < time + Duration::from_millis(1),
            "it took {took:?}, and not {time:?}"
        );
    }
}

impl Deref for Stage {
    type Target = Timeline;

    fn deref(&self) -> &Timeline {
        &self.timeline
    }
}
