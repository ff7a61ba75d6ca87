//! What a server is sent, and what its answers mean.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use sitewatch::notify::{Channel, NoticeKind, SendError, SetupError, Webhook, WebhookSettings, verify};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use super::{changed, notice};

/// A request that arrived.
#[derive(Clone, Debug)]
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A server that answers each request with the next of its answers, and with 200 when there is none left.
struct Receiver {
    url: Url,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    async fn answering<A: Into<String>>(answers: impl IntoIterator<Item = A>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/3f9a", listener.local_addr().unwrap()).parse().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answers: Vec<String> = answers.into_iter().map(Into::into).collect();
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut answers = answers.into_iter();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let answer = answers.next().unwrap_or_else(|| answer("200 OK", "", ""));
                serve(socket, &seen, &answer).await;
            }
        });
        Self { url, requests, task }
    }

    fn settings(&self) -> WebhookSettings {
        let headers = BTreeMap::from([("X-Team".to_owned(), "docs".to_owned())]);
        WebhookSettings { url: self.url.clone(), secret: Some("whsec-example".to_owned()), headers }
    }

    fn webhook(&self) -> Webhook {
        Webhook::new(self.settings()).unwrap()
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpStream, seen: &Mutex<Vec<Request>>, answer: &str) {
    let mut socket = BufReader::new(socket);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.unwrap();
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let headers: BTreeMap<String, String> = head[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    socket.read_exact(&mut body).await.unwrap();
    seen.lock().push(Request { line: head.swap_remove(0), headers, body });
    // The client may have had enough of a long answer.
    let _ = socket.write_all(answer.as_bytes()).await;
    let _ = socket.shutdown().await;
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

#[tokio::test]
async fn a_request_is_json_that_is_signed() {
    let receiver = Receiver::answering([answer("204 No Content", "", "")]).await;
    let notices = [changed(), notice(NoticeKind::Failing, "blog")];
    receiver.webhook().send(&notices).await.unwrap();
    let request = &receiver.requests()[0];
    assert_eq!(request.line, "POST /hooks/3f9a HTTP/1.1");
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), json!({ "version": 1, "notices": notices }));
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["x-team"], "docs");
    let timestamp = &request.headers["x-sitewatch-timestamp"];
    assert!(timestamp.parse::<i64>().unwrap() > 1_700_000_000);
    let signature = &request.headers["x-sitewatch-signature"];
    assert!(verify("whsec-example", timestamp, &request.body, signature));
    assert!(!verify("another", timestamp, &request.body, signature));
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let receiver = Receiver::answering::<String>([]).await;
    let webhook = Webhook::new(WebhookSettings { secret: None, ..receiver.settings() }).unwrap();
    webhook.send(&[changed()]).await.unwrap();
    let request = &receiver.requests()[0];
    assert!(request.headers.contains_key("x-sitewatch-timestamp"));
    assert!(!request.headers.contains_key("x-sitewatch-signature"));
}

#[tokio::test]
async fn a_delivery_has_one_name_in_all_attempts_and_no_other_has_it() {
    let receiver = Receiver::answering([answer("503 Service Unavailable", "", "")]).await;
    let webhook = receiver.webhook();
    let (first, other) = (changed(), notice(NoticeKind::Failing, "blog"));
    webhook.send(std::slice::from_ref(&first)).await.unwrap_err();
    webhook.send(std::slice::from_ref(&first)).await.unwrap();
    webhook.send(&[first.clone(), other.clone()]).await.unwrap();
    let mut renumbered = first;
    renumbered.id += 1;
    webhook.send(&[renumbered]).await.unwrap();
    let requests = receiver.requests();
    let names: Vec<&str> = requests.iter().map(|request| &*request.headers["x-sitewatch-delivery"]).collect();
    assert_eq!(names[0], names[1]);
    assert_eq!(names[0].len(), 32);
    assert!(names[1] != names[2] && names[1] != names[3] && names[2] != names[3], "{names:?}");
}

#[tokio::test]
async fn what_may_pass_is_worth_another_attempt_and_other_refusals_are_not() {
    let webhook = async |status: &str| {
        let receiver = Receiver::answering([answer(status, "", "")]).await;
        receiver.webhook().send(&[changed()]).await
    };
    for status in ["200 OK", "201 Created", "202 Accepted", "204 No Content"] {
        webhook(status).await.unwrap();
    }
    for status in ["408 X", "425 X", "429 X", "500 X", "502 X", "503 X", "504 X", "599 X"] {
        let error = webhook(status).await.unwrap_err();
        assert!(!error.is_permanent() && matches!(error, SendError::NotTaken { .. }), "{status}: {error}");
    }
    for status in ["301 X", "307 X", "400 X", "401 X", "403 X", "404 X", "410 X", "413 X", "422 X"] {
        let error = webhook(status).await.unwrap_err();
        assert!(error.is_permanent(), "{status}: {error}");
        assert!(error.to_string().contains(&format!(" refuses it: {}", &status[..3])), "{error}");
    }
}

