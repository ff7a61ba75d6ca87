use patterns_core::context::Interrupt;
use thiserror::Error;

/// Why a coordinator could not be started: the components don't fit together, or a setting makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Two components have the same name.
    #[error("there are two components called {0:?}")]
    Duplicate(String),
    /// A component is to come after one that does not exist.
    #[error("{component:?} is to come after {unknown:?}, but there is no such component")]
    Unknown {
        /// The component.
        component: String,
        /// What it names.
        unknown: String,
    },
    /// Components wait for each other in a circle; each comes after the next, the last after the first.
    #[error("components wait for each other in a circle: {}", .0.join(" after "))]
    Cycle(Vec<String>),
    /// `after` was called before any component was added.
    #[error("`after` says after what the component added last comes, but none was added yet")]
    AfterNothing,
    /// A setting makes no sense.
    #[error("coordinator: `{field}` {problem}")]
    Config {
        /// The setting's name.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Why a program does not get ready.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ReadyError {
    /// An actor has failed for good; waiting won't help.
    #[error("not ready, and won't be: {}", reasons.join("; "))]
    Failed {
        /// What is missing, a sentence for each component.
        reasons: Vec<String>,
    },
    /// The program is being shut down.
    #[error("not ready, as it is being shut down")]
    ShuttingDown,
    /// The ambient token was cancelled, or the ambient deadline passed.
    #[error("not ready when the wait ended ({interrupt}): {}", reasons.join("; "))]
    Interrupted {
        /// What ended the wait.
        #[source]
        interrupt: Interrupt,
        /// What was missing then, a sentence for each component.
        reasons: Vec<String>,
    },
}
