//! What is kept, where PostgreSQL is another than SQLite: indexes with a limit, rights, and how tables change.

use std::sync::Arc;
use std::time::SystemTime;

use actors::System;
use actors::coordinator::Cause;
use async_trait::async_trait;
use integration_tests::Postgres;
use sitewatch::check::{Http, Reply, Want};
use sitewatch::fetch::{FetchError, Validators};
use sitewatch::report::{LinkResult, Links, Reason, Report, Summary, Verdict};
use sitewatch::service::config::load;
use sitewatch::service::{Action, AtRest, FindingQuery, RunState, Service, Watch};
use sitewatch::store::{Location, Store};
use url::Url;

use super::observer;
use crate::pool_support::{blocking, bounded, postgres};
use crate::service_crashes::{BOUND, within};

/// So many characters that nobody can pack: an index packs what it can.
fn noise(length: usize) -> String {
    let mut state = 0x5eed_u64;
    let digits = (0..length).map(|_| {
        // xorshift64, of Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from_digit((state >> 40) as u32 % 36, 36).unwrap()
    });
    digits.collect()
}

/// A web of two pages, one of which has a very long address; nothing else is there.
struct LongWeb {
    long: String,
}

#[async_trait]
impl Http for LongWeb {
    async fn fetch(&self, url: &Url, _: Want) -> Reply {
        let body = match url.path().strip_prefix('/') {
            Some("") => format!("<a href='/{0}'>there</a> <a href='/{0}gone'>not there</a>", self.long),
            Some(path) if path == self.long => "there".to_owned(),
            _ => return Reply::Failed(FetchError::Status(404)),
        };
        Reply::Html { body: body.into_bytes(), charset: None, validators: Validators::default() }
    }

    async fn allowed(&self, _: &Url) -> Result<(), FetchError> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_are_longer_than_an_entry_of_an_index_are_kept_and_known_again() {
    let Some(server) = postgres("addresses that are longer than an entry of an index").await else { return };
    bounded(async {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("sitewatch.toml");
        let site = "[defaults]\nconfirm = { times = 0 }\n[sites.s]\ntarget = 'http://s.test/'\n";
        std::fs::write(&settings, format!("database = '{}'\n{site}", server.url(""))).unwrap();
        let web: Arc<dyn Http> = Arc::new(LongWeb { long: noise(6_000) });
        let builder = Service::builder(load::<String, String>(&settings, []).unwrap());
        let service = builder.dial(Arc::new(move |_| Ok(Arc::clone(&web)))).start().await.unwrap();
        for checks in 1..=2 {
            // Not as long as the one before is at its very end.
            let begun = within(BOUND, async || service.act("s", Action::Check).await.unwrap().changed);
            assert!(begun.await);
            let done = within(BOUND, async || {
                let runs = service.runs(Some("s"), 10, None).await.unwrap();
                runs.len() == checks && runs.iter().all(|run| run.state != RunState::Running)
            });
            let is_done = done.await;
            let runs = service.runs(Some("s"), 10, None).await.unwrap();
            assert!(is_done && runs[0].state == RunState::Done, "{runs:#?}");
            let numbers = runs[0].numbers;
            assert_eq!((numbers.pages, numbers.broken, numbers.newly_broken), (2, 1, u64::from(checks == 1)));
            assert_eq!(numbers.unchanged, if checks == 1 { 0 } else { 2 }, "the second knows what the first has read");
            let found = service.findings("s", &FindingQuery::default()).await.unwrap();
            assert_eq!((found.total, found.items[0].times), (1, checks as u64));
            assert!(found.items[0].url.len() > 6_000);
        }
        let report = service.stop(Cause::Finished).await;
        assert!(report.is_clean(), "{report}");
    })
    .await;
    blocking(move || drop(server)).await;
}

async fn open(url: &str) -> Store {
    Store::open(&Location::of(url).unwrap(), &System::start().unwrap()).await.unwrap()
}

/// Keeps a check that has found one link to be broken; how many are known then, and how often this one was found.
async fn save(store: &Store, page: &str, url: &str) -> (u64, u64) {
    let verdict = Verdict::new(Reason::HttpStatus(404));
    let mut links = Links::default();
    links.push(LinkResult { page, line: 1, column: 2, text: "there", link: url, url, verdict: &verdict });
    let report = Report::new("docs", Summary { pages: 1, ..Summary::default() }, links, Vec::new());
    store.save(Arc::new(report), SystemTime::now()).await.unwrap();
    let found = AtRest::new(store.clone()).findings("docs", &FindingQuery::default()).await.unwrap();
    (found.total, found.items[0].times)
}

/// The tables as the second version made them, with a run, what it remembers, and a finding.
async fn second_version(server: &Postgres) {
    let id = "bigint generated by default as identity primary key";
    let words = [("{id}", id), ("{int}", "bigint"), ("{blob}", "bytea"), ("{strict}", "")];
    let schema = include_str!("../../../../demos/sitewatch/src/store/db/schema.sql").to_owned();
    let schema = words.iter().fold(schema, |schema, (word, meaning)| schema.replace(word, meaning));
    let content = "create table sitewatch_version (version bigint primary key);
        insert into sitewatch_version values (2);
        insert into site (name, target) values ('docs', 'docs');
        insert into run (site, token, cause, began, ended, state, broken, numbers, timeline)
            values (1, 'docs 1', 'schedule', 1000, 2000, 'done', 1, '{}', '[]');
        insert into outline (site, hash, content) values (1, 'h', '\\x00');
        insert into visit (run, url, want, answer, outline, how, seen)
            values (1, 'http://docs/', 'page', '\"html\"', 'h', 'asked', 1500);
        insert into finding
            (site, page, line, col, text, link, url, reason, message, redirects, first_seen, last_seen, times)
        values (1, 'a.html', 1, 2, 'there', 'ü', 'ü', 'http-404', '404 Not Found', '[]', 1000, 2000, 7);";
    let client = observer(server).await;
    let statements = format!("create schema sitewatch; set search_path = sitewatch; {schema} {content}");
    client.batch_execute(&statements).await.unwrap();
}

#[tokio::test]
async fn what_the_second_version_found_on_postgres_is_known_and_not_found_a_second_time() {
    let Some(server) = postgres("what the second version found").await else { return };
    bounded(async {
        second_version(&server).await;
        let store = open(&server.url("")).await;
        let remembered = "select (select count(*) from sitewatch.visit) + (select count(*) from sitewatch.outline)";
        let remembered: i64 = observer(&server).await.query_one(remembered, &[]).await.unwrap().get(0);
        assert_eq!(remembered, 0, "it is looked up by other keys now");
        assert_eq!(save(&store, "a.html", "ü").await, (1, 8));
    })
    .await;
    blocking(move || drop(server)).await;
}

#[tokio::test]
async fn who_may_make_no_schema_and_no_table_uses_those_that_are_there() {
    let Some(server) = postgres("who may make no schema").await else { return };
    bounded(async {
        open(&server.url("")).await;
        let grants = "create role guest login password 'a secret';
            grant usage on schema sitewatch to guest;
            grant select, insert, update, delete on all tables in schema sitewatch to guest";
        observer(&server).await.batch_execute(grants).await.unwrap();
        let store = open(&server.url_as("guest", "a secret", "postgres", "")).await;
        assert_eq!(save(&store, "a", "b").await, (1, 1));
        assert_eq!(save(&store, "a", "b").await, (1, 2));
    })
    .await;
    blocking(move || drop(server)).await;
}
