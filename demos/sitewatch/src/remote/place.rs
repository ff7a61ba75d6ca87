use std::fmt;
use std::path::PathBuf;

use url::{Url, form_urlencoded};

use crate::store::{Location, without_secrets};

/// How a place may be written.
const EXPECTED: &str = "expected postgres://user@host/database, nats://host:4222 or a file";

const NOTHING_BEHIND: &str =
    "there is nothing behind the port, but for parameters; in passwords / is written as %2F, and # as %23";

const NO_NAME: &str =
    "expected a URL or a file; where the environment names it, it is left out; a file of that name is ./-";

/// What stands for a text in which nobody knows where a secret is.
const NAMED: &str = "that was named";

/// Where a queue is that workers share.
///
/// # Examples
///
/// ```
/// use sitewatch::remote::Place;
///
/// # fn main() -> Result<(), sitewatch::remote::BadPlace> {
/// let server = Place::of("postgres://watch:secret@db.example.org/jobs")?;
/// assert_eq!(server.to_string(), "postgres://watch@db.example.org/jobs");
/// let cluster = Place::of("nats://watch:secret@n1.example.org?unsynced=accept")?;
/// assert_eq!(cluster.to_string(), "nats://n1.example.org:4222");
/// assert!(matches!(Place::of("jobs.db")?, Place::Sqlite(_)));
///
/// let refused = Place::of("redis://watch:secret@db.example.org").unwrap_err();
/// assert_eq!(refused.shown(), "redis://db.example.org");
/// assert!(refused.to_string().contains("expected postgres://"));
/// assert!(Place::of("db.example.org:4222").is_err(), "it is no name of a file");
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A PostgreSQL server, by its URL.
    Postgres(String),
    /// A NATS server with JetStream.
    Nats(NatsPlace),
    /// A SQLite file, for programs of one machine.
    Sqlite(PathBuf),
}

/// A NATS server, and how sure it has to be of what it keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsPlace {
    /// Where to connect to: `nats://user:password@host:4222`; several servers of a cluster with commas between them.
    pub server: String,
    /// Where it, and each other server that keeps the same, tells of itself by HTTP: so it can be seen whether it syncs
    /// before it answers.
    pub monitors: Vec<String>,
    /// Whether it is accepted that it may not: then what it has answered may be lost if it goes down.
    pub accept_unsynced: bool,
}

/// A text that is not where a queue can be. What it shows of the text has no name and no password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot use the queue {shown}: {why}")]
pub struct BadPlace {
    shown: String,
    why: String,
}

impl BadPlace {
    fn new(text: &str, why: impl Into<String>) -> Self {
        Self { shown: without_secrets(text), why: why.into() }
    }

    /// The text, without what may be a secret.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What is wrong with it.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl Place {
    /// What a text means. Nothing is opened or connected to.
    ///
    /// Of a NATS cluster several servers can be named: `nats://user:password@n1:4222,n2:4222`. Behind them there may be
    /// parameters: `monitor=http://host:8222`, once or several times, and `unsynced=accept`.
    ///
    /// # Errors
    ///
    /// [`BadPlace`]: it is empty; a URL of something else, or without a host; something in it that is not understood; no
    /// URL, but what is more like a server than like a file. A file whose name is like that is written `./name`.
    pub fn of(text: &str) -> Result<Self, BadPlace> {
        let bad = |why: &str| BadPlace::new(text, why);
        if text.trim().is_empty() {
            return Err(bad(EXPECTED));
        }
        match text.split_once("://") {
            // Where it may be left out, by which it is taken from the environment.
            None if text.trim() == "-" => Err(bad(NO_NAME)),
            None if is_like_a_server(text) => {
                let shown = if is_host_and_port(text) { text.trim() } else { NAMED };
                Err(BadPlace { shown: shown.to_owned(), why: EXPECTED.to_owned() })
            }
            None => Ok(Self::Sqlite(text.into())),
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("nats") => NatsPlace::of(text).map(Self::Nats),
            Some((scheme, _)) if ["postgres", "postgresql"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
                match Location::of(text) {
                    Ok(Location::Postgres(server)) => Ok(Self::Postgres(server)),
                    Ok(Location::Sqlite(_)) => Err(bad(EXPECTED)),
                    Err(refused) => Err(bad(refused.why())),
                }
            }
            Some(_) => Err(bad(EXPECTED)),
        }
    }

