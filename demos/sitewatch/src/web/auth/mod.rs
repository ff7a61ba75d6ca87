//! Who may do what.
//!
//! There is one secret, the token. A program sends it with each request, as `Authorization: Bearer TOKEN`. A person
//! gives it once, and gets a *session*: a cookie that says until when it holds, sealed with the token by HMAC-SHA-256.
//! Nothing is kept of it here, so it outlives a restart, and a new token ends all sessions. Logging out takes the
//! cookie from the browser.
//!
//! A browser sends a cookie whoever made it ask. Three things stand against that:
//!
//! 1. The cookie is `SameSite=Strict`: it is not sent where another site's page asks, in browsers of our time.
//! 2. A request is refused of which the browser says that another origin caused it, by `Sec-Fetch-Site` or `Origin`.
//! 3. Whatever changes something needs a second token, in the form or a header, which is made of the session. Another
//!    site's page can't read it.
//!
//! And a request for a host name that isn't ours is not answered at all: else somebody else's name could be made to
//! lead to our address, and its pages would be of one origin with ours ("DNS rebinding").
//!
//! # Guessing
//!
//! Tokens are compared in a time that doesn't depend on what is right of them. From one address (of IPv6, one network
//! of 64 bits), the page takes ten attempts to log in at once, and then one every six seconds.
mod cookie;
mod hosts;
mod limit;
mod seal;

use std::fmt;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use jiff::{SignedDuration, Timestamp};
use rand::distr::{Alphanumeric, SampleString};

use self::cookie::{cookie, cookies};
use self::hosts::Hosts;
use self::limit::Attempts;
use self::seal::Seal;
use super::WebSettings;
use super::guard::host;

/// How long a session holds.
const SESSION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a message waits to be shown.
const SAID: SignedDuration = SignedDuration::from_secs(30);

/// How many characters of a message are kept: a cookie has not much room.
const LONGEST: usize = 400;

/// Keeps the token, and tells who has it. See the [module](self).
///
/// # Examples
///
/// ```
/// use jiff::{SignedDuration, Timestamp};
/// use sitewatch::web::WebSettings;
/// use sitewatch::web::auth::Auth;
///
/// let auth = Auth::new(&WebSettings {
///     listen: vec!["127.0.0.1:8080".parse()?],
///     token: "0123456789abcdef".to_owned(),
///     url: None,
///     read_needs_token: false,
///     version: String::new(),
/// });
/// assert!(auth.is_token("0123456789abcdef") && !auth.is_token("0123456789abcdeg"));
///
/// let now = Timestamp::now();
/// let session = auth.open_session(now);
/// assert!(auth.session_holds(&session, now));
/// assert!(!auth.session_holds(&session, now + SignedDuration::from_hours(31 * 24)), "it has ended");
/// assert!(!auth.session_holds(&format!("9{session}"), now), "it is forged");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub struct Auth {
    seal: Seal,
    reading_needs_token: bool,
    hosts: Hosts,
    attempts: Attempts,
    /// The name of the session's cookie: cookies are not told apart by port, so there is one in it.
    name: String,
}

impl Auth {
    /// Who may, by these settings.
    #[must_use]
    pub fn new(settings: &WebSettings) -> Self {
        let port = settings.listen.first().map(std::net::SocketAddr::port).unwrap_or_default();
        Self {
            seal: Seal::new(&settings.token),
            reading_needs_token: settings.read_needs_token,
            hosts: Hosts::new(&settings.listen, settings.url.as_ref()),
            attempts: Attempts::default(),
            name: format!("sitewatch-{port}"),
        }
    }

    /// Whether looking needs the token.
    #[must_use]
    pub fn reading_needs_token(&self) -> bool {
        self.reading_needs_token
    }

    /// Whether a `Host` is one of our names: an address that is listened at, this machine's own names, or that of the
    /// settings' `url`.
    #[must_use]
    pub fn answers_to(&self, host: &str) -> bool {
        self.hosts.answers_to(host)
    }

    /// Whether this is the token.
    #[must_use]
    pub fn is_token(&self, given: &str) -> bool {
        self.seal.is_token(given)
    }

    /// Whether a request has the token itself, in its header `Authorization`. No browser sends that by itself, as it does
    /// with a session, or with a name and a password that it was told once.
    #[must_use]
    pub fn has_token(&self, request: &HttpRequest) -> bool {
        bearer(request).is_some_and(|token| self.is_token(token))
    }

