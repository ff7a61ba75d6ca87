//! Notices and the channels of the settings, while these change. A server of the test's own takes them, and answers when
//! the test says so.
mod receiver;

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use actors::connection_pool::sqlite::rusqlite::Connection;
use actors::coordinator::Cause;
use async_trait::async_trait;
use sitewatch::check::{Http, Reply, Want};
use sitewatch::fetch::{FetchError, Validators};
use sitewatch::service::config::{ServiceConfig, load};
use sitewatch::service::{Action, Service, Watch};
use tempfile::TempDir;
use tokio::time::timeout;
use url::Url;

use self::receiver::Receiver;
use crate::pool_support::bounded;
use crate::service_crashes::{BOUND, within};

/// A web of one page, which has a link with this number. Nothing is there.
#[derive(Default)]
struct Web {
    link: AtomicU32,
}

#[async_trait]
impl Http for Web {
    async fn fetch(&self, url: &Url, _: Want) -> Reply {
        if url.path() != "/" {
            return Reply::Failed(FetchError::Status(404));
        }
        let body = format!("<a href=gone/{0}>{0}</a>", self.link.load(SeqCst)).into_bytes();
        Reply::Html { body, charset: None, validators: Validators::default() }
    }

    async fn allowed(&self, _: &Url) -> Result<(), FetchError> {
        Ok(())
    }
}

/// A site, and a folder for its settings and its database.
struct Fixture {
    folder: TempDir,
    web: Arc<Web>,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), web: Arc::default() }
    }

    /// Settings with these channels: their names, who takes their notices, and for how long these are gathered. The site
    /// tells `ops`, where there is one.
    fn config(&self, channels: &[(&str, &Receiver, &str)]) -> ServiceConfig {
        let database = self.folder.path().join("watch.db");
        let told = if channels.iter().any(|(name, ..)| *name == "ops") { "'ops'" } else { "" };
        let mut settings = format!(
            "database = '{}'\n[defaults]\nconfirm = {{ times = 0 }}\n\
             [sites.s]\ntarget = 'http://s.test/'\nnotify = [{told}]\n",
            database.display()
        );
        for (name, receiver, wait) in channels {
            let url = &receiver.url;
            writeln!(settings, "[notify.{name}]\nkind = 'webhook'\nurl = '{url}'\nwait = '{wait}'").unwrap();
        }
        let file = self.folder.path().join("sitewatch.toml");
        std::fs::write(&file, settings).unwrap();
        load::<String, String>(&file, []).unwrap()
    }

    async fn start(&self, config: ServiceConfig) -> Service {
        let web: Arc<dyn Http> = self.web.clone();
        Service::builder(config).dial(Arc::new(move |_| Ok(Arc::clone(&web)))).start().await.unwrap()
    }

    /// Has a link break, and has the site checked.
    async fn check(&self, service: &Service, link: u32) {
        self.web.link.store(link, SeqCst);
        // The check before may be about to end.
        let begun = within(BOUND, async || service.act("s", Action::Check).await.unwrap().changed).await;
        assert!(begun, "no check begins");
    }

    /// The notices in the database: whether they have ended, and why, if not as they should.
    fn notices(&self) -> Vec<(bool, Option<String>)> {
        let database = Connection::open(self.folder.path().join("watch.db")).unwrap();
        database.busy_timeout(BOUND).unwrap();
        let mut find = database.prepare("select ended is not null, why from notice order by id").unwrap();
        let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Waits until the notices are these.
    async fn has(&self, notices: &[(bool, Option<&str>)]) {
        let are_these = || {
            let there = self.notices();
            there.iter().map(|(ended, why)| (*ended, why.as_deref())).eq(notices.iter().copied())
        };
        assert!(within(BOUND, async || are_these()).await, "{:?} instead of {notices:?}", self.notices());
    }
}

