//! Databases of other versions.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::Connection;
use sitewatch::service::{AtRest, FindingQuery, FindingView, RunState, Watch};
use sitewatch::store::{Store, StoreError};

use super::{broken, open};

/// A database of the second version, as that made it: with a site, a complete run and one that goes on, what they
/// remember, two findings that are open, and one that was fixed and is broken again.
fn second_version(file: &Path) {
    let words = [("{id}", "integer primary key"), ("{int}", "integer"), ("{blob}", "blob"), ("{strict}", " strict")];
    let schema = include_str!("../../../src/store/db/schema.sql").to_owned();
    let schema = words.iter().fold(schema, |schema, (word, meaning)| schema.replace(word, meaning));
    let db = Connection::open(file).unwrap();
    db.execute_batch(&schema).unwrap();
    db.execute_batch(
        "create table sitewatch_version (version integer primary key) strict;
        insert into sitewatch_version values (2);
        insert into site (name, target) values ('docs', 'docs');
        insert into run (site, token, cause, began, ended, state, broken, numbers, timeline) values
            (1, 'docs 1', 'schedule', 1000, 2000, 'done', 2, '{}', '[]'),
            (1, 'docs 2', 'schedule', 3000, null, 'running', 0, '{}', '[]');
        insert into outline (site, hash, content) values (1, 'h', x'00');
        insert into visit (run, url, want, answer, outline, how, seen) values
            (1, 'http://docs/', 'page', '\"html\"', 'h', 'asked', 1500),
            (2, 'http://docs/', 'page', '\"html\"', 'h', 'asked', 3500);
        insert into finding
            (site, page, line, col, text, link, url, reason, message, redirects, first_seen, last_seen, times, fixed_at)
        values
            (1, 'a.html', 1, 2, 'there', 'b', 'b', 'http-404', '404 Not Found', '[]', 1000, 2000, 7, null),
            (1, 'a.html', 1, 2, 'there', 'ü', 'ü', 'http-404', '404 Not Found', '[]', 1000, 2000, 7, null),
            (1, 'a.html', 1, 2, 'there', 'b', 'b', 'http-404', '404 Not Found', '[]', 100, 200, 3, 300);
        pragma user_version = 2;",
    )
    .unwrap();
}

async fn findings(store: &Store, fixed: bool) -> Vec<FindingView> {
    let query = FindingQuery { fixed, ..FindingQuery::default() };
    AtRest::new(store.clone()).findings("docs", &query).await.unwrap().items
}

#[tokio::test]
async fn what_the_second_version_found_is_known_and_not_found_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("watch.db");
    second_version(&file);
    let store = open(&file).await.unwrap();
    let before = findings(&store, true).await;
    assert_eq!(before.len(), 3, "{before:#?}");

    // One is as it was, one is fixed, and one is new.
    let report = Arc::new(broken("docs", &[("a.html", "ü"), ("a.html", "c")]));
    let run = store.save(Arc::clone(&report), SystemTime::now()).await.unwrap();
    let after = findings(&store, false).await;
    let known: Vec<_> = after.iter().map(|finding| (&*finding.url, finding.times)).collect();
    assert_eq!(known, [("ü", 8), ("c", 1)]);
    assert_eq!(after[0].first_seen.as_millisecond(), 1_000);
    assert!(before.iter().any(|finding| finding.id == after[0].id), "it has another number: {after:#?}");
    let numbers = AtRest::new(store.clone()).run(run).await.unwrap().numbers;
    assert_eq!((numbers.newly_broken, numbers.fixed), (1, 1));

    store.save(report, SystemTime::now()).await.unwrap();
    assert_eq!(findings(&store, false).await.len(), 2);
    assert_eq!(findings(&store, true).await.len(), 4, "what is fixed is kept");
}

#[tokio::test]
async fn a_run_that_the_second_version_left_is_still_to_be_gone_on_with_and_remembers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("watch.db");
    second_version(&file);
    let store = open(&file).await.unwrap();
    let site = AtRest::new(store).site("docs").await.unwrap();
    assert_eq!(site.last.map(|run| (run.id, run.state)), Some((1, RunState::Done)));
    assert_eq!(site.current.map(|run| (run.id, run.state)), Some((2, RunState::Running)));
    let db = Connection::open(&file).unwrap();
    let left = "select (select count(*) from visit) + (select count(*) from outline)";
    assert_eq!(db.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[tokio::test]
async fn a_database_of_a_later_version_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("watch.db");
    drop(open(&file).await.unwrap());
    let db = Connection::open(&file).unwrap();
    db.execute_batch("insert into sitewatch_version values (99); pragma user_version = 99").unwrap();
    let state = || -> (i64, i64) {
        let number = |pragma: &str| db.query_row(pragma, [], |row| row.get(0)).unwrap();
        (number("pragma user_version"), number("pragma schema_version"))
    };
    let before = state();
    let error = open(&file).await.unwrap_err();
    assert!(matches!(error, StoreError::Foreign { version: 99, .. }), "{error:?}");
    assert_eq!(before.0, 99);
    assert_eq!(state(), before);
}
