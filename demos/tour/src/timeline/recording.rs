use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What a [`Timeline`](super::Timeline) has recorded so far.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// In the order in which they began.
    pub bars: Vec<Bar>,
    /// In the order in which they were first named.
    pub curves: Vec<Curve>,
    /// How long it took.
    pub length: Duration,
}

/// Somebody does one thing for a while.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Who.
    pub lane: Cow<'static, str>,
    /// What kind of thing.
    pub doing: Doing,
    /// What is done, or what for.
    pub what: String,
    /// When it began.
    pub from: Duration,
    /// When it ended, if it has.
    pub to: Option<Duration>,
    /// How it ended.
    pub end: End,
}

impl Bar {
    /// Whether somebody waits.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.doing == Doing::Waits
    }
}

/// What a bar shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Work.
    Works,
    /// Waiting.
    Waits,
    /// Cleaning up.
    CleansUp,
}

impl Doing {
    /// The word for it.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Waits => "waits",
            Self::CleansUp => "cleans up",
        }
    }
}

/// How a bar ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// As it should, or not yet.
    Done,
    /// Cancelled, with the reason.
    Cancelled(String),
    /// With an error or a panic.
    Failed(String),
}

/// How many of something there were.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Of what.
    pub name: Cow<'static, str>,
    /// In the order in which they were recorded.
    pub levels: Vec<Level>,
    /// Where it must not go beyond.
    pub bound: Option<usize>,
    /// What the levels from zero on are called; empty where they are numbers.
    pub names: Vec<&'static str>,
}

/// There are so many of something from now on.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// Since when.
    pub at: Duration,
    /// How many.
    pub value: usize,
}

impl Recording {
    /// What is going on in this lane.
    pub(super) fn open(&mut self, lane: &str) -> Option<&mut Bar> {
        self.bars
            .iter_mut()
            .rev()
            .find(|bar| bar.lane == lane)
            .filter(|bar| bar.to.is_none())
    }

    pub(super) fn curve(&mut self, name: Cow<'static, str>) -> &mut Curve {
        let known = self.curves.iter().position(|curve| curve.name == name);
        let at = known.unwrap_or_else(|| {
            self.curves.push(Curve {
                name,
                levels: Vec::new(),
                bound: None,
                names: Vec::new(),
            });
            self.curves.len() - 1
        });
        &mut self.curves[at]
    }
}

/// A line per bar.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .bars
            .iter()
            .map(|bar| bar.lane.chars().count())
            .max()
            .unwrap_or_default();
        for Bar { lane, doing, what, from, to, end } in &self.bars {
            let long = to.map_or("for ever".to_owned(), |to| {
                format!("{} ms", (to - *from).as_millis())
            });
            let end = match end {
                End::Done => String::new(),
                End::Cancelled(why) => format!(" (cancelled: {why})"),
                End::Failed(why) => format!(" (failed: {why})"),
            };
            writeln!(
                f,
                "{:>5} ms  {lane:<width$}  {} {long}: {what}{end}",
                from.as_millis(),
                doing.verb()
            )?;
        }
        Ok(())
    }
}
