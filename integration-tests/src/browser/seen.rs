use std::collections::HashMap;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;

/// So many complaints are kept: a page that fails over and over has said enough.
const MOST: usize = 200;

/// What a page has told of itself.
#[derive(Debug)]
pub(super) struct Seen {
    /// The load that has come to its end last.
    pub(super) loaded: watch::Sender<String>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    complaints: Vec<String>,
    /// The addresses of the requests that are under way, by the browser's name for each.
    requests: HashMap<String, String>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { loaded: watch::Sender::new(String::new()), inner: Mutex::default() }
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        self.inner.lock().complaints.clone()
    }

    pub(super) fn forget_complaints(&self) {
        self.inner.lock().complaints.clear();
    }

    pub(super) fn note(&self, event: &str, params: &Value) {
        let mut inner = self.inner.lock();
        let request = || text(&params["requestId"]);
        let complaint = match event {
            "Page.lifecycleEvent" => {
                if params["name"] == "load" {
                    self.loaded.send_replace(text(&params["loaderId"]));
                }
                None
            }
            "Network.requestWillBeSent" => {
                inner.requests.insert(request(), text(&params["request"]["url"]));
                None
            }
            "Network.loadingFinished" => {
                inner.requests.remove(&request());
                None
            }
            "Network.loadingFailed" => {
                let url = inner.requests.remove(&request()).unwrap_or_default();
                // Whoever goes to another page no longer wants what this one waits for.
                let is_complaint = params["canceled"] != true;
                is_complaint.then(|| {
                    let (why, blocked) = (text(&params["errorText"]), text(&params["blockedReason"]));
                    format!("request failed: {url}: {why}{blocked}")
                })
            }
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                let thrown = &details["exception"]["description"];
                let what = if thrown.is_string() { thrown } else { &details["text"] };
                Some(format!("exception: {} ({}:{})", text(what), text(&details["url"]), details["lineNumber"]))
            }
            "Runtime.consoleAPICalled" => {
                let kind = text(&params["type"]);
                matches!(&*kind, "error" | "warning" | "assert").then(|| {
                    let args = params["args"].as_array().into_iter().flatten();
                    let args: Vec<String> = args.map(argument).collect();
                    format!("console.{kind}: {}", args.join(" "))
                })
            }
            "Log.entryAdded" => {
                let entry = &params["entry"];
                (entry["level"] == "error")
                    .then(|| format!("{}: {} ({})", text(&entry["source"]), text(&entry["text"]), text(&entry["url"])))
            }
            _ => None,
        };
        if let Some(complaint) = complaint.filter(|_| inner.complaints.len() < MOST) {
            inner.complaints.push(complaint);
        }
    }
}

/// An argument of a call of the console's, as that would show it.
fn argument(argument: &Value) -> String {
    match (&argument["value"], &argument["description"]) {
        (Value::Null, description) => text(description),
        (Value::String(value), _) => value.clone(),
        (value, _) => value.to_string(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
