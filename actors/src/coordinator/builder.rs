use std::fmt;
use std::sync::Arc;

use super::board::{Board, Plan};
use super::graph::{Node, Order, plan};
use super::{Component, Coordinator, CoordinatorActor, CoordinatorConfig, PlanError};
use crate::supervision::Escalation;
use crate::{ActorConfig, System};

/// Sets up a [`Coordinator`].
///
/// # Examples
///
/// ```
/// use actors::coordinator::{Component, Coordinator, PlanError, Readiness};
/// use actors::{Receipt, System};
/// use tokio::time::Instant;
///
/// struct Part;
///
/// #[async_trait::async_trait]
/// impl Component for Part {
///     async fn ready(&self) -> Readiness {
///         Readiness::Ready
///     }
///     async fn shut_down(&self, _: Instant) -> Receipt {
///         Receipt::new("part")
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let system = System::start()?;
/// let error = Coordinator::builder()
///     .add("db", Part).after(["web"])
///     .add("web", Part).after(["db"])
///     .start(&system)
///     .unwrap_err();
/// assert_eq!(error.to_string(), "components wait for each other in a circle: web after db after web");
/// # Ok(()) }
/// ```
#[derive(Default)]
#[must_use = "a builder starts nothing until `start` is called"]
pub struct CoordinatorBuilder {
    config: CoordinatorConfig,
    nodes: Vec<Node>,
    components: Vec<Arc<dyn Component>>,
    misplaced: bool,
}

impl CoordinatorBuilder {
    /// Takes all settings from `config`.
    pub fn config(mut self, config: CoordinatorConfig) -> Self {
        self.config = config;
        self
    }

    /// Adds a component under a name of its own.
    pub fn add(mut self, name: impl Into<String>, component: impl Component) -> Self {
        self.nodes.push((name.into(), Vec::new()));
        self.components.push(Arc::new(component));
        self
    }

    /// Says that the component added last needs these: it is not ready before they are, and is
    /// stopped before they are stopped. They may be added later.
    pub fn after<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        match self.nodes.last_mut() {
            Some((_, after)) => after.extend(names.into_iter().map(Into::into)),
            None => self.misplaced = true,
        }
        self
    }

    /// Starts the coordinator: checks begin, and escalations of the system degrade it, those before this too.
    ///
    /// # Errors
    ///
    /// - [`PlanError::Duplicate`]: two components have the same name.
    /// - [`PlanError::Unknown`]: a component is to come after one that does not exist.
    /// - [`PlanError::Cycle`]: components wait for each other in a circle.
    /// - [`PlanError::AfterNothing`]: `after` was called before any component was added.
    /// - [`PlanError::Config`]: a setting makes no sense.
    pub fn start(self, system: &System) -> Result<Coordinator, PlanError> {
        if self.misplaced {
            return Err(PlanError::AfterNothing);
        }
        self.config.check()?;
        let Order { after, phases } = plan(&self.nodes)?;
        let names = self.nodes.into_iter().map(|(name, _)| name);
        let components = names.zip(self.components).collect();
        let board = Board::new(Plan { config: self.config, components, after, phases });
        let weak = Arc::downgrade(&board);
        system.on_escalation(move |escalation: &Escalation| {
            if let Some(board) = weak.upgrade() {
                board.escalated(escalation);
            }
        });
        let inner = board.clone();
        let actor = system
            .spawn_with(ActorConfig::named("coordinator"), move |me| CoordinatorActor::new(inner.clone(), me.clone()));
        Ok(Coordinator { system: system.clone(), board, actor })
    }
}

impl fmt::Debug for CoordinatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoordinatorBuilder").field("config", &self.config).field("components", &self.nodes).finish()
    }
}
