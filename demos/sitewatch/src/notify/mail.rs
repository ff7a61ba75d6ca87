use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use parking_lot::Mutex;
use tokio::time::timeout;
use url::Url;

use super::smtp::{LIMIT, failed, transport};
use super::text::{subject, text};
use super::{Channel, Notice, SendError, SetupError, delivery};

/// How a [`Mail`] is set up. What it shows of itself holds no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The server: `smtps://host`, `smtp://host?tls=required` for STARTTLS, `smtp://host?tls=opportunistic` for
    /// STARTTLS where the server has it, or `smtp://host` where nothing need be kept secret; with a port if it isn't
    /// 465, 587, 587 or 25.
    pub smtp: Url,
    /// The name and the password for it, if it wants them.
    pub login: Option<(String, String)>,
    /// The sender, as `sitewatch@example.org` or `Sitewatch <sitewatch@example.org>`.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
}

/// Tells people by e-mail, in plain text, by way of a mail server.
///
/// Every receiver gets the mail in a transaction of its own, so that one who is refused, or is to wait, keeps no other
/// from it; and in another attempt only those get it who have not. However, that is remembered for the latest mail
/// only, and not over a restart. All attempts have the same `Message-ID`.
///
/// A status of 5xx is a refusal for good, also of the name and the password; everything else may pass. Who is refused
/// while others are not is logged.
///
/// # Defaults
///
/// A minute for each receiver.
///
/// # Examples
///
/// ```
/// use sitewatch::notify::{Channel, Mail, MailSettings, Notice, NoticeKind, SetupError};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let settings = MailSettings {
///     smtp: "smtp://127.0.0.1:1".parse()?,
///     login: Some(("watch".to_owned(), "hunter2".to_owned())),
///     from: "Sitewatch <sitewatch@example.org>".to_owned(),
///     to: vec!["ops@example.org".to_owned()],
/// };
/// assert!(!format!("{settings:?}").contains("hunter2"));
/// let mail = Mail::new(settings.clone())?;
/// let at = "2026-11-26T15:00:00Z".parse()?;
/// let notice = Notice::new(NoticeKind::Recovered, "docs", "https://example.org/", 12, at);
/// let error = mail.send(&[notice]).await.unwrap_err();
/// assert!(!error.is_permanent(), "nobody is there, which may pass");
///
/// let nobody = MailSettings { to: vec!["ops".to_owned()], ..settings };
/// assert_eq!(Mail::new(nobody).unwrap_err(), SetupError::Mailbox("ops".to_owned()));
/// # Ok(()) }
/// ```
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    server: String,
    from: Mailbox,
    to: Vec<Mailbox>,
    partly: Mutex<Partly>,
}

/// By the number of a receiver: that they have it, or why they will not get it.
type Known = BTreeMap<usize, Result<(), SendError>>;

/// A mail that not all have got yet.
#[derive(Debug, Default)]
struct Partly {
    delivery: String,
    known: Known,
}

impl Mail {
    /// A channel of mail with these settings. It sends nothing yet.
    ///
    /// # Errors
    ///
    /// - [`SetupError::MailServer`]: not the address of a mail server.
    /// - [`SetupError::Mailbox`]: the sender or a receiver is no e-mail address.
    /// - [`SetupError::NoReceiver`]: nobody is to get it.
    /// - [`SetupError::Client`]: TLS can't be set up.
    pub fn new(settings: MailSettings) -> Result<Self, SetupError> {
        let MailSettings { smtp, login, from, to } = settings;
        let mailbox = |text: &String| text.parse::<Mailbox>().map_err(|_| SetupError::Mailbox(text.clone()));
        let (from, to) = (mailbox(&from)?, to.iter().map(mailbox).collect::<Result<Vec<_>, _>>()?);
        if to.is_empty() {
            return Err(SetupError::NoReceiver);
        }
        let server = smtp.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let transport = transport(&smtp, &server, login)?;
        Ok(Self { transport, server, from, to, partly: Mutex::default() })
    }

    fn message(&self, name: &str, notices: &[Notice]) -> Result<Vec<u8>, lettre::error::Error> {
        let mut message = Message::builder().from(self.from.clone());
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message
            .subject(subject(notices))
            .message_id(Some(format!("<{name}@{}>", self.from.email.domain())))
            // So that no holiday note is sent back: RFC 3834.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .singlepart(SinglePart::plain(text(notices)))?;
        Ok(message.formatted())
    }

    async fn send_to(&self, to: &Mailbox, message: &[u8]) -> Result<(), SendError> {
        let server = || self.server.clone();
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.email.clone()])
            .map_err(|error| SendError::Refused { to: server(), why: error.to_string() })?;
        match timeout(LIMIT, self.transport.send_raw(&envelope, message)).await {
            Ok(Ok(_response)) => Ok(()),
            Ok(Err(error)) => Err(failed(server(), &error)),
            Err(_) => Err(SendError::TimedOut { to: server(), limit: LIMIT }),
        }
    }

    /// What is known of the receivers of this delivery; nothing if it is a new one.
    fn known(&self, name: &str) -> Known {
        let mut partly = self.partly.lock();
        if partly.delivery != name {
            *partly = Partly { delivery: name.to_owned(), known: Known::new() };
        }
        partly.known.clone()
    }

    fn learn(&self, name: &str, number: usize, what: Result<(), SendError>) {
        let mut partly = self.partly.lock();
        if partly.delivery == name {
            partly.known.insert(number, what);
        }
    }
}

#[async_trait]
impl Channel for Mail {
    async fn send(&self, notices: &[Notice]) -> Result<(), SendError> {
        let name = delivery::name(notices);
        let message = self
            .message(&name, notices)
            .map_err(|error| SendError::Refused { to: self.server.clone(), why: error.to_string() })?;
        let known = self.known(&name);
        let mut late = None;
        for (number, to) in self.to.iter().enumerate().filter(|(number, _)| !known.contains_key(number)) {
            match self.send_to(to, &message).await {
                Ok(()) => self.learn(&name, number, Ok(())),
                Err(error) if error.is_permanent() => {
                    tracing::warn!(receiver = %to.email, %error, "a receiver of mail is refused");
                    self.learn(&name, number, Err(error));
                }
                // This one is to wait; the server is there for the others.
                Err(error @ SendError::NotTaken { .. }) => late = Some(error),
                Err(error) => return Err(error),
            }
        }
        if let Some(error) = late {
            return Err(error);
        }
        let known = self.known(&name);
        let somebody_has_it = known.values().any(Result::is_ok);
        match known.into_values().find_map(Result::err) {
            Some(error) if !somebody_has_it => Err(error),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings")
            .field("server", &self.smtp.host_str())
            .field("has_login", &self.login.is_some())
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("server", &self.server)
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}