    /// Whether a browser says that a page of another origin caused the request.
    ///
    /// One that says nothing is taken for a program, or for a browser that is older than such headers: for that one
    /// there are the other two of the [three things](self).
    #[must_use]
    pub fn is_cross_site(&self, request: &HttpRequest) -> bool {
        let text = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
        let site = text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
        let origin = text("origin").is_some_and(|origin| !self.hosts.is_ours(origin, host(request.headers())));
        site || origin
    }

    /// A session that begins now, as the value of its cookie.
    #[must_use]
    pub fn open_session(&self, now: Timestamp) -> String {
        self.seal.close("session", &Alphanumeric.sample_string(&mut rand::rng(), 22), now + SESSION)
    }

    /// Whether this is a session of ours that has not ended.
    #[must_use]
    pub fn session_holds(&self, session: &str, now: Timestamp) -> bool {
        self.seal.open("session", session, now).is_some()
    }

    /// What a form needs for an action by way of the request's session; none without a session that holds.
    #[must_use]
    pub fn csrf(&self, request: &HttpRequest) -> Option<String> {
        self.session(request).map(|session| self.seal.sign("csrf", session))
    }

    /// Whether this is what [`csrf`](Self::csrf) gave to a page of the same session.
    #[must_use]
    pub fn csrf_holds(&self, request: &HttpRequest, given: &str) -> bool {
        self.session(request).is_some_and(|session| self.seal.holds("csrf", session, given))
    }

    fn session<'a>(&self, request: &'a HttpRequest) -> Option<&'a str> {
        let now = Timestamp::now();
        cookies(request, &self.name).find(|session| self.session_holds(session, now))
    }

    /// Counts an attempt to log in.
    ///
    /// # Errors
    ///
    /// After how long there may be another, where there were too many.
    pub(super) fn attempt(&self, request: &HttpRequest) -> Result<(), Duration> {
        self.attempts.take(request.peer_addr().map(|peer| peer.ip()))
    }

    /// The cookie of a session that begins now.
    pub(super) fn session_cookie(&self, request: &HttpRequest, now: Timestamp) -> String {
        cookie(&self.name, &self.open_session(now), SESSION, self.is_secure(request))
    }

    /// Takes the cookie of a session away.
    pub(super) fn no_session_cookie(&self, request: &HttpRequest) -> String {
        cookie(&self.name, "", SignedDuration::ZERO, self.is_secure(request))
    }

    /// A message for the next page that is shown, as a cookie: it is sealed, so that no link can put words into our
    /// mouth.
    pub(super) fn said_cookie(&self, request: &HttpRequest, message: &str, now: Timestamp) -> String {
        let message: String = message.chars().take(LONGEST).collect();
        let message = self.seal.close("said", &message, now + SAID);
        cookie(&self.said_name(), &message, SAID, self.is_secure(request))
    }

    /// The message that the last answer left, and the cookie that takes it away.
    pub(super) fn said(&self, request: &HttpRequest, now: Timestamp) -> Option<(String, String)> {
        let name = self.said_name();
        let message = cookies(request, &name).find_map(|said| self.seal.open("said", said, now))?;
        Some((message, cookie(&name, "", SignedDuration::ZERO, self.is_secure(request))))
    }

    fn said_name(&self) -> String {
        format!("{}-said", self.name)
    }

    /// Whether the request came by https: to the name of the settings' `url`, where that is https. By an address of
    /// this machine it came by http, and a cookie for https only would be lost.
    fn is_secure(&self, request: &HttpRequest) -> bool {
        self.hosts.is_secure(host(request.headers()))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("reading_needs_token", &self.reading_needs_token)
            .field("hosts", &self.hosts)
            .finish_non_exhaustive()
    }
}

/// Whether a request is by somebody who has the token, or has given it before: by its header `Authorization`, or by a
/// session. False where the application has no [`Auth`].
///
/// For whatever changes something, that is not all: see [`Auth::is_cross_site`] and [`Auth::csrf_holds`].
#[must_use]
pub fn authorised(request: &HttpRequest) -> bool {
    let Some(auth) = request.app_data::<Data<Auth>>() else { return false };
    auth.has_token(request) || auth.session(request).is_some()
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
