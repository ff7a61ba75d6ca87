use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use patterns_core::settings::Findings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::super::channel::in_short;
use super::super::{ChannelConfig, ChannelKind, CommandConfig, MailConfig, Told, WebhookConfig};
use super::http;
use super::shapes::Time;
use super::smtp::{is_here, shown};
use super::source::{Source, Vars};
use super::time;

/// Who is told, and how. Which of the keys it has depends on its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Channel")]
pub(crate) struct ChannelTable {
    /// How; every channel needs it.
    pub(crate) kind: Option<Kind>,
    /// What is told.
    pub(crate) on: BTreeSet<Told>,
    /// For how long notices are gathered into one.
    #[serde(with = "time")]
    #[schemars(with = "Time")]
    pub(crate) wait: Duration,
    /// Of a webhook: the address, by http or https.
    #[serde(serialize_with = "shortened")]
    pub(crate) url: Option<String>,
    /// Of a webhook: what requests are signed with, so that the receiver knows whom they are from.
    pub(crate) secret: Option<Source>,
    /// Of a webhook: further headers by name, each a secret.
    pub(crate) headers: BTreeMap<String, Source>,
    /// Of a command: the program and its arguments; no shell is in between.
    pub(crate) run: Vec<String>,
    /// Of a command: how long it may take; `"1m"` if not set.
    #[serde(with = "time")]
    #[schemars(with = "Option<Time>")]
    pub(crate) timeout: Option<Duration>,
    /// Of mail: the server, as `smtps://host`, or `smtp://host?tls=required` for STARTTLS, or `smtp://host` where
    /// nothing need be kept secret; with a port if it isn't the usual one.
    pub(crate) smtp: Option<String>,
    /// Of mail: the name for the server, if it wants one.
    pub(crate) user: Option<String>,
    /// Of mail: the password for the server.
    pub(crate) password: Option<Source>,
    /// Of mail: the sender, as `sitewatch@example.org` or `Sitewatch <sitewatch@example.org>`.
    pub(crate) from: Option<String>,
    /// Of mail: the receivers.
    pub(crate) to: Vec<String>,
}

/// How somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// By a request to a server.
    Webhook,
    /// By a program on this machine.
    Command,
    /// By e-mail.
    Mail,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webhook => "webhook",
            Self::Command => "command",
            Self::Mail => "mail",
        })
    }
}

/// How long a command may take unless told.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Default for ChannelTable {
    fn default() -> Self {
        Self {
            kind: None,
            on: Told::ALL.into(),
            wait: Duration::from_secs(60),
            url: None,
            secret: None,
            headers: BTreeMap::new(),
            run: Vec::new(),
            timeout: None,
            smtp: None,
            user: None,
            password: None,
            from: None,
            to: Vec::new(),
        }
    }
}

impl ChannelTable {
    pub(super) fn build(&self, vars: &Vars<'_>, findings: &mut Findings) -> Option<ChannelConfig> {
        if self.on.is_empty() {
            findings.refuse("on", "must name something to tell");
        }
        let Some(kind) = self.kind else {
            findings.missing("kind");
            return None;
        };
        for (key, of, _) in self.keys().into_iter().filter(|(_, of, is_set)| *is_set && *of != kind) {
            findings.refuse_key(key, format!("is for channels of the kind {of}, and this is of the kind {kind}"));
        }
        let kind = match kind {
            Kind::Webhook => ChannelKind::Webhook(self.webhook(vars, findings)?),
            Kind::Command => ChannelKind::Command(self.command(findings)?),
            Kind::Mail => ChannelKind::Mail(self.mail(vars, findings)?),
        };
        Some(ChannelConfig { kind, on: self.on.clone(), wait: self.wait })
    }

