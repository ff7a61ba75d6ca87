//! The browser that other tests look through: it does what a person would, and hides nothing.

use std::fs;
use std::time::Duration;

use integration_tests::browser::Browser;
use integration_tests::skip_or_fail;

use crate::support::reply::Reply;
use crate::support::server::{Request, Server};

const BOUND: Duration = Duration::from_secs(180);

/// A browser, unless none is installed, which is told.
pub(crate) async fn browser(test: &str) -> Option<Browser> {
    let browser = Browser::start().await.unwrap();
    if browser.is_none() {
        skip_or_fail(test, "chromium");
    }
    browser
}

/// Runs a scenario, which fails if it hangs.
pub(crate) async fn within_reason<F: Future>(scenario: F) -> F::Output {
    tokio::time::timeout(BOUND, scenario).await.expect("the scenario hangs")
}

fn page(body: &str) -> Reply {
    Reply::html(&format!(
        "<!doctype html><meta name=viewport content='width=device-width'><link rel=icon href='data:,'>\
         <title>A page</title><main>{body}</main>"
    ))
}

#[tokio::test]
async fn it_clicks_types_and_presses_keys_as_a_person_does() {
    within_reason(async {
        let Some(browser) = browser("it_clicks_types_and_presses_keys_as_a_person_does").await else { return };
        let server = Server::start(|request| match &*request.path {
            "/" => page(
                "<form action=/said><input id=name name=name onkeydown='document.title += event.key'></form>\
                 <p style='height: 3000px'>Far below:</p><button onclick=\"this.textContent = 'pressed'\">press</button>\
                 <a href='/next'>on</a>",
            ),
            path => page(path),
        })
        .await;
        let page = browser.page().await.unwrap();
        page.goto(server.url("/").as_str()).await.unwrap();
        page.click("button").await.unwrap();
        assert_eq!(page.text("button").await.unwrap(), "pressed");
        page.press("Tab").await.unwrap();
        assert_eq!(page.eval::<String>("document.activeElement.tagName").await.unwrap(), "A");
        page.press("Shift+Tab").await.unwrap();
        page.press("Shift+Tab").await.unwrap();
        page.type_text("J\u{f6}rg ").await.unwrap();
        for key in ["x", "Backspace", "/"] {
            page.press(key).await.unwrap();
        }
        assert_eq!(page.eval::<String>("document.title").await.unwrap(), "A pagexBackspace/");
        assert_eq!(page.eval::<String>("document.querySelector('#name').value").await.unwrap(), "J\u{f6}rg /");
        page.press("Enter").await.unwrap();
        page.wait_for("location.pathname === '/said'").await.unwrap();
        assert_eq!(page.text("main").await.unwrap(), "/said?name=J%C3%B6rg+%2F");
        assert!(page.press("Any").await.is_err(), "there is no such key");
    })
    .await;
}

#[tokio::test]
async fn what_lies_under_something_else_can_not_be_clicked() {
    within_reason(async {
        let Some(browser) = browser("what_lies_under_something_else_can_not_be_clicked").await else { return };
        let over = "<button>x</button><div id=over style='position: fixed; inset: 0; background: red'></div>";
        let server = Server::start(move |_| page(over)).await;
        let page = browser.page().await.unwrap();
        page.goto(server.url("/").as_str()).await.unwrap();
        let error = page.click("button").await.unwrap_err().to_string();
        assert!(error.contains("id=\"over\""), "{error}");
    })
    .await;
}

