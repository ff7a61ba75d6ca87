//! Notices and the channels of the settings, while these change. A server on this machine takes them, so the clock is
//! the real one; nothing waits for a time to pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sitewatch::service::config::{ChannelConfig, ChannelKind, ServiceConfig, Told, WebhookConfig, When};
use sitewatch::service::{Action, Service, Watch};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;
use url::Url;

use super::setup::{config, dial, site, stop};
use super::web::Web;

const HOUR: Duration = Duration::from_secs(3_600);

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(60);

/// A server that keeps what it is sent until the test answers.
struct Receiver {
    url: Url,
    requests: mpsc::Receiver<Request>,
    task: JoinHandle<()>,
}

/// A request that waits for its answer.
struct Request {
    /// Of its notices.
    ids: Vec<i64>,
    socket: BufReader<TcpStream>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let (sender, requests) = mpsc::channel(16);
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let request = read(BufReader::new(socket)).await;
                // A test that has failed does not listen any more.
                if sender.send(request).await.is_err() {
                    return;
                }
            }
        });
        Self { url, requests, task }
    }

    async fn next(&mut self) -> Request {
        timeout(LIMIT, self.requests.recv()).await.unwrap().unwrap()
    }

    /// A channel of this server.
    fn channel(&self, wait: Duration) -> ChannelConfig {
        let webhook = WebhookConfig { url: self.url.clone(), secret: None, headers: BTreeMap::new() };
        ChannelConfig { kind: ChannelKind::Webhook(webhook), on: BTreeSet::from(Told::ALL), wait }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(mut socket: BufReader<TcpStream>) -> Request {
    let mut length = 0;
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.unwrap();
        match line.trim_end().to_ascii_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().unwrap(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let ids = body["notices"].as_array().unwrap().iter().map(|notice| notice["id"].as_i64().unwrap());
    Request { ids: ids.collect(), socket }
}

impl Request {
    /// Says that it was taken.
    async fn taken(mut self) {
        let answer = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
        self.socket.write_all(answer.as_bytes()).await.unwrap();
        self.socket.shutdown().await.unwrap();
    }
}

/// A site with a link that is broken, and its channels.
struct Fixture {
    folder: tempfile::TempDir,
    web: Arc<Web>,
}

impl Fixture {
    fn new() -> Self {
        let web = Web::new([("http://s.test/", "<a href=gone/0>0</a>")]);
        Self { folder: tempfile::tempdir().unwrap(), web }
    }

    fn config<'a>(&self, channels: impl IntoIterator<Item = (&'a str, ChannelConfig)>) -> ServiceConfig {
        let mut watched = site("http://s.test/", When::ByHand);
        watched.notify = vec!["ops".to_owned()];
        let notify = channels.into_iter().map(|(name, channel)| (name.to_owned(), channel)).collect();
        ServiceConfig { notify, ..config(self.folder.path(), [("s", watched)]) }
    }

    async fn start(&self, config: ServiceConfig) -> Service {
        Service::builder(config).dial(dial(Arc::clone(&self.web))).start().await.unwrap()
    }

    /// Has a link break, and has the site checked.
    async fn check(&self, service: &Service, link: u32) {
        self.web.put("http://s.test/", &format!("<a href=gone/{link}>{link}</a>"));
        // The check before may be about to end.
        until(async || service.act("s", Action::Check).await.unwrap().changed).await;
    }

    /// The notices in the database: why they ended, if they did.
    fn notices(&self) -> Vec<(bool, Option<String>)> {
        ended(&self.folder.path().join("watch.db"))
    }
}

fn ended(database: &Path) -> Vec<(bool, Option<String>)> {
    let database = rusqlite::Connection::open(database).unwrap();
    database.busy_timeout(LIMIT).unwrap();
    let mut find = database.prepare("select ended is not null, why from notice order by id").unwrap();
    let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Waits until something is so.
async fn until(mut what: impl AsyncFnMut() -> bool) {
    let so = async {
        while !what().await {
            yield_now().await;
        }
    };
    timeout(LIMIT, so).await.unwrap();
}

#[tokio::test]
async fn other_channels_in_the_middle_of_a_delivery_send_nothing_twice() {
    let (fixture, mut receiver, other) = (Fixture::new(), Receiver::start().await, Receiver::start().await);
    let ops = receiver.channel(Duration::ZERO);
    let service = fixture.start(fixture.config([("ops", ops.clone())])).await;
    fixture.check(&service, 1).await;
    let first = receiver.next().await;
    let channels = [("ops", ops), ("other", other.channel(Duration::ZERO))];
    // It does not wait for the answer, which it would never get.
    timeout(LIMIT, service.reload(fixture.config(channels))).await.unwrap().unwrap();
    assert_eq!(service.notices().channels.keys().collect::<Vec<_>>(), ["ops", "other"]);
    let ids = first.ids.clone();
    first.taken().await;
    fixture.check(&service, 2).await;
    let second = receiver.next().await;
    assert_eq!(ids, [1]);
    assert_eq!(second.ids, [2]);
    second.taken().await;
    until(async || fixture.notices() == [(true, None), (true, None)]).await;
    assert_eq!(service.notices().channels["ops"].sent, 1, "the other was sent before");
    stop(service).await;
}

#[tokio::test]
async fn where_the_channels_stay_the_same_their_delivery_goes_on() {
    let (fixture, mut receiver) = (Fixture::new(), Receiver::start().await);
    let config = fixture.config([("ops", receiver.channel(Duration::ZERO))]);
    let service = fixture.start(config.clone()).await;
    fixture.check(&service, 1).await;
    receiver.next().await.taken().await;
    until(async || service.notices().channels["ops"].sent == 1).await;
    service.reload(ServiceConfig { grace: HOUR, ..config }).await.unwrap();
    assert_eq!(service.notices().channels["ops"].sent, 1, "a new one would count from 0");
    stop(service).await;
}

const GONE: &str = "its channel is not in the settings any more";

#[tokio::test]
async fn what_waits_for_a_channel_that_is_taken_out_ends_and_is_not_sent_when_it_is_back() {
    let (fixture, mut receiver) = (Fixture::new(), Receiver::start().await);
    let service = fixture.start(fixture.config([("ops", receiver.channel(HOUR))])).await;
    fixture.check(&service, 1).await;
    until(async || service.notices().channels["ops"].waiting == 1).await;
    assert_eq!(fixture.notices(), [(false, None)]);

    service.reload(fixture.config([])).await.unwrap();
    assert!(service.notices().channels.is_empty(), "nobody is said to wait");
    until(async || fixture.notices() == [(true, Some(GONE.to_owned()))]).await;

    service.reload(fixture.config([("ops", receiver.channel(Duration::ZERO))])).await.unwrap();
    fixture.check(&service, 2).await;
    let request = receiver.next().await;
    assert_eq!(request.ids, [2]);
    request.taken().await;
    until(async || fixture.notices() == [(true, Some(GONE.to_owned())), (true, None)]).await;
    stop(service).await;
}

#[tokio::test]
async fn a_channel_may_be_taken_out_while_nobody_serves() {
    let (fixture, receiver) = (Fixture::new(), Receiver::start().await);
    let service = fixture.start(fixture.config([("ops", receiver.channel(HOUR))])).await;
    fixture.check(&service, 1).await;
    until(async || service.notices().channels["ops"].waiting == 1).await;
    stop(service).await;
    assert_eq!(fixture.notices(), [(false, None)], "a stop ends no notice");
    let service = fixture.start(fixture.config([])).await;
    until(async || fixture.notices() == [(true, Some(GONE.to_owned()))]).await;
    stop(service).await;
}