    /// What stands for a text wherever it is shown, whether or not it is right.
    pub(crate) fn shown(text: &str) -> String {
        Self::of(text).map_or_else(|bad| bad.shown, |place| place.to_string())
    }
}

impl NatsPlace {
    fn of(text: &str) -> Result<Self, BadPlace> {
        let bad = |why: &str| BadPlace::new(text, why);
        let (servers, parameters) = text.split_once('?').unwrap_or((text, ""));
        if text.contains('#') {
            return Err(bad(NOTHING_BEHIND));
        }
        let mut logins = servers.split(',').map(|server| server.contains('@'));
        if logins.next() == Some(false) && logins.any(|login| login) {
            // What comes before the comma may be half of a password that we take for a server.
            return Err(bad(
                "name and password are the first server's, or each one's; in passwords , is written as %2C",
            ));
        }
        let servers: Vec<String> = servers.split(',').map(nats_server).collect::<Result<_, _>>().map_err(bad)?;
        let (mut monitors, mut accept_unsynced) = (Vec::new(), false);
        for (key, value) in form_urlencoded::parse(parameters.as_bytes()) {
            match (&*key, &*value) {
                ("monitor", at) if at.starts_with("http://") || at.starts_with("https://") => {
                    monitors.push(at.to_owned());
                }
                ("monitor", _) => return Err(bad("monitor is the address of a page, such as http://host:8222")),
                ("unsynced", "accept") => accept_unsynced = true,
                ("unsynced", _) => return Err(bad("of unsynced there is only unsynced=accept")),
                // Not the key itself: with a password that has a ? in it, it may be half of that.
                _ => return Err(bad("the parameters are monitor and unsynced; in passwords ? is written as %3F")),
            }
        }
        Ok(Self { server: servers.join(","), monitors, accept_unsynced })
    }
}

/// One of the servers of a list, with its port; or what is wrong with it.
fn nats_server(text: &str) -> Result<String, &'static str> {
    let (scheme, address) = text.trim().split_once("://").unwrap_or(("nats", text.trim()));
    if !scheme.eq_ignore_ascii_case("nats") {
        return Err(EXPECTED);
    }
    let mut url = Url::parse(&format!("nats://{address}")).map_err(|_| EXPECTED)?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(EXPECTED);
    }
    if !matches!(url.path(), "" | "/") {
        return Err(NOTHING_BEHIND);
    }
    url.set_path("");
    if url.port().is_none() {
        // A scheme without a port of its own takes any; that fails only where there is no host.
        let _ = url.set_port(Some(4_222));
    }
    Ok(url.into())
}

/// Whether a text that is no URL means a server all the same: a host and a port, a user at a host, the keys and values
/// that PostgreSQL's own programs take, a scheme with a slash too few. It would be made as a file, and shown as its name.
fn is_like_a_server(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    if text.starts_with("./") || text.starts_with("../") || (text.starts_with('/') && !text.starts_with("//")) {
        return false;
    }
    text.contains('@')
        || ["host=", "password=", "dbname="].iter().any(|key| text.contains(key))
        || ["postgres:", "postgresql:", "nats:"].iter().any(|scheme| text.starts_with(scheme))
        || text.rsplit_once(':').is_some_and(|(_, port)| is_number(port))
}

/// Whether there is no place for a secret in it.
fn is_host_and_port(text: &str) -> bool {
    let is_host = |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    text.trim().split_once(':').is_some_and(|(host, port)| is_host(host) && is_number(port) && port.len() <= 5)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Without a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(server) => f.write_str(&Location::shown(server)),
            Self::Nats(place) => place.fmt(f),
            Self::Sqlite(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Without a name and a password.
impl fmt::Display for NatsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut scheme = "nats://";
        for server in self.server.split(',') {
            let shown = without_secrets(server);
            write!(f, "{scheme}{}", shown.strip_prefix("nats://").unwrap_or(&shown))?;
            scheme = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for NatsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsPlace")
            .field("server", &format_args!("{self}"))
            .field("monitors", &self.monitors.iter().map(|at| without_secrets(at)).collect::<Vec<_>>())
            .field("accept_unsynced", &self.accept_unsynced)
            .finish()
    }
}
