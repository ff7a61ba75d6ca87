use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::seen::Seen;
use super::wire::Wire;

/// How long a page may take to load, and to become what a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// A page of a [`Browser`](super::Browser).
///
/// Everything it does has a bound: loads and waits of 20 seconds, single commands of 30.
#[derive(Debug)]
pub struct Page {
    wire: Arc<Wire>,
    session: String,
    seen: Arc<Seen>,
    /// Its width and height, in CSS pixels.
    pub(super) size: Mutex<(u32, u32)>,
}

impl Page {
    pub(super) async fn attach(wire: Arc<Wire>, session: String) -> io::Result<Self> {
        let seen = Arc::new(Seen::new());
        wire.listen(&session, Arc::clone(&seen));
        let page = Self { wire, session, seen, size: Mutex::default() };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        page.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true })).await?;
        // It behaves as the one in front, so that keys go where the focus is.
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        page.viewport(1280, 800, false).await?;
        Ok(page)
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> io::Result<Value> {
        self.wire.call(Some(&self.session), method, params).await
    }

    /// Goes to an address, and waits until the page is loaded with all that belongs to it.
    ///
    /// # Errors
    ///
    /// If nobody answers there, or it isn't loaded within 20 seconds. A status such as 404 is no error, if there
    /// is a page with it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the page goes on loading.
    pub async fn goto(&self, url: &str) -> io::Result<()> {
        let mut loaded = self.seen.loaded.subscribe();
        let went = self.call("Page.navigate", json!({ "url": url })).await?;
        if let Some(why) = went["errorText"].as_str() {
            return Err(io::Error::other(format!("{url}: {why}")));
        }
        // None where only the fragment is another.
        let Some(loader) = went["loaderId"].as_str() else { return Ok(()) };
        let arrived = timeout(PATIENCE, loaded.wait_for(|last| last == loader)).await;
        let late = || io::Error::new(io::ErrorKind::TimedOut, format!("{url}: not loaded within {PATIENCE:?}"));
        arrived.map_err(|_| late())?.map(drop).map_err(io::Error::other)
    }

    /// The value of an expression in the page; of a promise, what it resolves to.
    ///
    /// # Errors
    ///
    /// If it throws, or its value is of another type.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it is evaluated all the same, maybe.
    pub async fn eval<T: DeserializeOwned>(&self, js: &str) -> io::Result<T> {
        let params = json!({ "expression": js, "returnByValue": true, "awaitPromise": true, "userGesture": true });
        let mut evaluated = self.call("Runtime.evaluate", params).await?;
        if let Some(details) = evaluated.get("exceptionDetails") {
            let thrown = details["exception"]["description"].as_str().or(details["text"].as_str());
            return Err(io::Error::other(format!("{js}: {}", thrown.unwrap_or("it throws"))));
        }
        // There is none where it is undefined.
        let value = evaluated["result"]["value"].take();
        serde_json::from_value(value).map_err(|error| io::Error::other(format!("{js}: {error}")))
    }

    /// Waits until an expression is true. While a page is loading, it is not.
    ///
    /// # Errors
    ///
    /// If it isn't within 20 seconds: what it was last, or why it could not be told, and where the page is.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait_for(&self, js: &str) -> io::Result<()> {
        self.wait_within(js, PATIENCE).await
    }

    /// The same within another time.
    ///
    /// # Errors
    ///
    /// If it isn't within that time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn wait_within(&self, js: &str, limit: Duration) -> io::Result<()> {
        let started = Instant::now();
        loop {
            let last = match self.eval::<Value>(js).await {
                Ok(Value::Bool(true)) => return Ok(()),
                Ok(other) => other.to_string(),
                // A page that is left in the middle of it, mostly.
                Err(error) => error.to_string(),
            };
            if started.elapsed() > limit {
                let at = self.eval::<String>("location.href").await.unwrap_or_default();
                let late = format!("{at}: not within {limit:?}: {js}; it was {last}");
                return Err(io::Error::new(io::ErrorKind::TimedOut, late));
            }
            sleep(LOOK).await;
        }
    }

    /// What a reader sees of the first element that matches.
    ///
    /// # Errors
    ///
    /// If there is none within 20 seconds.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn text(&self, selector: &str) -> io::Result<String> {
        let element = self.element(selector).await?;
        self.eval(&format!("{element}.innerText")).await
    }

    /// The expression for the first element that matches, once there is one.
    pub(super) async fn element(&self, selector: &str) -> io::Result<String> {
        let element = format!("document.querySelector({})", Value::from(selector));
        self.wait_for(&format!("{element} !== null")).await?;
        Ok(element)
    }

    /// What the page has complained about so far: exceptions, errors and warnings on the console, what its policy
    /// forbids, and requests that failed, each in a line.
    ///
    /// # Errors
    ///
    /// If the browser doesn't answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn complaints(&self) -> io::Result<Vec<String>> {
        // What happened before an answer is told before it.
        self.eval::<Value>("null").await?;
        Ok(self.seen.complaints())
    }

    /// Forgets them: where a test has made something fail on purpose.
    pub fn forget_complaints(&self) {
        self.seen.forget_complaints();
    }
}
