//! Sitemaps on a server that means harm.

use std::time::Duration;

use sitewatch::check::Checker;
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::fetch::Private;
use tokio::time::timeout;

use super::server::{Server, answer, missing};

fn xml(body: impl AsRef<[u8]>) -> Vec<u8> {
    answer("200 OK", "content-type: application/xml\r\n", body)
}

fn index(paths: impl IntoIterator<Item = String>) -> Vec<u8> {
    let entries: String = paths.into_iter().map(|path| format!("<sitemap><loc>{path}</loc></sitemap>")).collect();
    xml(format!("<sitemapindex>{entries}</sitemapindex>"))
}

/// Why the sitemap `/1.xml` of a server that answers so is of no use, and what was asked for to find out.
async fn refused(site: fn(&str) -> Vec<u8>) -> (String, Vec<String>) {
    let server = Server::start(site).await;
    let mut config = CheckConfig::default();
    (config.http.rate, config.http.retries, config.http.private) = (0.0, 0, Private::Refuse);
    config.http.private_hosts = vec![server.authority()];
    let target = Target::SitemapUrl(server.url("/1.xml"));
    let checked = timeout(Duration::from_secs(60), Checker::new(config).run(&target)).await.expect("it ends");
    (checked.unwrap_err().to_string(), server.asked())
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_that_name_one_another_are_read_once_each() {
    let asked = std::sync::Arc::new(parking_lot::Mutex::new(String::new()));
    let base = std::sync::Arc::clone(&asked);
    let server = Server::start(move |path| {
        let base = base.lock().clone();
        match path {
            "/1.xml" => index([format!("{base}2.xml"), format!("{base}1.xml")]),
            "/2.xml" => index([format!("{base}1.xml"), format!("{base}2.xml")]),
            _ => missing(),
        }
    })
    .await;
    *asked.lock() = server.url("/").to_string();
    let mut config = CheckConfig::default();
    config.http.rate = 0.0;
    let target = Target::SitemapUrl(server.url("/1.xml"));
    let checked = timeout(Duration::from_secs(60), Checker::new(config).run(&target)).await.expect("it ends");
    let error = checked.unwrap_err().to_string();
    assert!(error.ends_with("it names no page"), "{error}");
    assert_eq!(server.asked(), ["/1.xml", "/2.xml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_too_many_is_refused_before_they_are_read() {
    let (error, asked) = refused(|path| match path {
        "/1.xml" => index((0..50_000).map(|number| format!("http://sitemaps.invalid/{number}.xml"))),
        _ => missing(),
    })
    .await;
    assert!(error.ends_with("it leads to more than 100 sitemaps"), "{error}");
    assert_eq!(asked, ["/1.xml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitemap_at_a_private_address_is_not_read() {
    let (error, _) = refused(|_| index(["http://169.254.169.254/latest.xml".to_owned()])).await;
    let (start, why) = error.split_once(": leads to a private address ").unwrap();
    assert_eq!(start, "cannot check http://169.254.169.254/latest.xml");
    assert_eq!(why, "(169.254.169.254), which is not asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sitemap_is_refused_in_one_sentence() {
    let (error, _) =
        refused(|_| xml("<!DOCTYPE urlset [<!ENTITY a 'x'>]><urlset><url><loc>&a;</loc></url></urlset>")).await;
    assert!(error.ends_with("unknown character reference `&a;`"), "{error}");
    let (error, _) = refused(|_| xml("<urlset>".repeat(500))).await;
    assert!(error.ends_with("more than 100 elements inside one another"), "{error}");
}
