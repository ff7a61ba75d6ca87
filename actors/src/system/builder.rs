use std::sync::Arc;

use tokio::runtime::{Handle as RuntimeHandle, RuntimeFlavor};

use super::engine::{Engine, Link};
use super::shared::Shared;
use super::{StartError, System, SystemConfig};
use crate::dead_letters::{DeadLetterConfig, DeadLetters};
use crate::supervision::StopReason;

/// Sets up a [`System`].
#[derive(Clone, Debug, Default)]
#[must_use = "a builder starts nothing until `start` is called"]
pub struct SystemBuilder(SystemConfig);

impl SystemBuilder {
    /// Takes all settings from `config`.
    pub fn config(mut self, config: SystemConfig) -> Self {
        self.0 = config;
        self
    }

    /// Names the system, and its thread. Default: `actors`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Gives the actors a thread of their own in any case, with an actix `System` on it.
    ///
    /// Such a thread has the real clock: don't mix it with a paused one.
    pub fn own_thread(mut self) -> Self {
        self.0.own_thread = true;
        self
    }

    /// Says how many dead letters are kept. Default: the latest 1,024.
    pub fn dead_letters(mut self, config: DeadLetterConfig) -> Self {
        self.0.dead_letters = config;
        self
    }

    /// Starts the system.
    ///
    /// # Errors
    ///
    /// - [`StartError::Thread`]: there was no thread to be had.
    /// - [`StartError::Runtime`]: the thread's runtime could not be set up.
    pub fn start(self) -> Result<System, StartError> {
        let config = self.0;
        crate::mailbox::describe();
        let link = Link::new();
        let here = RuntimeHandle::try_current()
            .ok()
            .filter(|runtime| !config.own_thread && runtime.runtime_flavor() == RuntimeFlavor::CurrentThread);
        let engine = match here {
            Some(runtime) => Engine::here(runtime, &link),
            None => Engine::own(&config.name, &link)?,
        };
        let dead_letters = DeadLetters::new(&config.dead_letters);
        let shared = Shared::new(config.name.as_str().into(), dead_letters, engine.runtime.clone(), link.clone());
        let weak = Arc::downgrade(&shared);
        link.on_gone(Box::new(move || {
            // Only where the actors could not be dropped on their own thread are any left.
            for actor in weak.upgrade().iter().flat_map(|shared| shared.actors()) {
                actor.vacate(StopReason::RuntimeGone);
            }
        }));
        Ok(System::new(shared, engine))
    }
}