    /// The keys that are not for channels of its kind.
    pub(crate) fn keys_of_others(&self) -> impl Iterator<Item = &'static str> {
        let kind = self.kind;
        self.keys().into_iter().filter(move |(_, of, _)| Some(*of) != kind).map(|(key, ..)| key)
    }

    /// The keys that only one kind has, and whether they are set.
    fn keys(&self) -> [(&'static str, Kind, bool); 10] {
        [
            ("url", Kind::Webhook, self.url.is_some()),
            ("secret", Kind::Webhook, self.secret.is_some()),
            ("headers", Kind::Webhook, !self.headers.is_empty()),
            ("run", Kind::Command, !self.run.is_empty()),
            ("timeout", Kind::Command, self.timeout.is_some()),
            ("smtp", Kind::Mail, self.smtp.is_some()),
            ("user", Kind::Mail, self.user.is_some()),
            ("password", Kind::Mail, self.password.is_some()),
            ("from", Kind::Mail, self.from.is_some()),
            ("to", Kind::Mail, !self.to.is_empty()),
        ]
    }

    fn webhook(&self, vars: &Vars<'_>, findings: &mut Findings) -> Option<WebhookConfig> {
        let url = match &self.url {
            None => {
                findings.missing("url");
                None
            }
            Some(text) => match Url::parse(text) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => Some(url),
                _ => {
                    findings.refuse_secret("url", "expected an http or https URL");
                    None
                }
            },
        };
        let secret = self.secret.as_ref().map(|secret| secret.resolve(vars, "secret", findings));
        let headers = http::secret_headers(&self.headers, vars, findings);
        let secret = match secret {
            Some(secret) => Some(secret?),
            None => None,
        };
        Some(WebhookConfig { url: url?, secret, headers: headers? })
    }

    fn command(&self, findings: &mut Findings) -> Option<CommandConfig> {
        let timeout = self.timeout.unwrap_or(TIMEOUT);
        if timeout.is_zero() {
            findings.refuse("timeout", "must be longer than nothing");
        }
        match self.run.first().map(String::as_str) {
            None => findings.missing("run"),
            Some("") => findings.refuse("run[0]", "expected the name of a program"),
            Some(_) => return Some(CommandConfig { run: self.run.clone(), timeout }),
        }
        None
    }

    fn mail(&self, vars: &Vars<'_>, findings: &mut Findings) -> Option<MailConfig> {
        for (number, _) in self.to.iter().enumerate().filter(|(_, to)| !is_mailbox(to)) {
            findings.refuse(&format!("to[{number}]"), "expected an e-mail address");
        }
        if self.to.is_empty() {
            findings.missing("to");
        }
        match &self.from {
            None => findings.missing("from"),
            Some(from) if !is_mailbox(from) => findings.refuse("from", "expected an e-mail address"),
            Some(_) => {}
        }
        match (&self.user, &self.password) {
            (Some(_), None) => findings.missing("password"),
            (None, Some(_)) => findings.missing("user"),
            _ => {}
        }
        let password = self.password.as_ref().map(|password| password.resolve(vars, "password", findings));
        let smtp = self.smtp(findings);
        let login = match (&self.user, password) {
            (Some(user), Some(password)) => Some((user.clone(), password?)),
            _ => None,
        };
        Some(MailConfig { smtp: smtp?, login, from: self.from.clone()?, to: self.to.clone() })
    }

    fn smtp(&self, findings: &mut Findings) -> Option<Url> {
        let Some(text) = &self.smtp else {
            findings.missing("smtp");
            return None;
        };
        let is_server = |url: &Url| match (url.scheme(), url.query()) {
            ("smtps", None) | ("smtp", None | Some("tls=required" | "tls=opportunistic")) => {
                url.host_str().is_some_and(|host| !host.is_empty())
            }
            _ => false,
        };
        let Some(url) = Url::parse(text).ok().filter(is_server) else {
            let expected = "expected smtps://host, smtp://host?tls=required or smtp://host";
            findings.refuse_as("smtp", shown(text), expected);
            return None;
        };
        if !url.username().is_empty() || url.password().is_some() {
            findings.refuse_as("smtp", shown(text), "the name and the password belong in user and password");
        }
        let is_safe = url.scheme() == "smtps" || url.query() == Some("tls=required") || is_here(&url);
        if self.password.is_some() && !is_safe {
            let reason = "the password would be sent for all to read: use smtps:// or ?tls=required";
            findings.refuse_as("smtp", shown(text), reason);
        }
        Some(url)
    }
}

fn is_mailbox(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// An address without what may be a secret in it.
fn shortened<S: Serializer>(url: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let shown = url.as_ref().map(|text| Url::parse(text).map_or_else(|_| "(secret)".to_owned(), |url| in_short(&url)));
    shown.serialize(serializer)
}
