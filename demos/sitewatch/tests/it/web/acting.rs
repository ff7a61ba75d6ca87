//! The buttons: who may press them, and what comes of it.

use actix_web::test::TestRequest;
use sitewatch::service::{Action, Activity, SiteView};

use super::{HOST, Place, TOKEN};
use crate::web_fake::{Fake, site};

#[tokio::test]
async fn each_button_does_what_it_says_and_leads_back_with_the_message() {
    let place = Place::new(Fake::default());
    let known = place.known().await;
    let csrf = known.csrf().await;
    for action in Action::ALL {
        let uri = format!("/sites/docs/{action}");
        let answer = place.ask(known.press(&uri, &csrf, "/?q=docs")).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/?q=docs"));
        let said = answer.cookie().to_owned();
        let next = place.ask(TestRequest::get().uri("/").insert_header(("cookie", said))).await;
        next.shows(&format!("docs: {action}, as &lt;asked&gt;"));
        assert!(next.header("set-cookie").contains("Max-Age=0"), "it is shown once");
    }
    assert_eq!(*place.fake.acted.lock(), Action::ALL.map(|action| ("docs".to_owned(), action)));
}

#[tokio::test]
async fn nothing_is_done_for_who_is_not_known() {
    let place = Place::new(Fake::default());
    let form = [("csrf", ""), ("back", "/")];
    let stranger = place.ask(TestRequest::post().uri("/sites/docs/check").set_form(form)).await;
    assert_eq!(stranger.status, 401);
    stranger.shows("Log in first");
    for cookie in ["sitewatch-8080=x", "sitewatch-8080=99999999999.61.00", "sitewatch-8080=", "other=1"] {
        let forged = TestRequest::post().uri("/sites/docs/check").insert_header(("cookie", cookie)).set_form(form);
        assert_eq!(place.ask(forged).await.status, 401, "{cookie}");
    }
    assert!(place.fake.acted.lock().is_empty());
}

#[tokio::test]
async fn nothing_is_done_without_the_token_of_the_same_session() {
    let place = Place::new(Fake::default());
    let (one, other) = (place.known().await, place.known().await);
    let (own, foreign) = (one.csrf().await, other.csrf().await);
    assert_ne!(own, foreign);
    for csrf in ["", "x", &foreign, &own.to_uppercase(), &own[1..]] {
        let answer = place.ask(one.press("/sites/docs/check", csrf, "/")).await;
        assert_eq!(answer.status, 403, "{csrf}");
        answer.shows("This page was too old");
    }
    let bodyless = place.ask(one.cookie(TestRequest::post().uri("/sites/docs/check"))).await;
    assert_eq!(bodyless.status, 403);
    assert!(place.fake.acted.lock().is_empty());
    assert_eq!(place.ask(one.press("/sites/docs/check", &own, "/")).await.status, 303);
}

#[tokio::test]
async fn a_page_of_another_origin_presses_nothing() {
    let place = Place::new(Fake::default());
    let known = place.known().await;
    let csrf = known.csrf().await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:3000"),
        ("origin", "null"),
        ("origin", ""),
    ] {
        for uri in ["/sites/docs/check", "/logout", "/login"] {
            let request = known.press(uri, &csrf, "/").insert_header((name, value));
            assert_eq!(place.ask(request).await.status, 403, "{uri}: {name}: {value}");
        }
    }
    assert!(place.fake.acted.lock().is_empty());
    for (name, value) in
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none"), ("origin", &format!("http://{HOST}"))]
    {
        let request = known.press("/sites/docs/check", &csrf, "/").insert_header((name, value));
        assert_eq!(place.ask(request).await.status, 303, "{name}: {value}");
    }
}

#[tokio::test]
async fn a_button_leads_to_no_other_site() {
    let place = Place::new(Fake::default());
    let known = place.known().await;
    let csrf = known.csrf().await;
    for back in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nx: y", "javascript:alert(1)"] {
        let answer = place.ask(known.press("/sites/docs/check", &csrf, back)).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/sites/docs"), "{back:?}");
    }
}

