//! The right to serve, where the connection that it is tied to is lost.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use actors::connection_pool::postgres::tokio_postgres::Client;
use integration_tests::Postgres;
use integration_tests::sitewatch::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

use super::observer;
use crate::pool_support::{blocking, postgres};
use crate::service_crashes::{BOUND, LIMIT, within};

/// A way to a server. Where it is cut, whoever came by it learns that his connections are lost, and the server doesn't: as
/// where a router in between has forgotten them.
struct Way {
    port: u16,
    cut: watch::Sender<()>,
    /// Whether the next one that asks for the right to serve never learns the answer: his connection is cut.
    loses: Arc<AtomicBool>,
    /// Goes on until the set is dropped.
    _relays: JoinSet<()>,
}

impl Way {
    async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, mut cuts) = watch::channel(());
        let loses = Arc::<AtomicBool>::default();
        let lost = Arc::clone(&loses);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut relays = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                // The cuts that were before it are none of its.
                cuts.mark_unchanged();
                relays.spawn(relay(near, server, cuts.clone(), Arc::clone(&lost)));
            }
        });
        Self { port, cut, loses, _relays: accepting }
    }

    fn cut(&self) {
        self.cut.send_replace(());
    }
}

async fn relay(mut near: TcpStream, server: u16, mut cuts: watch::Receiver<()>, loses: Arc<AtomicBool>) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let is_cut = {
        let ((mut from_near, mut to_near), (mut from_far, mut to_far)) = (near.split(), far.split());
        tokio::select! {
            cut = there(&mut from_near, &mut to_far, &loses) => cut.unwrap_or(false),
            _ = copy(&mut from_far, &mut to_near) => false,
            _ = cuts.changed() => true,
        }
    };
    if is_cut {
        drop(near);
        // The server waits for what is never to come.
        pending::<()>().await;
    }
    drop(far);
}

/// Carries what is asked to the server until the end of it. Whether that is since an answer is to be lost: then nothing
/// is read from the server any more.
async fn there(near: &mut ReadHalf<'_>, far: &mut WriteHalf<'_>, loses: &AtomicBool) -> io::Result<bool> {
    const TAKE: &[u8] = b"pg_try_advisory_lock";
    let (mut chunk, mut is_prepared) = ([0; 8_192], false);
    loop {
        let length = near.read(&mut chunk).await?;
        far.write_all(&chunk[..length]).await?;
        if length == 0 || (is_prepared && loses.swap(false, SeqCst)) {
            return Ok(length > 0);
        }
        // A statement is prepared, which has an answer of its own, and what comes next runs it.
        is_prepared = chunk[..length].windows(TAKE.len()).any(|text| text == TAKE);
    }
}

/// Settings with a site that nobody checks.
fn settings(database: &str) -> String {
    format!("database = \"{database}\"\n[sites.s]\ntarget = \"http://127.0.0.1:9/\"\n")
}

/// Whose the right to serve is, by its process at the server, and the number of the lock. No other lock of the kind is
/// held for longer than it takes to start.
async fn holder(client: &Client) -> Option<(i32, i64)> {
    let find = "select pid, (classid::bigint << 32) | objid::bigint from pg_locks
        where locktype = 'advisory' and granted and objsubid = 1";
    let rows = client.query(find, &[]).await.unwrap();
    rows.first().map(|row| (row.get(0), row.get(1)))
}

async fn ready(service: &Service) -> bool {
    service.ask("GET", "/readyz", &[], "").await.is_ok_and(|reply| reply.status == 200)
}

/// The service, with such a way to its server.
async fn by_a_way(server: &Postgres) -> (Way, Service) {
    let mut url: Url = server.url("application_name=sitewatch").parse().unwrap();
    let way = Way::to(url.port().unwrap()).await;
    url.set_port(Some(way.port)).unwrap();
    let service = Service::start(&settings(url.as_str())).await.unwrap();
    assert!(within(BOUND, async || ready(&service).await).await, "it said: {}", service.said());
    (way, service)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_the_server_does_not_miss_yet_does_not_cost_the_right_to_serve() {
    let Some(server) = postgres("a connection that the server does not miss").await else { return };
    let scenario = async {
        let client = observer(&server).await;
        let (way, service) = by_a_way(&server).await;
        let (before, lock) = holder(&client).await.unwrap();

        way.cut();
        // It looks each half a minute.
        let again = within(BOUND, async || holder(&client).await.is_some_and(|(now, _)| now != before)).await;
        assert!(again, "the lost connection has it still; it said: {}", service.said());
        assert_eq!(holder(&client).await.unwrap().1, lock);
        assert!(within(BOUND, async || ready(&service).await).await, "it said: {}", service.said());
        assert!(!service.said().contains("another sitewatch"), "it said: {}", service.said());
    };
    timeout(LIMIT, scenario).await.expect("the scenario hangs");
    blocking(move || drop(server)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_after_the_right_was_granted_anew_does_not_cost_it() {
    let Some(server) = postgres("an answer that is lost after the right was granted anew").await else { return };
    let scenario = async {
        let client = observer(&server).await;
        let (way, service) = by_a_way(&server).await;
        let (before, lock) = holder(&client).await.unwrap();

        // Nobody has it now, so whoever asks is granted it.
        way.loses.store(true, SeqCst);
        client.query_one("select pg_terminate_backend($1)", &[&before]).await.unwrap();
        let again = within(BOUND, async || service.said().contains("ready again")).await;
        assert!(again, "it said: {}", service.said());
        assert!(!way.loses.load(SeqCst), "no answer was lost");
        let (now, same) = holder(&client).await.unwrap();
        assert!(now != before && same == lock, "{now} has {same}, and {before} had {lock}");
        assert!(within(BOUND, async || ready(&service).await).await, "it said: {}", service.said());
        assert!(!service.said().contains("another sitewatch"), "it said: {}", service.said());
    };
    timeout(LIMIT, scenario).await.expect("the scenario hangs");
    blocking(move || drop(server)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_taken_over_meanwhile_keeps_the_right_and_the_service_ends() {
    let Some(server) = postgres("whoever has taken over meanwhile").await else { return };
    let scenario = async {
        let client = observer(&server).await;
        let service = Service::start(&settings(&server.url(""))).await.unwrap();
        assert!(within(BOUND, async || ready(&service).await).await, "it said: {}", service.said());
        let (pid, lock) = holder(&client).await.unwrap();
        let take = format!("select pg_terminate_backend({pid}); select pg_advisory_lock({lock})");
        client.batch_execute(&take).await.unwrap();

        let told = "another sitewatch serves from the database";
        let ended = within(BOUND, async || service.said().contains(told)).await;
        assert!(ended, "it goes on; it said: {}", service.said());
        let own: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
        assert_eq!(holder(&client).await, Some((own, lock)));
    };
    timeout(LIMIT, scenario).await.expect("the scenario hangs");
    blocking(move || drop(server)).await;
}
