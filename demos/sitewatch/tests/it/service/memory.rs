//! What a check remembers of the one before, and what it asks for all the same.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sitewatch::check::{Http, Reply, Want};
use sitewatch::config::Scope;
use sitewatch::fetch::{FetchError, Validators};
use sitewatch::service::config::{SiteConfig, When};
use sitewatch::service::{Action, Numbers, Service, Watch};
use url::Url;

use super::setup::{clock, config, dial, done, idle, site, stop};
use super::web::Web;

/// Has a site checked once more; what that did.
async fn check(service: &Service) -> Numbers {
    assert!(service.act("s", Action::Check).await.unwrap().changed);
    idle(service).await;
    done(service, "s").await[0].numbers
}

/// What two checks of a site ask for, a few seconds after one another.
async fn asked_twice(site: SiteConfig, http: Arc<impl Http>, web: &Web) -> [HashMap<String, u32>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), [("s", site)]);
    let service = Service::builder(config).dial(dial(http)).clock(clock()).start().await.unwrap();
    check(&service).await;
    let first = web.asked();
    check(&service).await;
    stop(service).await;
    [first, web.asked()]
}

/// `all` without these, each of which has to be there.
fn without(mut all: HashMap<String, u32>, others: &[&str]) -> HashMap<String, u32> {
    for other in others {
        assert!(all.remove(*other).is_some(), "{other} was not asked for: {all:?}");
    }
    all
}

#[tokio::test(start_paused = true)]
async fn only_what_is_on_another_host_is_remembered() {
    let links = "<a href=a>a</a> <img src=in.png> <img src=/out.png> <a href=/blog/>b</a>
        <a href=http://other.test/>o</a> <a href=http://s.test:8080/>p</a> <a href=https://s.test/>t</a>";
    let web = Web::new([
        ("http://s.test/docs/", links),
        ("http://s.test/docs/a", ""),
        ("http://s.test/docs/in.png", ""),
        ("http://s.test/out.png", ""),
        ("http://s.test/blog/", ""),
        ("http://other.test/", ""),
        ("http://s.test:8080/", ""),
        ("https://s.test/", ""),
    ]);
    let [first, second] = asked_twice(site("http://s.test/docs/", When::ByHand), Arc::clone(&web), &web).await;
    assert_eq!(second, without(first, &["http://other.test/", "http://s.test:8080/", "https://s.test/"]));
}

#[tokio::test(start_paused = true)]
async fn what_is_in_scope_is_the_sites_own_on_whichever_host() {
    // An image that turns out to be a page is asked for as both.
    let links = "<img src=https://cdn.s.test/in.png> <a href=http://other.test/>o</a>";
    let web = Web::new([("http://s.test/", links), ("https://cdn.s.test/in.png", ""), ("http://other.test/", "")]);
    let mut watched = site("http://s.test/", When::ByHand);
    watched.scope = Scope::Domain;
    let [first, second] = asked_twice(watched, Arc::clone(&web), &web).await;
    assert_eq!(first["https://cdn.s.test/in.png"], 2);
    assert_eq!(second, without(first, &["http://other.test/"]));
}

/// Everything at `s.test` has moved.
struct Moved(Arc<Web>);

#[async_trait]
impl Http for Moved {
    async fn fetch(&self, url: &Url, want: Want) -> Reply {
        if url.host_str() != Some("s.test") {
            return self.0.fetch(url, want).await;
        }
        Reply::Redirect { status: 301, to: format!("https://www.s.test{}", url.path()).parse().unwrap() }
    }

    async fn fetch_changed(&self, url: &Url, since: &Validators) -> Reply {
        self.0.fetch_changed(url, since).await
    }

    async fn allowed(&self, _: &Url) -> Result<(), FetchError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_site_that_has_moved_is_where_its_start_page_is_now() {
    let web = Web::new([
        ("https://www.s.test/docs/", "<img src=/logo.png> <a href=http://other.test/>o</a>"),
        ("https://www.s.test/logo.png", ""),
        ("http://other.test/", ""),
    ]);
    let moved = Arc::new(Moved(Arc::clone(&web)));
    let [first, second] = asked_twice(site("http://s.test/docs/", When::ByHand), moved, &web).await;
    assert_eq!(second, without(first, &["http://other.test/"]));
    assert!(second.contains_key("https://www.s.test/logo.png"), "{second:?}");
}

#[tokio::test(start_paused = true)]
async fn whatever_a_folder_asks_for_is_another_site() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<a href=http://other.test/>o</a>").unwrap();
    let web = Web::new([("http://other.test/", "")]);
    let watched = site(folder.path().to_str().unwrap(), When::ByHand);
    let [first, second] = asked_twice(watched, Arc::clone(&web), &web).await;
    assert!(without(first, &["http://other.test/"]).is_empty());
    assert!(second.is_empty(), "{second:?}");
}

/// A page with four links, of which only so many are looked at.
fn many_links(max_links: u64) -> (Arc<Web>, SiteConfig) {
    let links = "<a href=a>a</a> <a href=b>b</a> <a href=c>c</a> <a href=d>d</a>";
    let pages = ["http://s.test/a", "http://s.test/b", "http://s.test/c", "http://s.test/d"].map(|url| (url, ""));
    let web = Web::new([("http://s.test/", links)].into_iter().chain(pages));
    let mut watched = site("http://s.test/", When::ByHand);
    watched.max_links = max_links;
    (web, watched)
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_cut_is_read_anew_once_more_of_its_links_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let (web, watched) = many_links(2);
    let up_to = |max_links| config(folder.path(), [("s", SiteConfig { max_links, ..watched.clone() })]);
    let service = Service::builder(up_to(2)).dial(dial(Arc::clone(&web))).clock(clock()).start().await.unwrap();
    let check = async || {
        let numbers = check(&service).await;
        (web.asked().len(), web.unchanged(), numbers.pages, numbers.broken)
    };
    assert_eq!(check().await, (3, 0, 3, 1), "two links, and one too many");
    assert_eq!(check().await, (3, 3, 3, 1));
    service.reload(up_to(3)).await.unwrap();
    assert_eq!(check().await, (4, 2, 4, 1), "the page is asked for in full, and not the others, which were not cut");
    service.reload(up_to(4)).await.unwrap();
    assert_eq!(check().await, (5, 4, 5, 0), "what was read anew is what is kept: all four, the last not looked at");
    service.reload(up_to(2)).await.unwrap();
    assert_eq!(check().await, (3, 3, 3, 1), "fewer links are part of what is known");
    stop(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_that_goes_on_reads_a_page_that_it_had_cut_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (web, watched) = many_links(2);
    web.delay(Duration::from_secs(1));
    let clock = clock();
    let start = async |max_links| {
        let config = config(folder.path(), [("s", SiteConfig { max_links, ..watched.clone() })]);
        let service = Service::builder(config).dial(dial(Arc::clone(&web))).clock(clock.clone());
        service.start().await.unwrap()
    };
    let service = start(2).await;
    service.act("s", Action::Check).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    stop(service).await;
    assert!(web.asked().contains_key("http://s.test/"));

    let service = start(4).await;
    idle(&service).await;
    let runs = done(&service, "s").await;
    assert_eq!((runs.len(), runs[0].resumed, runs[0].numbers.pages, runs[0].numbers.broken), (1, 1, 5, 0));
    let asked = web.asked();
    assert!(["http://s.test/", "http://s.test/c", "http://s.test/d"].iter().all(|url| asked[*url] == 1), "{asked:?}");
    assert_eq!(web.unchanged(), 0);
    stop(service).await;
}
