use std::any::type_name;

use tokio::time::Instant;

use super::{DeadKind, DeadLetter};

/// Which dead letters are meant: those that have everything that was asked for; of a new one, all.
///
/// # Examples
///
/// ```
/// use actors::dead_letters::{DeadKind, LetterFilter};
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let system = actors::System::start()?;
/// let poison = LetterFilter::new().actor("mailer").kind(DeadKind::Poison).since(Instant::now());
/// assert!(system.dead_letters().find(&poison).is_empty());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a filter does nothing by itself"]
pub struct LetterFilter {
    actor: Option<String>,
    message_type: Option<&'static str>,
    kind: Option<DeadKind>,
    since: Option<Instant>,
}

impl LetterFilter {
    /// All letters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those to actors of this name.
    pub fn actor(mut self, name: impl Into<String>) -> Self {
        self.actor = Some(name.into());
        self
    }

    /// Only messages of this type.
    pub fn message<M>(mut self) -> Self {
        self.message_type = Some(type_name::<M>());
        self
    }

    /// Only those lost for this kind of reason.
    pub fn kind(mut self, kind: DeadKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Only those lost at this instant or later.
    pub fn since(mut self, instant: Instant) -> Self {
        self.since = Some(instant);
        self
    }

    /// Whether `letter` is one of them.
    #[must_use]
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        self.actor.as_ref().is_none_or(|name| name == letter.actor())
            && self.message_type.is_none_or(|name| name == letter.message_type())
            && self.kind.is_none_or(|kind| kind == letter.reason().kind())
            && self.since.is_none_or(|since| since <= letter.at())
    }
}
