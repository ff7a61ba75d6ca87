//! What is found is one thing, however often, by however many, and whatever its name.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::try_join_all;
use sitewatch::service::{AtRest, FindingQuery, Watch, WatchError};

use super::{broken, open};

#[tokio::test]
async fn runs_of_a_site_that_end_at_the_same_time_find_a_link_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("watch.db")).await.unwrap();
    let report = Arc::new(broken("docs", &[("a", "b"), ("a", "c")]));
    let runs = try_join_all((0..8).map(|_| store.save(Arc::clone(&report), SystemTime::now()))).await.unwrap();
    assert_eq!(runs.len(), 8);
    let watch = AtRest::new(store);
    let found = watch.findings("docs", &FindingQuery::default()).await.unwrap();
    assert_eq!(found.items.iter().map(|finding| finding.times).collect::<Vec<_>>(), [8, 8]);
    let site = watch.site("docs").await.unwrap();
    assert_eq!(site.broken, 2);
    assert_eq!(site.trend.iter().map(|point| point.broken).collect::<Vec<_>>(), [2; 8]);
}

#[tokio::test]
async fn a_link_with_a_zero_in_it_is_the_same_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("watch.db")).await.unwrap();
    let report = Arc::new(broken("docs", &[("a\0", "b\0c")]));
    for _ in 0..3 {
        store.save(Arc::clone(&report), SystemTime::now()).await.unwrap();
    }
    let query = FindingQuery { fixed: true, ..FindingQuery::default() };
    let found = AtRest::new(store).findings("docs", &query).await.unwrap();
    assert_eq!((found.total, found.items[0].times, &*found.items[0].url), (1, 3, "b\u{fffd}c"));
}

#[tokio::test]
async fn where_a_page_ends_and_its_link_begins_makes_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("watch.db")).await.unwrap();
    let report = broken("docs", &[("a\nb", "c"), ("a", "b\nc"), ("ab", "c"), ("a", "bc")]);
    store.save(report.into(), SystemTime::now()).await.unwrap();
    assert_eq!(AtRest::new(store).site("docs").await.unwrap().broken, 4);
}

#[tokio::test]
async fn a_very_long_target_is_a_site_by_its_beginning_and_another_one_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("watch.db")).await.unwrap();
    let targets = ["ä", "ö"].map(|end| format!("http://s.test/{}{end}", "ü".repeat(4_000)));
    for target in targets.iter().chain(&targets) {
        store.save(broken(target, &[]).into(), SystemTime::now()).await.unwrap();
    }
    let sites = AtRest::new(store).sites().await.unwrap();
    assert_eq!(sites.len(), 2);
    for site in &sites {
        assert!(site.name.len() <= 1_000 && site.name.starts_with("http://s.test/üüü"), "{}", site.name);
        assert!(targets.contains(&site.target));
        assert_eq!(site.trend.len(), 2);
    }
}

#[tokio::test]
async fn a_site_that_is_asked_for_alone_is_as_it_is_among_all() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("watch.db")).await.unwrap();
    store.save(broken("blog", &[("a", "b")]).into(), SystemTime::now()).await.unwrap();
    store.save(broken("docs", &[("a", "b"), ("a", "c")]).into(), SystemTime::now()).await.unwrap();
    store.save(broken("blog", &[]).into(), SystemTime::now()).await.unwrap();
    let watch = AtRest::new(store);
    let all = watch.sites().await.unwrap();
    assert_eq!(all.iter().map(|site| (&*site.name, site.broken)).collect::<Vec<_>>(), [("blog", 0), ("docs", 2)]);
    for site in all {
        assert_eq!(watch.site(&site.name).await.unwrap(), site);
    }
    for nobody in ["news", ""] {
        assert!(matches!(watch.site(nobody).await, Err(WatchError::NoSuchSite(name)) if name == nobody));
    }
}
