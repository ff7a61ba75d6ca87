use std::collections::BTreeMap;

use patterns_core::settings::Findings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::AuthConfig;
use super::http;
use super::source::{Source, Vars};

/// Who sitewatch says that it is: by `bearer`, or by `user` and `password`, or by `headers`. It is only ever sent to
/// the host of the target. A site that has this table, even if it is empty, inherits none of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Auth")]
pub(crate) struct AuthTable {
    /// A token, sent as `Authorization: Bearer ...`.
    pub(crate) bearer: Option<Source>,
    /// A name, sent with `password` as `Authorization: Basic ...`; without a colon.
    pub(crate) user: Option<String>,
    /// The password that goes with `user`.
    pub(crate) password: Option<Source>,
    /// Headers by name, each with a secret.
    pub(crate) headers: BTreeMap<String, Source>,
}

impl AuthTable {
    pub(super) fn build(&self, vars: &Vars<'_>, findings: &mut Findings) -> Option<AuthConfig> {
        let is_basic = self.user.is_some() || self.password.is_some();
        match (&self.bearer, is_basic, !self.headers.is_empty()) {
            (None, false, false) => Some(AuthConfig::None),
            (Some(token), false, false) => {
                let token = token.resolve(vars, "bearer", findings)?;
                if http::problem_of("authorization", token.expose()).is_some() {
                    findings.refuse_secret("bearer", "has characters that a header can't have");
                }
                Some(AuthConfig::Bearer(token))
            }
            (None, true, false) => self.basic(vars, findings),
            (None, false, true) => http::secret_headers(&self.headers, vars, findings).map(AuthConfig::Headers),
            _ => {
                findings.refuse_secret("", "is of two kinds: name bearer, or user and password, or headers");
                None
            }
        }
    }

    fn basic(&self, vars: &Vars<'_>, findings: &mut Findings) -> Option<AuthConfig> {
        if self.user.as_deref().is_some_and(|user| user.is_empty() || user.contains(':')) {
            findings.refuse_secret("user", "must not be empty, and must have no colon");
        }
        if self.user.is_none() {
            findings.missing("user");
        }
        if self.password.is_none() {
            findings.missing("password");
        }
        let password = self.password.as_ref()?.resolve(vars, "password", findings)?;
        Some(AuthConfig::Basic { user: self.user.clone()?, password })
    }
}
