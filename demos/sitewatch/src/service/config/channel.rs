use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Secret;

/// Whom to tell of what changed, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelConfig {
    /// How.
    pub kind: ChannelKind,
    /// Of what.
    pub on: BTreeSet<Told>,
    /// For how long notices are gathered into one.
    pub wait: Duration,
}

/// How somebody is told.
#[derive(Clone, Debug, PartialEq)]
pub enum ChannelKind {
    /// By a request to a server.
    Webhook(WebhookConfig),
    /// By a program on this machine.
    Command(CommandConfig),
    /// By e-mail.
    Mail(MailConfig),
}

/// A server that is told by a request.
#[derive(Clone, PartialEq)]
pub struct WebhookConfig {
    /// The address, by http or https. It may be all that keeps others from using it, so it is not shown as a whole.
    pub url: Url,
    /// What requests are signed with.
    pub secret: Option<Secret>,
    /// Further headers, by name.
    pub headers: BTreeMap<String, Secret>,
}

/// A program that is run.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandConfig {
    /// The program and its arguments; never empty.
    pub run: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
}

/// A mail that is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct MailConfig {
    /// The server: `smtp://` or `smtps://`.
    pub smtp: Url,
    /// The name and the password for it.
    pub login: Option<(String, Secret)>,
    /// The sender.
    pub from: String,
    /// The receivers; never empty.
    pub to: Vec<String>,
}

/// What somebody is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Links are broken that were not before.
    Broken,
    /// Links are no more broken, or gone.
    Fixed,
    /// A check could not be made; and that it could be made again.
    Failing,
}

impl Told {
    /// All of it.
    pub const ALL: [Self; 3] = [Self::Broken, Self::Fixed, Self::Failing];
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookConfig")
            .field("url", &in_short(&self.url))
            .field("secret", &self.secret)
            .field("headers", &self.headers)
            .finish()
    }
}

/// An address without what may be a secret in it.
pub(super) fn in_short(url: &Url) -> String {
    match (url.path(), url.query()) {
        ("/", None) => url.to_string(),
        _ => format!("{}/(secret)", url.origin().ascii_serialization()),
    }
}
