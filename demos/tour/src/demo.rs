use std::fmt;
use std::pin::Pin;

use patterns_core::outcome::BoxError;

use crate::Stage;

/// A part that is being played.
pub type Playing = Pin<Box<dyn Future<Output = Result<(), BoxError>>>>;

/// Plays a part of a demo.
pub type Part = fn(Stage) -> Playing;

/// A narrated program that shows a pattern.
#[derive(Clone, Copy)]
pub struct Demo {
    /// The word that names the pattern, its module, its tests, its chapter and this.
    pub word: &'static str,
    /// What it shows, in a sentence.
    pub shows: &'static str,
    /// Plays it.
    pub play: Part,
    /// Plays a first attempt that misbehaves, where there is one.
    pub broken: Option<Part>,
    /// Whether it makes sense on virtual time only.
    pub always_virtual: bool,
    /// Whether it deals with Ctrl-C itself.
    pub own_signals: bool,
}

impl Demo {
    /// A demo without a first attempt.
    #[must_use]
    pub const fn new(
        word: &'static str,
        shows: &'static str,
        play: Part,
    ) -> Self {
        Self {
            word,
            shows,
            play,
            broken: None,
            always_virtual: false,
            own_signals: false,
        }
    }

    /// With a first attempt that misbehaves.
    #[must_use]
    pub const fn with_broken(self, broken: Part) -> Self {
        Self { broken: Some(broken), ..self }
    }

    /// On virtual time, whatever the command line says.
    #[must_use]
    pub const fn always_virtual(self) -> Self {
        Self { always_virtual: true, ..self }
    }

    /// Deals with Ctrl-C itself. Others are dropped where they are, so that their servers and files go with them.
    #[must_use]
    pub const fn own_signals(self) -> Self {
        Self { own_signals: true, ..self }
    }
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo").field("word", &self.word).finish_non_exhaustive()
    }
}
