//! A site has the same findings in its folder and over HTTP, served by a real static server.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use integration_tests::{Nginx, skip_or_fail};
use sitewatch::check::Checker;
use sitewatch::cli::Target;
use sitewatch::config::CheckConfig;
use sitewatch::report::{Report, Status};

/// Where a finding is, what is written there, and what is wrong with it.
type Finding = (String, u32, u32, String, String);

async fn check(target: Target) -> Report {
    let mut config = CheckConfig { external: false, ..CheckConfig::default() };
    config.http.rate = 0.0;
    config.http.per_host = 8;
    config.http.ignore_robots = true;
    let bound = Duration::from_secs(120);
    let checker = Checker::new(config);
    tokio::time::timeout(bound, checker.run(&target)).await.expect("the check hangs").unwrap()
}

/// What is wrong, under names that both ways share: `dir/` and `dir/index.html` are one page, with or
/// without a query, and what is missing is missing, whether a disk or a server says so.
fn findings(report: &Report, site: &str) -> BTreeSet<Finding> {
    let listed =
        report.links().iter().filter(|link| matches!(link.verdict.status(), Status::Broken | Status::Redirected));
    listed
        .map(|link| {
            let page = link.page.strip_prefix(site).unwrap_or(link.page);
            let page = page.split_once('?').map_or(page, |(path, _)| path);
            let page =
                if page.is_empty() || page.ends_with('/') { format!("{page}index.html") } else { page.to_owned() };
            let reason = match link.verdict.reason.code().to_string().as_str() {
                "missing-file" | "no-index" | "outside-folder" | "http-404" | "http-403" => "missing".to_owned(),
                other => other.to_owned(),
            };
            (page, link.line, link.column, link.link.to_owned(), reason)
        })
        .collect()
}

async fn compare(test: &str, root: &Path) -> Option<BTreeSet<Finding>> {
    let Some(server) = Nginx::serve(root).unwrap() else {
        skip_or_fail(test, "nginx");
        return None;
    };
    let site = server.url("/");
    let on_disk = check(Target::Folder { root: root.to_owned(), from: Some("index.html".into()) }).await;
    let over_http = check(Target::Site(server.url("/index.html").parse().unwrap())).await;
    let (on_disk, over_http) = (findings(&on_disk, &site), findings(&over_http, &site));
    assert_eq!(on_disk, over_http);
    Some(on_disk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_with_every_kind_of_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write(
        "index.html",
        "<link rel=stylesheet href=style.css>\n<a href=sub>a</a> <a href=sub/>b</a> <a href='a%20b.html#here'>c</a>\n\
         <a href='a%20b.html#gone'>d</a> <a href=none.html>e</a> <a href=empty/>f</a> <img src=pic.png srcset='big.png 2x'>\n\
         <a href='caf%C3%A9.html'>g</a> <a href='index.html?x=1#y'>h</a> <a href='../../index.html'>i</a>",
    );
    write("style.css", "");
    write("sub/index.html", "<base href=deeper/>\n<a href=page.html>a</a> <a href=gone.html>b</a>");
    write("sub/deeper/page.html", "<p id=x><a href='#x'>a</a> <a href='#y'>b</a> <a href='/index.html'>c</a>");
    write("a b.html", "<i id=here>");
    write("caf\u{e9}.html", "<a href='a b.html'>a</a>");
    write("pic.png", "");
    write("empty/data.bin", "");
    let Some(found) = compare("a_site_with_every_kind_of_trouble", folder.path()).await else { return };
    let short: Vec<String> =
        found.iter().map(|(page, line, _, link, reason)| format!("{page}:{line} {link} {reason}")).collect();
    assert_eq!(
        short,
        [
            "index.html:2 sub moved-permanently",
            "index.html:3 a%20b.html#gone missing-fragment",
            "index.html:3 none.html missing",
            "index.html:3 empty/ missing",
            "index.html:3 big.png missing",
            "index.html:4 index.html?x=1#y missing-fragment",
            "sub/deeper/page.html:1 #y missing-fragment",
            "sub/index.html:2 gone.html missing",
        ]
    );
}

/// The Rust Book, where Rust's documentation is installed.
#[tokio::test(flavor = "multi_thread")]
async fn the_rust_book() {
    let test = "the_rust_book";
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().unwrap().stdout;
    let book = PathBuf::from(String::from_utf8(sysroot).unwrap().trim()).join("share/doc/rust/html/book");
    if !book.join("index.html").is_file() {
        skip_or_fail(test, "Rust's documentation (`rustup component add rust-docs`)");
        return;
    }
    compare(test, &book).await;
}
