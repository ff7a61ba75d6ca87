//! The JSON API and the command line that asks it, against a service that is made up.

use std::io;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpServer};
use serde_json::Value;
use sitewatch::service::Watch;
use sitewatch::web::auth::Auth;
use sitewatch::web::{WebSettings, api};
use tokio::task::JoinHandle;

use crate::api_fake::Fake;

mod jobs;
mod meters;
mod openapi;
mod remote;
mod served;
mod tables;

const TOKEN: &str = "0123456789abcdef-token";

/// Who keeps the token; whether it is needed to look.
fn auth(read_needs_token: bool) -> Data<Auth> {
    let settings = WebSettings {
        listen: vec!["127.0.0.1:8080".parse().unwrap()],
        token: TOKEN.to_owned(),
        url: None,
        read_needs_token,
        version: "0.0.0".to_owned(),
    };
    Data::new(Auth::new(&settings))
}

/// An answer, read to its end.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Status and kind of a problem, whose body is as its answer.
    fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let json = self.json();
        assert_eq!(json["status"], self.status);
        (self.status, json["type"].as_str().unwrap().trim_start_matches("urn:sitewatch:").to_owned())
    }

    fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

async fn ask_of(auth: Data<Auth>, fake: &Arc<Fake>, request: TestRequest) -> Answer {
    let watch: Data<dyn Watch> = Data::from(Arc::clone(fake) as Arc<dyn Watch>);
    let app = App::new().app_data(auth).app_data(watch).configure(api::routes);
    let app = init_service(app).await;
    let request = request.insert_header(("host", "127.0.0.1:8080"));
    let answer = call_service(&app, request.to_request()).await;
    Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), body: read_body(answer).await }
}

async fn ask(fake: &Arc<Fake>, request: TestRequest) -> Answer {
    ask_of(auth(false), fake, request).await
}

async fn get(fake: &Arc<Fake>, uri: &str) -> Answer {
    ask(fake, TestRequest::get().uri(uri)).await
}

/// With the token.
fn post(uri: &str) -> TestRequest {
    TestRequest::post().uri(uri).insert_header(("authorization", format!("Bearer {TOKEN}")))
}

/// A server with a service that is made up behind it.
struct Served {
    url: String,
    handle: ServerHandle,
    ended: JoinHandle<io::Result<()>>,
}

impl Served {
    fn start(auth: Data<Auth>, fake: &Arc<Fake>) -> Self {
        let watch: Data<dyn Watch> = Data::from(Arc::clone(fake) as Arc<dyn Watch>);
        let app = move || App::new().app_data(auth.clone()).app_data(watch.clone()).configure(api::routes);
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", server.addrs()[0]);
        let server = server.run();
        Self { url, handle: server.handle(), ended: tokio::spawn(server) }
    }

    async fn stop(self) {
        self.handle.stop(false).await;
        self.ended.await.unwrap().unwrap();
    }
}
