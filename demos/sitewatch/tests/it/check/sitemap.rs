//! Sitemaps on a server.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use sitewatch::check::{CheckError, Checker};
use sitewatch::cli::Target;
use sitewatch::fetch::{FetchError, Pacer};

use super::config;
use super::web::Web;

/// Gives nobody a turn, and notes who wanted one.
#[derive(Debug, Default)]
struct Closed(Mutex<Vec<String>>);

#[async_trait]
impl Pacer for Closed {
    async fn turn(&self, host: &str) -> Result<(), FetchError> {
        self.0.lock().push(host.to_owned());
        Err(FetchError::Status(418))
    }

    async fn pause(&self, _host: &str, _wait: Duration) {}

    async fn slow_down(&self, _host: &str, _spacing: Duration) {}
}

#[tokio::test(start_paused = true)]
async fn a_sitemap_is_asked_for_at_the_pace_that_is_given_also_where_pages_are_fetched_by_others() {
    let pacer = Arc::new(Closed::default());
    let checker = Checker::new(config()).http(Web::default().shared()).pacer(pacer.clone());
    let target = Target::SitemapUrl("http://s.test/sitemap.xml".parse().unwrap());
    let refused = checker.run(&target).await.unwrap_err();
    assert!(matches!(refused, CheckError::Start { why: FetchError::Status(418), .. }), "{refused:?}");
    assert_eq!(*pacer.0.lock(), ["s.test:80"]);
}