#[tokio::test]
async fn a_server_may_say_when_to_come_again() {
    let dates = "date: Thu, 26 Nov 2026 15:00:00 GMT\r\nretry-after: Thu, 26 Nov 2026 15:02:00 GMT\r\n";
    let answers = [
        ("429 Too Many Requests", "retry-after: 90\r\n", Some(90)),
        ("503 Service Unavailable", dates, Some(120)),
        ("503 Service Unavailable", "retry-after: soon\r\n", None),
        ("503 Service Unavailable", "", None),
        ("404 Not Found", "retry-after: 90\r\n", None),
    ];
    let receiver = Receiver::answering(answers.map(|(status, headers, _)| answer(status, headers, ""))).await;
    let webhook = receiver.webhook();
    for (status, headers, after) in answers {
        let error = webhook.send(&[changed()]).await.unwrap_err();
        assert_eq!(error.retry_after(), after.map(Duration::from_secs), "{status} {headers}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Receiver::answering::<String>([]).await;
    let location = format!("location: {}\r\n", other.url);
    let receiver = Receiver::answering([answer("308 Permanent Redirect", &location, "")]).await;
    let error = receiver.webhook().send(&[changed()]).await.unwrap_err();
    assert!(error.is_permanent() && error.to_string().contains("it is not followed to http://127.0.0.1:"), "{error}");
    assert_eq!((receiver.requests().len(), other.requests().len()), (1, 0));
}

#[tokio::test]
async fn of_a_refusal_only_the_beginning_is_shown_and_does_no_harm() {
    let body = format!("no such\r\nteam\u{1b}[2J {}", "x".repeat(5_000_000));
    let receiver = Receiver::answering([answer("404 Not Found", "", &body)]).await;
    let error = receiver.webhook().send(&[changed()]).await.unwrap_err().to_string();
    assert!(error.contains(" refuses it: 404 Not Found: no such team\\u{1b}[2J xxx"), "{error}");
    assert!(error.len() < 400, "{error}");
}

#[tokio::test]
async fn nothing_that_is_shown_names_a_secret() {
    let receiver = Receiver::answering([answer("404 Not Found", "", "")]).await;
    let settings = receiver.settings();
    let webhook = Webhook::new(settings.clone()).unwrap();
    let refused = webhook.send(&[changed()]).await.unwrap_err();
    let gone =
        Webhook::new(WebhookSettings { url: "http://127.0.0.1:1/hooks/3f9a".parse().unwrap(), ..settings.clone() });
    let gone = gone.unwrap().send(&[changed()]).await.unwrap_err();
    assert!(matches!(gone, SendError::Unreachable { .. }), "{gone:?}");
    for shown in [format!("{settings:?} {webhook:?}"), format!("{refused} {refused:?}"), format!("{gone} {gone:?}")] {
        for secret in ["3f9a", "whsec-example", "\"docs\""] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("127.0.0.1"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_silent_has_half_a_minute() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let webhook = Webhook::new(WebhookSettings { url, secret: None, headers: BTreeMap::new() }).unwrap();
    let began = Instant::now();
    let error = webhook.send(&[changed()]).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_permanent(), "{error}");
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_by_name() {
    let settings =
        WebhookSettings { url: "http://127.0.0.1/".parse().unwrap(), secret: None, headers: BTreeMap::new() };
    for (name, value) in [
        ("Content-Type", "text/plain"),
        ("X-Sitewatch-Signature", "v1="),
        ("Host", "example.org"),
        ("two words", "x"),
        ("x-team", "a\nb"),
    ] {
        let headers = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let error = Webhook::new(WebhookSettings { headers, ..settings.clone() }).unwrap_err();
        assert!(matches!(&error, SetupError::Header { name: refused, .. } if refused == name), "{error}");
    }
    let guessed = WebhookSettings { secret: Some(String::new()), ..settings.clone() };
    assert_eq!(Webhook::new(guessed).unwrap_err(), SetupError::EmptySecret);
    let mailto = WebhookSettings { url: "mailto:ops@example.org".parse().unwrap(), ..settings };
    assert_eq!(Webhook::new(mailto).unwrap_err(), SetupError::Scheme("mailto".to_owned()));
}