#[tokio::test]
async fn with_scripts_off_pages_are_read_and_links_followed_all_the_same() {
    within_reason(async {
        let Some(browser) = browser("with_scripts_off_pages_are_read_and_links_followed_all_the_same").await else {
            return;
        };
        let server = Server::start(|request| match &*request.path {
            "/" => page("<a href=/next>plain</a><script>document.querySelector('a').textContent = 'live'</script>"),
            _ => page("next"),
        })
        .await;
        let page = browser.page().await.unwrap();
        for (allowed, text) in [(true, "live"), (false, "plain"), (true, "live")] {
            page.scripts(allowed).await.unwrap();
            page.goto(server.url("/").as_str()).await.unwrap();
            assert_eq!(page.text("a").await.unwrap(), text);
            page.click("a").await.unwrap();
            page.wait_for("location.pathname === '/next'").await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn everything_that_a_page_complains_about_is_kept() {
    within_reason(async {
        let Some(browser) = browser("everything_that_a_page_complains_about_is_kept").await else { return };
        let server = Server::start(|request: &Request| match &*request.path {
            "/good" => page("<script>console.log('fine')</script>"),
            "/logs" => page("<script>console.error('wrong', 7)</script>"),
            "/throws" => page("<script>nothing.here()</script>"),
            "/misses" => page("<img src=/gone.png>"),
            "/cut" => page("<script src=/cut.js></script>"),
            "/cut.js" => Reply::bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n1"),
            "/forbids" => {
                page("<script>document.title = 'ran'</script>").header("Content-Security-Policy", "script-src 'self'")
            }
            _ => Reply::status(404),
        })
        .await;
        let page = browser.page().await.unwrap();
        for (path, complaint) in [
            ("/good", None),
            ("/logs", Some("console.error: wrong 7")),
            ("/throws", Some("exception: ReferenceError")),
            ("/misses", Some("gone.png")),
            ("/cut", Some("cut.js: net::ERR_CONTENT_LENGTH_MISMATCH")),
            ("/forbids", Some("security: ")),
        ] {
            page.goto(server.url(path).as_str()).await.unwrap();
            let complaints = page.complaints().await.unwrap();
            match complaint {
                Some(text) => assert!(complaints.iter().any(|line| line.contains(text)), "{path}: {complaints:?}"),
                None => assert!(complaints.is_empty(), "{path}: {complaints:?}"),
            }
            page.forget_complaints();
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_wider_than_the_page_is_named() {
    within_reason(async {
        let Some(browser) = browser("what_is_wider_than_the_page_is_named").await else { return };
        let server = Server::start(|request| {
            let width = &request.path[1..];
            page(&format!("<div id=box class=a style='width: {width}px'>x</div>"))
        })
        .await;
        let page = browser.page().await.unwrap();
        for (width, mobile) in [(390, true), (800, false)] {
            page.viewport(width, 800, mobile).await.unwrap();
            page.goto(server.url("/300").as_str()).await.unwrap();
            page.no_sideways_scroll().await.unwrap();
            page.goto(server.url("/900").as_str()).await.unwrap();
            let error = page.no_sideways_scroll().await.unwrap_err().to_string();
            assert!(error.contains(&format!("wide instead of {width}: ")) && error.contains("div#box.a"), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_picture_shows_the_page_in_its_size_and_light() {
    within_reason(async {
        let Some(browser) = browser("a_picture_shows_the_page_in_its_size_and_light").await else { return };
        let style =
            "<style>:root { color-scheme: light dark } body { margin: 0 }</style><p style='height: 2000px; margin: 0'>";
        let server = Server::start(move |_| page(style)).await;
        let folder = tempfile::tempdir().unwrap();
        let page = browser.page().await.unwrap();
        page.viewport(400, 300, false).await.unwrap();
        page.goto(server.url("/").as_str()).await.unwrap();
        let mut pictures = Vec::new();
        for (dark, full, height) in [(false, false, 300), (false, true, 2000), (true, false, 300)] {
            page.dark(dark).await.unwrap();
            let file = folder.path().join("picture.png");
            page.screenshot(&file, full).await.unwrap();
            let picture = fs::read(&file).unwrap();
            // Signature, length and name of the first chunk; then width and height: the PNG specification, 11.2.1.
            assert_eq!(&picture[1..4], b"PNG");
            let number = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
            assert_eq!((number(16), number(20)), (400, height));
            pictures.push(picture);
        }
        assert_ne!(pictures[0], pictures[2], "dark as light");
    })
    .await;
}

#[tokio::test]
async fn pages_share_no_cookies() {
    within_reason(async {
        let Some(browser) = browser("pages_share_no_cookies").await else { return };
        let server = Server::start(|_| page("").header("Set-Cookie", "known=yes")).await;
        let (first, second) = (browser.page().await.unwrap(), browser.page().await.unwrap());
        for page in [&first, &second, &first] {
            page.goto(server.url("/").as_str()).await.unwrap();
        }
        let log = server.log();
        let visits: Vec<bool> = log
            .iter()
            .filter(|request| request.path == "/")
            .map(|request| request.headers.contains_key("cookie"))
            .collect();
        assert_eq!(visits, [false, false, true]);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_come_is_told_with_what_was_there_instead() {
    within_reason(async {
        let Some(browser) = browser("what_does_not_come_is_told_with_what_was_there_instead").await else { return };
        let server = Server::start(|_| page("")).await;
        let page = browser.page().await.unwrap();
        page.goto(server.url("/").as_str()).await.unwrap();
        let late = page.wait_within("document.title === 'B'", Duration::from_millis(100)).await.unwrap_err();
        assert!(late.to_string().ends_with("document.title === 'B'; it was false"), "{late}");
        let throws = page.eval::<u32>("nothing").await.unwrap_err();
        assert!(throws.to_string().starts_with("nothing: ReferenceError"), "{throws}");
        let other = page.eval::<u32>("'text'").await.unwrap_err();
        assert!(other.to_string().starts_with("'text': invalid type"), "{other}");
        let nobody = page.goto("http://127.0.0.1:9/").await.unwrap_err();
        assert!(nobody.to_string().contains("net::ERR_"), "{nobody}");
    })
    .await;
}
