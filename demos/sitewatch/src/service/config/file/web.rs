use std::fmt;
use std::net::SocketAddr;

use patterns_core::settings::Findings;
use schemars::JsonSchema;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use url::Url;

use super::super::{Readers, Secret, WebConfig};
use super::shapes::Addresses;
use super::source::{Source, Vars};

/// The web page, and the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Web")]
pub(crate) struct WebTable {
    /// Where they are, by number. Where others than this machine can reach it, there must be a `token`.
    #[serde(deserialize_with = "one_or_many")]
    #[schemars(with = "Addresses")]
    pub(crate) listen: Vec<String>,
    /// What whoever presses a button has to know; at least 16 characters. Without it one is made up at each start, and
    /// told where sitewatch was started.
    pub(crate) token: Option<Source>,
    /// How people reach the page, by http or https: for links in notices, and so that it answers to this name.
    pub(crate) url: Option<String>,
    /// Who may look.
    pub(crate) read: Readers,
}

impl Default for WebTable {
    fn default() -> Self {
        Self { listen: vec!["127.0.0.1:8080".to_owned()], token: None, url: None, read: Readers::default() }
    }
}

/// The shortest token, in characters.
const SHORTEST: usize = 16;

impl WebTable {
    pub(super) fn build(&self, vars: &Vars<'_>, findings: &mut Findings) -> Option<WebConfig> {
        let token = self.token.as_ref().map(|token| token.resolve(vars, "token", findings));
        if let Some(Some(token)) = &token {
            look_at(token, findings);
        }
        let listen = self.listen(findings);
        if self.token.is_none() && listen.iter().flatten().any(|address| !address.ip().is_loopback()) {
            findings.refuse("listen", "others than this machine can reach it, so there must be a web.token");
        }
        if self.token.is_none() && self.read.needs_token() {
            findings.refuse("read", "there is no web.token to know");
        }
        let url = self.url.as_ref().map(|text| {
            let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            if url.is_none() {
                findings.refuse("url", "expected an http or https URL");
            }
            url
        });
        let token = match token {
            Some(token) => Some(token?),
            None => None,
        };
        let url = match url {
            Some(url) => Some(url?),
            None => None,
        };
        Some(WebConfig { listen: listen?, token, url, read: self.read })
    }

    fn listen(&self, findings: &mut Findings) -> Option<Vec<SocketAddr>> {
        let addresses: Option<Vec<SocketAddr>> = self.listen.iter().map(|text| text.parse().ok()).collect();
        let addresses = addresses.filter(|addresses| !addresses.is_empty());
        if addresses.is_none() {
            findings.refuse("listen", "expected an address and a port, such as 127.0.0.1:8080");
        }
        addresses
    }
}

fn look_at(token: &Secret, findings: &mut Findings) {
    if token.expose().chars().count() < SHORTEST {
        findings.refuse_secret("token", format!("must have at least {SHORTEST} characters"));
    }
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        findings.refuse_secret("token", "must have no spaces, and only characters that a header can have");
    }
}

/// A text, or a list of them.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    deserializer.deserialize_any(OneOrMany)
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address and a port, such as \"127.0.0.1:8080\", or a list of them")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(texts)
    }
}
