//! Who is let in, by which name, and with what on the answers.

use std::net::SocketAddr;

use actix_web::http::Method;
use actix_web::test::TestRequest;
use sitewatch::web::WebSettings;

use super::{HOST, Place, TOKEN, settings};
use crate::web_fake::Fake;

fn from(host: &str) -> TestRequest {
    TestRequest::get().uri("/").insert_header(("host", host))
}

#[tokio::test]
async fn only_our_own_names_are_answered_to() {
    let url = Some("https://status.example.org/".parse().unwrap());
    let place = Place::with(&WebSettings { url, ..settings() }, Fake::default());
    for host in [
        HOST,
        "localhost:8080",
        "LOCALHOST:8080",
        "[::1]:8080",
        "status.example.org",
        "Status.Example.org",
        "status.example.org:443",
    ] {
        assert_eq!(place.ask_bare(from(host)).await.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1",
        "127.0.0.1:9090",
        "localhost",
        "10.0.0.1:8080",
        "status.example.org:8443",
        "status.example.org.evil.example",
        "evil.example@127.0.0.1:8080",
        "127.0.0.1:8080/x",
        "",
        "[",
    ] {
        let answer = place.ask_bare(from(host)).await;
        assert_eq!(answer.status, 421, "{host}");
        answer.lacks("docs");
    }
    assert_eq!(place.ask_bare(TestRequest::get().uri("/")).await.status, 421, "without a name");
    let api = TestRequest::get().uri("/api/v1/sites").insert_header(("host", "evil.example"));
    assert_eq!(place.ask_bare(api).await.status, 421);
}

#[tokio::test]
async fn where_all_addresses_are_listened_at_each_number_is_ours_and_no_name() {
    let listen = vec!["0.0.0.0:8080".parse().unwrap()];
    let place = Place::with(&WebSettings { listen, ..settings() }, Fake::default());
    for host in ["10.0.0.1:8080", "192.168.1.5:9000", "[2001:db8::1]:8080", "localhost:9000"] {
        assert_eq!(place.ask_bare(from(host)).await.status, 200, "{host}");
    }
    for host in ["evil.example:8080", "localhost.evil.example:8080"] {
        assert_eq!(place.ask_bare(from(host)).await.status, 421, "{host}");
    }
}

#[tokio::test]
async fn the_link_with_the_token_logs_in_and_leads_to_the_address_without_it() {
    let place = Place::new(Fake::default());
    let answer = place.get(&format!("/?token={TOKEN}")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    let cookie = answer.header("set-cookie");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains(TOKEN), "{cookie}");
    place.known().await.get("/").await.shows("Log out");

    for wrong in ["", "0123456789abcdef-tokem", "0123456789abcdef-token2"] {
        let answer = place.get(&format!("/?token={wrong}")).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/login?wrong=1"), "{wrong}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    let head = TestRequest::default().method(Method::HEAD).uri(&format!("/?token={TOKEN}"));
    assert_eq!(place.ask(head).await.header("set-cookie"), "", "whoever looks ahead for others is not logged in");
}

#[tokio::test]
async fn a_cookie_that_was_given_by_https_stays_there() {
    let url = Some("https://status.example.org/".parse().unwrap());
    let place = Place::with(&WebSettings { url, ..settings() }, Fake::default());
    let uri = format!("/?token={TOKEN}");
    for (host, secure) in [("status.example.org", true), (HOST, false)] {
        let answer = place.ask_bare(TestRequest::get().uri(&uri).insert_header(("host", host))).await;
        assert_eq!(answer.header("set-cookie").ends_with("; Secure"), secure, "{host}");
    }
    let ours = TestRequest::post().uri("/login").insert_header(("host", "status.example.org"));
    let ours = ours.insert_header(("origin", "https://status.example.org")).set_form([("token", TOKEN)]);
    assert_eq!(place.ask_bare(ours).await.status, 303);
}

fn attempt(token: &str, next: &str) -> TestRequest {
    TestRequest::post().uri("/login").set_form([("token", token), ("next", next)])
}

#[tokio::test]
async fn the_form_logs_in_and_leads_to_where_somebody_came_from_and_no_further() {
    let place = Place::new(Fake::default());
    for (next, location) in [
        ("/sites/docs?by=page", "/sites/docs?by=page"),
        ("", "/"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
    ] {
        let answer = place.ask(attempt(TOKEN, next)).await;
        assert_eq!((answer.status, answer.header("location")), (303, location), "{next}");
        assert!(answer.header("set-cookie").starts_with("sitewatch-8080="));
    }
    let wrong = place.ask(attempt("0123456789abcdef", "/sites/docs")).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, ""));
    wrong.shows("That is not the token");
    wrong.shows("name=\"next\" value=\"/sites/docs\"");
    wrong.lacks("0123456789abcdef");
    let known = place.known().await;
    assert_eq!(known.get("/login?next=/machinery").await.header("location"), "/machinery");
}

#[tokio::test(start_paused = true)]
async fn whoever_guesses_has_to_wait() {
    let place = Place::new(Fake::default());
    let peer = |last: u8| SocketAddr::from(([10, 0, 0, last], 4_711));
    for _ in 0..10 {
        assert_eq!(place.ask(attempt("wrong", "").peer_addr(peer(1))).await.status, 401);
    }
    let late = place.ask(attempt(TOKEN, "").peer_addr(peer(1))).await;
    assert_eq!(late.status, 429, "the right one too: else it could be told");
    assert!(late.header("retry-after").parse::<u64>().unwrap() >= 1);
    let link = TestRequest::get().uri(&format!("/?token={TOKEN}")).peer_addr(peer(1));
    assert_eq!(place.ask(link).await.status, 429);
    assert_eq!(place.ask(attempt(TOKEN, "").peer_addr(peer(2))).await.status, 303, "others need not");
    tokio::time::advance(std::time::Duration::from_secs(6)).await;
    assert_eq!(place.ask(attempt(TOKEN, "").peer_addr(peer(1))).await.status, 303);

    // Who has an IPv6 address has its network.
    let peer = |last: u16| SocketAddr::from(([0x2001, 0xdb8, 0, 1, 0, 0, 0, last], 4_711));
    for last in 0..10 {
        assert_eq!(place.ask(attempt("wrong", "").peer_addr(peer(last))).await.status, 401);
    }
    assert_eq!(place.ask(attempt("wrong", "").peer_addr(peer(10))).await.status, 429);
}

#[tokio::test]
async fn where_looking_needs_the_token_nothing_is_told_without_it() {
    let settings = WebSettings { read_needs_token: true, ..settings() };
    let place = Place::with(&settings, Fake { reasons: vec!["the disk is full".to_owned()], ..Fake::default() });
    for (uri, location) in [
        ("/", "/login?next=%2F"),
        ("/sites/docs?by=page", "/login?next=%2Fsites%2Fdocs%3Fby%3Dpage"),
        ("/sites/nothing", "/login?next=%2Fsites%2Fnothing"),
        ("/sites/docs/findings.txt", "/login?next=%2Fsites%2Fdocs%2Ffindings.txt"),
        ("/machinery", "/login?next=%2Fmachinery"),
        ("/workers", "/login?next=%2Fworkers"),
        ("/jobs?state=dead", "/login?next=%2Fjobs%3Fstate%3Ddead"),
    ] {
        let answer = place.get(uri).await;
        assert_eq!((answer.status, answer.header("location")), (303, location), "{uri}");
        answer.lacks("docs/");
    }
    assert_eq!(place.get("/events").await.status, 401);
    assert_eq!(place.get("/nothing").await.status, 404);
    let fragment = TestRequest::get().uri("/").insert_header(("x-fragment", "main"));
    assert_eq!(place.ask(fragment).await.status, 401);
    let login = place.get("/login").await;
    assert_eq!(login.status, 200);
    login.lacks("the disk is full");
    login.lacks("Go on without");
    place.known().await.get("/sites/docs").await.shows("gone-1.html");
    let bearer = TestRequest::get().uri("/").insert_header(("authorization", format!("bearer {TOKEN}")));
    assert_eq!(place.ask(bearer).await.status, 200);
}

#[tokio::test]
async fn the_headers_that_keep_a_page_safe_are_on_every_answer() {
    let place = Place::new(Fake::default());
    let style = asset(&place, ".css").await;
    for (uri, host) in [
        ("/", HOST),
        ("/login", HOST),
        ("/nothing", HOST),
        ("/events", "evil.example"),
        ("/sites/docs/findings.txt", HOST),
        ("/api/v1/sites", HOST),
        ("/metrics", HOST),
        (&*style, HOST),
    ] {
        let answer = place.ask_bare(TestRequest::get().uri(uri).insert_header(("host", host))).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{uri}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{uri}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{uri}");
        if uri != style {
            assert_eq!(answer.header("cache-control"), "no-store", "{uri}");
        }
    }
}

/// The address of an asset with this ending, as a page names it.
async fn asset(place: &Place, ending: &str) -> String {
    let page = place.get("/").await.body;
    let names = page.split("\"/assets/").skip(1).map(|rest| rest.split_once('"').unwrap().0);
    format!("/assets/{}", names.into_iter().find(|name| name.ends_with(ending)).unwrap())
}

#[tokio::test]
async fn assets_may_be_kept_for_ever_as_their_address_goes_with_their_content() {
    let settings = WebSettings { read_needs_token: true, ..settings() };
    let (open, closed) = (Place::new(Fake::default()), Place::with(&settings, Fake::default()));
    for (ending, media_type) in
        [(".css", "text/css; charset=utf-8"), (".js", "text/javascript; charset=utf-8"), (".svg", "image/svg+xml")]
    {
        let address = asset(&open, ending).await;
        let answer = closed.get(&address).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, media_type));
        assert!(answer.header("cache-control").contains("immutable"));
        assert!(answer.body.len() > 100);
        let older = address.replace(ending, &format!("0{ending}"));
        assert_eq!(open.get(&older).await.status, 404);
    }
}
