//! What changes, as whoever listens hears it.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::test::{TestRequest, call_service, init_service};
use sitewatch::service::EventKind;
use tokio::time::Instant;

use super::{HOST, Place};
use crate::web_fake::{Fake, KEPT};

/// Somebody who listens.
struct Listener(BoxBody);

impl Listener {
    /// The next thing that is heard; none at the end.
    async fn next(&mut self) -> Option<String> {
        let chunk = poll_fn(|cx| Pin::new(&mut self.0).poll_next(cx)).await?;
        Some(String::from_utf8(chunk.unwrap().to_vec()).unwrap())
    }
}

/// The status, and who listens.
async fn listen(place: &Place) -> (u16, Listener) {
    let app = init_service(place.web.app()).await;
    let request = TestRequest::get().uri("/events").insert_header(("host", HOST));
    let answer = call_service(&app, request.to_request()).await;
    let status = answer.status().as_u16();
    if status == 200 {
        assert_eq!(answer.headers().get("content-type").unwrap(), "text/event-stream; charset=utf-8");
        assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
    }
    (status, Listener(answer.into_body()))
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_heard_in_order_and_at_once() {
    let place = Place::new(Fake::default());
    let (_, mut listener) = listen(&place).await;
    assert_eq!(listener.next().await.unwrap(), "retry: 3000\n\n");
    let start = Instant::now();
    place.fake.tell(4, EventKind::Run, Some("docs"));
    place.fake.tell(5, EventKind::Progress, Some("a\nb"));
    place.fake.tell(6, EventKind::Settings, None);
    place.fake.tell(7, EventKind::Readiness, None);
    let expected = [
        "id: 4\nevent: run\ndata: {\"number\":4,\"kind\":\"run\",\"site\":\"docs\"}\n\n",
        "id: 5\nevent: progress\ndata: {\"number\":5,\"kind\":\"progress\",\"site\":\"a\\nb\"}\n\n",
        "id: 6\nevent: settings\ndata: {\"number\":6,\"kind\":\"settings\",\"site\":null}\n\n",
        "id: 7\nevent: readiness\ndata: {\"number\":7,\"kind\":\"readiness\",\"site\":null}\n\n",
    ];
    for text in expected {
        assert_eq!(listener.next().await.unwrap(), text);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_line_is_sent_every_fifteen_seconds_where_nothing_happens() {
    let place = Place::new(Fake::default());
    let (_, mut listener) = listen(&place).await;
    let start = Instant::now();
    listener.next().await.unwrap();
    for beat in 1..=3 {
        assert_eq!(listener.next().await.unwrap(), ":\n\n");
        let late = start.elapsed() - Duration::from_secs(15 * beat);
        assert!(late < Duration::from_millis(10), "{late:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_too_slow_is_told_that_something_was_missed() {
    let place = Place::new(Fake::default());
    let (_, mut listener) = listen(&place).await;
    listener.next().await.unwrap();
    for number in 0..=KEPT as u64 {
        place.fake.tell(number, EventKind::Progress, Some("docs"));
    }
    assert_eq!(listener.next().await.unwrap(), "event: lagged\ndata: {}\n\n");
    assert!(listener.next().await.unwrap().starts_with("id: 1\n"), "and then goes on with what is left");
}

#[tokio::test(start_paused = true)]
async fn sixty_four_may_listen_and_a_place_that_is_left_is_free() {
    let place = Place::new(Fake::default());
    let mut listeners = Vec::new();
    for _ in 0..64 {
        let (status, listener) = listen(&place).await;
        assert_eq!(status, 200);
        listeners.push(listener);
    }
    assert_eq!(listen(&place).await.0, 503);
    listeners.pop();
    assert_eq!(listen(&place).await.0, 200);
}
