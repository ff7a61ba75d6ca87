//! The notices' way out of the service.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::{Component, Readiness, Receipt};
use async_trait::async_trait;
use parking_lot::Mutex;
use patterns_core::cancel::CancelToken;
use patterns_core::context::Context;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::config::{ChannelConfig, ChannelKind, ServiceConfig};
use super::core::Core;
use super::keeper::ended;
use crate::notify::{
    Channel, Command, CommandSettings, Mail, MailSettings, Notifier, NotifierStatus, Policy, SetupError, Webhook,
    WebhookSettings,
};

/// Delivers notices by the channels of the settings. A clone is the same.
#[derive(Clone)]
pub(crate) struct Delivery(Arc<Mutex<Under>>);

struct Under {
    channels: BTreeMap<String, ChannelConfig>,
    notifier: Notifier,
    stop: CancelToken,
    task: Option<JoinHandle<()>>,
}

impl Delivery {
    pub(crate) fn start(core: &Core, config: &ServiceConfig) -> Self {
        Self(Arc::new(Mutex::new(Under::start(core, config))))
    }

    /// Goes by other channels. What was just being sent may be sent again.
    pub(crate) fn replace(&self, core: &Core, config: &ServiceConfig) {
        let mut under = self.0.lock();
        if under.channels != config.notify {
            under.stop.cancel("the channels have changed");
            *under = Under::start(core, config);
        }
    }

    /// There may be something new.
    pub(crate) fn wake(&self) {
        self.0.lock().notifier.wake();
    }

    pub(crate) fn status(&self) -> NotifierStatus {
        self.0.lock().notifier.status()
    }
}

impl Under {
    fn start(core: &Core, config: &ServiceConfig) -> Self {
        let mut channels = BTreeMap::new();
        for (name, channel) in &config.notify {
            let policy = Policy { wait: channel.wait, ..Policy::default() };
            match open(&channel.kind) {
                Ok(open) => {
                    channels.insert(name.clone(), (open, policy));
                }
                // The settings were looked at before; what is left is what the machine refuses.
                Err(error) => tracing::error!(channel = name, %error, "a channel can't be used"),
            }
        }
        let notifier = Notifier::new(Arc::new(core.store.clone()), channels).clock(Arc::clone(&core.clock));
        let stop = CancelToken::new();
        let context = Context::current().with_token(stop.clone()).named("notices");
        let running = notifier.clone();
        let task = tokio::spawn(context.scope(async move {
            let Err(_stopped) = running.run().await;
        }));
        Self { channels: config.notify.clone(), notifier, stop, task: Some(task) }
    }
}

fn open(kind: &ChannelKind) -> Result<Arc<dyn Channel>, SetupError> {
    let exposed = |secret: &super::config::Secret| secret.expose().to_owned();
    Ok(match kind {
        ChannelKind::Webhook(webhook) => Arc::new(Webhook::new(WebhookSettings {
            url: webhook.url.clone(),
            secret: webhook.secret.as_ref().map(exposed),
            headers: webhook.headers.iter().map(|(name, value)| (name.clone(), exposed(value))).collect(),
        })?),
        ChannelKind::Command(command) => {
            Arc::new(Command::new(CommandSettings { run: command.run.clone(), timeout: command.timeout })?)
        }
        ChannelKind::Mail(mail) => Arc::new(Mail::new(MailSettings {
            smtp: mail.smtp.clone(),
            login: mail.login.as_ref().map(|(user, password)| (user.clone(), exposed(password))),
            from: mail.from.clone(),
            to: mail.to.clone(),
        })?),
    })
}

#[async_trait]
impl Component for Delivery {
    async fn ready(&self) -> Readiness {
        Readiness::Ready
    }

    async fn shut_down(&self, deadline: Instant) -> Receipt {
        let task = {
            let mut under = self.0.lock();
            under.stop.cancel("the service is being stopped");
            under.task.take()
        };
        ended("notices", task, deadline).await
    }
}