/// Waits until a notice waits for `ops`.
async fn waits(service: &Service) {
    let waits = within(BOUND, async || service.notices().channels["ops"].waiting == 1).await;
    assert!(waits, "{:?}", service.notices());
}

async fn stop(service: Service) {
    let report = service.stop(Cause::Finished).await;
    assert!(report.is_clean(), "{report}");
}

#[tokio::test]
async fn other_channels_in_the_middle_of_a_delivery_send_nothing_twice() {
    bounded(async {
        let (fixture, mut receiver, other) = (Fixture::new(), Receiver::start().await, Receiver::start().await);
        let service = fixture.start(fixture.config(&[("ops", &receiver, "0s")])).await;
        fixture.check(&service, 1).await;
        let first = receiver.next().await;
        let both = fixture.config(&[("ops", &receiver, "0s"), ("other", &other, "0s")]);
        // It does not wait for the answer, which it would never get.
        timeout(BOUND, service.reload(both)).await.expect("it waits for the answer").unwrap();
        assert_eq!(service.notices().channels.keys().collect::<Vec<_>>(), ["ops", "other"]);
        let ids = first.ids.clone();
        first.taken().await;
        fixture.check(&service, 2).await;
        let second = receiver.next().await;
        assert_eq!(ids, [1]);
        assert_eq!(second.ids, [2]);
        second.taken().await;
        fixture.has(&[(true, None), (true, None)]).await;
        assert_eq!(service.notices().channels["ops"].sent, 1, "the other was sent before");
        stop(service).await;
    })
    .await;
}

#[tokio::test]
async fn where_the_channels_stay_the_same_their_delivery_goes_on() {
    bounded(async {
        let (fixture, mut receiver) = (Fixture::new(), Receiver::start().await);
        let config = fixture.config(&[("ops", &receiver, "0s")]);
        let service = fixture.start(config.clone()).await;
        fixture.check(&service, 1).await;
        receiver.next().await.taken().await;
        let sent = within(BOUND, async || service.notices().channels["ops"].sent == 1).await;
        assert!(sent, "{:?}", service.notices());
        let grace = Duration::from_secs(3_600);
        service.reload(ServiceConfig { grace, ..config }).await.unwrap();
        assert_eq!(service.notices().channels["ops"].sent, 1, "a new one would count from 0");
        stop(service).await;
    })
    .await;
}

const GONE: &str = "its channel is not in the settings any more";

#[tokio::test]
async fn what_waits_for_a_channel_that_is_taken_out_ends_and_is_not_sent_when_it_is_back() {
    bounded(async {
        let (fixture, mut receiver) = (Fixture::new(), Receiver::start().await);
        let service = fixture.start(fixture.config(&[("ops", &receiver, "1h")])).await;
        fixture.check(&service, 1).await;
        waits(&service).await;
        fixture.has(&[(false, None)]).await;

        service.reload(fixture.config(&[])).await.unwrap();
        assert!(service.notices().channels.is_empty(), "nobody is said to wait");
        fixture.has(&[(true, Some(GONE))]).await;

        service.reload(fixture.config(&[("ops", &receiver, "0s")])).await.unwrap();
        fixture.check(&service, 2).await;
        let request = receiver.next().await;
        assert_eq!(request.ids, [2]);
        request.taken().await;
        fixture.has(&[(true, Some(GONE)), (true, None)]).await;
        stop(service).await;
    })
    .await;
}

#[tokio::test]
async fn a_channel_may_be_taken_out_while_nobody_serves() {
    bounded(async {
        let (fixture, receiver) = (Fixture::new(), Receiver::start().await);
        let service = fixture.start(fixture.config(&[("ops", &receiver, "1h")])).await;
        fixture.check(&service, 1).await;
        waits(&service).await;
        stop(service).await;
        fixture.has(&[(false, None)]).await;
        let service = fixture.start(fixture.config(&[])).await;
        fixture.has(&[(true, Some(GONE))]).await;
        stop(service).await;
    })
    .await;
}
