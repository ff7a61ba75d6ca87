//! The notices' way out of the service.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::{Component, Readiness, Receipt};
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::config::{ChannelConfig, ChannelKind, ServiceConfig};
use super::core::Core;
use super::keeper::ended;
use crate::notify::{
    Channel, Command, CommandSettings, Duty, Mail, MailSettings, Notifier, NotifierStatus, Policy, SetupError, Webhook,
    WebhookSettings,
};

/// Delivers notices by the channels of the settings. A clone is the same.
#[derive(Clone)]
pub(crate) struct Delivery(Arc<Mutex<Under>>);

struct Under {
    channels: BTreeMap<String, ChannelConfig>,
    duty: Duty,
}

impl Delivery {
    pub(crate) fn start(core: &Core, config: &ServiceConfig) -> Self {
        let duty = Duty::start(notifier(core, config));
        Self(Arc::new(Mutex::new(Under { channels: config.notify.clone(), duty })))
    }

    /// Goes by other channels, if they are others, once what is just being sent is done with; does not wait for that.
    pub(crate) fn replace(&self, core: &Core, config: &ServiceConfig) {
        let mut under = self.0.lock();
        if under.channels != config.notify {
            under.channels = config.notify.clone();
            under.duty.replace(notifier(core, config));
        }
    }

    /// There may be something new.
    pub(crate) fn wake(&self) {
        self.0.lock().duty.notifier().wake();
    }

    pub(crate) fn status(&self) -> NotifierStatus {
        self.0.lock().duty.notifier().status()
    }
}

fn notifier(core: &Core, config: &ServiceConfig) -> Notifier {
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
    // What waits for one that can't be used now is kept until it can be.
    let known = config.notify.keys().cloned();
    Notifier::new(Arc::new(core.store.clone()), channels).clock(Arc::clone(&core.clock)).known(known)
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
        let task = self.0.lock().duty.stop("the service is being stopped");
        ended("notices", task, deadline).await
    }
}
