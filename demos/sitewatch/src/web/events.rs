//! What changes, as [server-sent events]: `run`, `progress`, `settings` and `readiness`, each with an
//! [`Event`] as JSON, and `lagged` where some were missed.
//!
//! [server-sent events]: https://html.spec.whatwg.org/multipage/server-sent-events.html

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, ServiceConfig, resource};
use futures_util::stream;
use patterns_core::cancel::CancelToken;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Interval, interval_at};

use super::pages::{Visit, reads};
use super::web::Shell;
use crate::service::{Event, EventKind};

/// How many may listen at once.
const SEATS: usize = 64;

/// How often a line is sent where nothing happens, so that whoever is gone is noticed, and nobody in between gives up.
const BEAT: Duration = Duration::from_secs(15);

/// After how many milliseconds a browser comes back that has lost the connection.
const RETRY: u32 = 3_000;

/// A bound on those who listen.
#[derive(Clone, Debug)]
pub(super) struct Seats(Arc<Semaphore>);

impl Default for Seats {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SEATS)))
    }
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(resource("/events").route(reads().to(events)));
}

async fn events(visit: Visit, shell: Data<Shell>) -> HttpResponse {
    let Ok(seat) = Arc::clone(&shell.seats.0).try_acquire_owned() else {
        return HttpResponse::ServiceUnavailable()
            .insert_header((header::RETRY_AFTER, "30"))
            .content_type("text/plain; charset=utf-8")
            .body(format!("{SEATS} listen already\n"));
    };
    let listener = Listener {
        events: visit.watch.events(),
        beat: interval_at(Instant::now() + BEAT, BEAT),
        stop: shell.stop.clone(),
        greeted: false,
        _seat: seat,
    };
    let chunks = stream::unfold(listener, |mut listener| async move {
        let chunk = listener.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), listener))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream; charset=utf-8")
        // A proxy that gathers the stream would hold up what is to be seen at once.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(chunks)
}

/// Somebody who listens.
struct Listener {
    events: Receiver<Event>,
    beat: Interval,
    stop: CancelToken,
    greeted: bool,
    /// Free again when the listener is gone.
    _seat: OwnedSemaphorePermit,
}

impl Listener {
    /// What is sent next; none at the end.
    async fn next(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            return Some(format!("retry: {RETRY}\n\n"));
        }
        tokio::select! {
            biased;
            _ = self.stop.cancelled() => None,
            event = self.events.recv() => match event {
                Ok(event) => Some(text(&event)),
                Err(RecvError::Lagged(_)) => Some("event: lagged\ndata: {}\n\n".to_owned()),
                Err(RecvError::Closed) => None,
            },
            _ = self.beat.tick() => Some(":\n\n".to_owned()),
        }
    }
}

/// JSON has no line breaks, so it is one line of data.
fn text(event: &Event) -> String {
    let kind = match event.kind {
        EventKind::Run => "run",
        EventKind::Progress => "progress",
        EventKind::Settings => "settings",
        EventKind::Readiness => "readiness",
    };
    let json = serde_json::to_string(event).unwrap_or_else(|_| "{}".to_owned());
    format!("id: {}\nevent: {kind}\ndata: {json}\n\n", event.number)
}
