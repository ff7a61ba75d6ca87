//! Robots and sitemaps that are made to take long.

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use sitewatch::robots::Robots;
use sitewatch::sitemap::{Sitemap, SitemapError};

/// Runs on a thread of its own, so that what takes for ever is a failure and not a hang.
fn in_bounded_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    // What is meant is far below a second; trying every way to place the stars would outlive the sun.
    wait.recv_timeout(Duration::from_secs(60)).expect("it takes too long")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn error(sitemap: &[u8]) -> String {
    Sitemap::parse(sitemap).unwrap_err().to_string()
}

#[test]
fn a_pattern_of_stars_is_compared_with_a_long_path_in_one_pass() {
    let path = format!("/{}", "a".repeat(8_000));
    let body = format!("user-agent: *\ndisallow: /{}b$\n", "*a".repeat(2_000));
    assert!(in_bounded_time(move || Robots::parse(body.as_bytes(), "sitewatch").allows(&path)));
}

#[test]
fn a_robots_txt_full_of_rules_is_read_and_asked_in_bounded_time() {
    let rules: String = (0..20_000).map(|number| format!("disallow: /*{number}x\n")).collect();
    let body = format!("user-agent: *\n{rules}");
    let path = format!("/{}", "1".repeat(2_000));
    assert!(in_bounded_time(move || Robots::parse(body.as_bytes(), "sitewatch").allows(&path)));
}

#[test]
fn a_sitemap_may_be_compressed_and_no_more_is_decompressed_than_it_may_have() {
    let xml = b"<urlset><url><loc>https://a/</loc></url></urlset>";
    assert_eq!(Sitemap::parse(&gzip(xml)).unwrap().pages, ["https://a/"]);
    assert_eq!(error(&gzip(&gzip(xml))), "it is compressed with gzip more than once");
    assert_eq!(error(&gzip(xml)[..30]), "it is compressed with gzip, and can't be decompressed");
    // Sixty members of a mebibyte each.
    let bomb = gzip(&vec![b' '; 1024 * 1024]).repeat(60);
    assert!(bomb.len() < 100_000);
    assert_eq!(Sitemap::parse(&bomb), Err(SitemapError::TooLarge { bytes: 50 * 1024 * 1024 + 1 }));
}

#[test]
fn entities_of_its_own_are_not_expanded() {
    let nested: String = ('b'..='i').map(|name| format!("<!ENTITY {name} '{}'>", "&a;".repeat(10))).collect();
    let bomb = format!("<!DOCTYPE urlset [{nested}]><urlset><url><loc>https://a/&i;</loc></url></urlset>");
    assert!(error(bomb.as_bytes()).ends_with("unknown character reference `&i;`"), "{}", error(bomb.as_bytes()));
    let file = "<!DOCTYPE urlset [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><urlset><url><loc>&f;</loc></url></urlset>";
    assert!(error(file.as_bytes()).ends_with("unknown character reference `&f;`"));
}

#[test]
fn a_sitemap_that_is_deep_or_long_is_refused_with_its_place_and_in_few_words() {
    let deep = format!("<urlset>{}", "\n<a>".repeat(1_000_000));
    assert_eq!(error(deep.as_bytes()), "line 101, column 1: more than 100 elements inside one another");
    let long = format!("<urlset>\n<url><loc>https://a/{}</loc></url></urlset>", "x".repeat(10_000_000));
    assert_eq!(error(long.as_bytes()), "line 2: a URL of more than 8192 bytes");
    let line = format!("https://a/\nhttps://a/{}", "x".repeat(10_000));
    assert_eq!(error(line.as_bytes()), "line 2: a URL of more than 8192 bytes");
    let name = "x".repeat(1_000_000);
    for sitemap in
        [format!("<urlset></{name}>"), format!("<urlset><{name}>"), format!("<urlset>&{name};"), format!("<{name}/>")]
    {
        assert!(error(sitemap.as_bytes()).chars().count() < 300);
    }
    // White space around an address is not part of it.
    let padded = format!("<urlset><url><loc>{0}https://a/{0}</loc></url></urlset>", " ".repeat(20_000));
    assert_eq!(Sitemap::parse(padded.as_bytes()).unwrap().pages, ["https://a/"]);
}