#[tokio::test]
async fn what_can_not_be_done_is_a_page_with_the_reason() {
    let fake = Fake { sites: vec![SiteView { live: false, ..site("docs") }], ..Fake::default() };
    let place = Place::new(fake);
    let known = place.known().await;
    let page = known.get("/").await;
    page.lacks("/sites/docs/check");
    let csrf = known.csrf().await;
    let at_rest = place.ask(known.press("/sites/docs/check", &csrf, "/")).await;
    assert_eq!(at_rest.status, 409);
    at_rest.shows("only a running service can check");
    assert_eq!(place.ask(known.press("/sites/nothing/check", &csrf, "/")).await.status, 404);
    assert_eq!(place.ask(known.press("/sites/docs/explode", &csrf, "/")).await.status, 404);
}

#[tokio::test]
async fn the_buttons_are_those_that_make_sense_and_for_who_may_press_them() {
    let every = "every 6h";
    // What has no schedule can't be paused.
    let by_hand = "by hand";
    for (schedule, activity, there) in [
        (every, Activity::Idle, &["check", "pause"][..]),
        (every, Activity::Waiting, &["pause"]),
        (every, Activity::Checking, &["cancel", "pause"]),
        (every, Activity::Paused, &["check", "resume"]),
        (by_hand, Activity::Idle, &["check"]),
        (by_hand, Activity::Waiting, &[]),
        (by_hand, Activity::Checking, &["cancel"]),
        (by_hand, Activity::Paused, &["check", "resume"]),
    ] {
        let sites = vec![SiteView { activity, schedule: schedule.to_owned(), ..site("docs") }];
        let place = Place::new(Fake { sites, ..Fake::default() });
        let known = place.known().await;
        for uri in ["/", "/sites/docs"] {
            let (mine, stranger) = (known.get(uri).await, place.get(uri).await);
            for action in Action::ALL {
                let form = format!("action=\"/sites/docs/{action}\"");
                assert_eq!(mine.body.contains(&form), there.contains(&action.as_str()), "{uri}: {activity:?} {action}");
                stranger.lacks(&form);
            }
            stranger.shows("Log in");
            mine.shows("Log out");
        }
    }
}

#[tokio::test]
async fn whoever_logs_out_is_unknown_in_that_browser() {
    let place = Place::new(Fake::default());
    let known = place.known().await;
    let csrf = known.csrf().await;
    let answer = place.ask(known.press("/logout", &csrf, "")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"));
    let name = known.cookie.split('=').next().unwrap();
    let cookies: Vec<&str> = answer.headers.get_all("set-cookie").map(|value| value.to_str().unwrap()).collect();
    assert!(
        cookies.iter().any(|set| set.starts_with(&format!("{name}=; ")) && set.contains("Max-Age=0")),
        "{cookies:?}"
    );
    assert_eq!(place.ask(known.press("/logout", "x", "")).await.status, 403, "nobody is logged out by others");
}

#[tokio::test]
async fn no_link_puts_words_into_our_mouth() {
    let place = Place::new(Fake::default());
    // It may be in an address, such as that to come back to, and in no text.
    place.get("/?said=the+page+was+hacked").await.lacks("was hacked");
    // "hacked", in the form that such a cookie has, with a mark of somebody else's.
    let forged = format!("sitewatch-8080-said=99999999999.6861636b6564.{}", "0".repeat(64));
    let page = place.ask(TestRequest::get().uri("/").insert_header(("cookie", forged))).await;
    page.lacks("hacked");
    page.shows("role=\"status\"></div>");
}

#[tokio::test]
async fn the_api_takes_the_session_of_the_page() {
    let place = Place::new(Fake::default());
    let known = place.known().await;
    let csrf = known.csrf().await;
    let post = || TestRequest::post().uri("/api/v1/sites/docs/check");
    assert_eq!(place.ask(known.cookie(post())).await.status, 403, "a browser sends the cookie by itself");
    for header in ["Basic bWU6aHVudGVyMg==", "Bearer 0123456789abcdef", ""] {
        let request = known.cookie(post()).insert_header(("authorization", header));
        assert_eq!(place.ask(request).await.status, 403, "{header}: it may be sent by itself, too");
    }
    let request = known.cookie(post()).insert_header(("x-csrf-token", csrf));
    assert_eq!(place.ask(request).await.status, 200);
    let request = post().insert_header(("authorization", format!("Bearer {TOKEN}")));
    assert_eq!(place.ask(request).await.status, 200);
    assert_eq!(place.fake.acted.lock().len(), 2);
}
