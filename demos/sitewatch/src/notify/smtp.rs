//! Mail servers, and what they answer.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use url::Url;

use super::{SendError, SetupError};
use crate::report::text::elided;

/// How long it may take to send a mail to one receiver.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// How much of what a server says is shown, in characters.
const SHOWN: usize = 200;

/// The way to a server. A path in its address is the name by which it is greeted, as lettre has it.
pub(super) fn transport(
    url: &Url,
    host: &str,
    login: Option<(String, String)>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, SetupError> {
    if host.is_empty() {
        return Err(SetupError::MailServer("one with a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SetupError::MailServer("one without a name and a password, which are given apart from it"));
    }
    let trusted = || trusted(host).map_err(|error| SetupError::Client(error.to_string()));
    let (port, tls) = match (url.scheme(), url.query()) {
        ("smtps", None) => (SUBMISSIONS_PORT, Tls::Wrapper(trusted()?)),
        ("smtp", Some("tls=required")) => (SUBMISSION_PORT, Tls::Required(trusted()?)),
        ("smtp", Some("tls=opportunistic")) => (SUBMISSION_PORT, Tls::Opportunistic(trusted()?)),
        ("smtp", None) => (SMTP_PORT, Tls::None),
        _ => return Err(SetupError::MailServer("smtps://host, smtp://host?tls=required or smtp://host")),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(url.port().unwrap_or(port))
        .tls(tls)
        .timeout(Some(LIMIT));
    let greeted_as = url.path().trim_matches('/');
    if !greeted_as.is_empty() {
        builder = builder.hello_name(ClientId::Domain(greeted_as.to_owned()));
    }
    if let Some((name, password)) = login {
        builder = builder.credentials(Credentials::new(name, password));
    }
    Ok(builder.build())
}

/// TLS with the certificates that the platform trusts.
fn trusted(host: &str) -> Result<TlsParameters, Error> {
    TlsParameters::new(host.to_owned()).or_else(|error| {
        // A slim container has none. What needs no TLS works all the same, and the rest says what it misses.
        tracing::warn!(%error, host, "no certificates to trust: no mail will be sent by TLS");
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::None).build()
    })
}

/// What it means that a mail could not be sent.
pub(super) fn failed(to: String, error: &Error) -> SendError {
    let why = elided(&error.to_string(), SHOWN).to_string();
    if error.is_permanent() {
        SendError::Refused { to, why }
    } else if error.is_timeout() {
        SendError::TimedOut { to, limit: LIMIT }
    } else if error.is_transient() || error.is_client() || error.is_response() {
        SendError::NotTaken { to, why, after: None }
    } else {
        SendError::Unreachable { to, why }
    }
}
