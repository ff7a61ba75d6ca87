//! The page, of a service that is made up.

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use sitewatch::service::Watch;
use sitewatch::web::{Web, WebSettings};

use crate::web_fake::Fake;

mod acting;
mod doors;
mod events;
mod jobs;
mod lists;
mod pages;
mod server;

const TOKEN: &str = "0123456789abcdef-token";
const HOST: &str = "127.0.0.1:8080";

fn settings() -> WebSettings {
    WebSettings {
        listen: vec![HOST.parse().unwrap()],
        token: TOKEN.to_owned(),
        url: None,
        read_needs_token: false,
        version: "1.2.3".to_owned(),
    }
}

/// The page, and the service behind it.
struct Place {
    web: Web,
    fake: Arc<Fake>,
}

impl Place {
    fn new(fake: Fake) -> Self {
        Self::with(&settings(), fake)
    }

    fn with(settings: &WebSettings, fake: Fake) -> Self {
        let fake = Arc::new(fake);
        let watch: Arc<dyn Watch> = fake.clone();
        Self { web: Web::new(settings, watch), fake }
    }

    /// Asks as it is: with no `Host` but what the request has.
    async fn ask_bare(&self, request: TestRequest) -> Answer {
        let app = init_service(self.web.app()).await;
        let answer = call_service(&app, request.to_request()).await;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, body: String::from_utf8(read_body(answer).await.to_vec()).unwrap() }
    }

    async fn ask(&self, request: TestRequest) -> Answer {
        self.ask_bare(request.insert_header(("host", HOST))).await
    }

    async fn get(&self, uri: &str) -> Answer {
        self.ask(TestRequest::get().uri(uri)).await
    }

    /// Somebody who has come by the link with the token.
    async fn known(&self) -> Known<'_> {
        let answer = self.get(&format!("/?token={TOKEN}")).await;
        assert_eq!(answer.status, 303);
        Known { place: self, cookie: answer.cookie().to_owned() }
    }
}

/// Somebody who has logged in.
struct Known<'a> {
    place: &'a Place,
    cookie: String,
}

impl Known<'_> {
    fn cookie(&self, request: TestRequest) -> TestRequest {
        request.append_header(("cookie", self.cookie.as_str()))
    }

    async fn get(&self, uri: &str) -> Answer {
        self.place.ask(self.cookie(TestRequest::get().uri(uri))).await
    }

    /// What the forms of this session have in them.
    async fn csrf(&self) -> String {
        let page = self.get("/").await.body;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// A button that is pressed.
    fn press(&self, uri: &str, csrf: &str, back: &str) -> TestRequest {
        self.cookie(TestRequest::post().uri(uri).set_form([("csrf", csrf), ("back", back)]))
    }
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Name and value of the first cookie that is set.
    fn cookie(&self) -> &str {
        self.header("set-cookie").split(';').next().unwrap()
    }

    #[track_caller]
    fn shows(&self, part: &str) {
        assert!(self.body.contains(part), "{part:?} is not in: {}", self.body);
    }

    #[track_caller]
    fn lacks(&self, part: &str) {
        assert!(!self.body.contains(part), "{part:?} is in: {}", self.body);
    }
}
