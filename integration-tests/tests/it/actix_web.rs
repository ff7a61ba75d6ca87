//! Actors behind actix-web: a system of its own beside the server, and handles in all of the server's workers.

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, web};
use actors::actix::{Actor, Context, Handler, Message};
use actors::{ActorConfig, AskError, Handle, System};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::pool_support::{bounded, millis};

struct Counter(u64);

impl Actor for Counter {
    type Context = Context<Self>;
}

struct Add(u64);

impl Message for Add {
    type Result = u64;
}

impl Handler<Add> for Counter {
    type Result = u64;

    fn handle(&mut self, Add(n): Add, _: &mut Context<Self>) -> u64 {
        self.0 = self.0.checked_add(n).expect("the counter overflowed");
        self.0
    }
}

async fn add(counter: web::Data<Handle<Counter>>, n: web::Path<u64>) -> HttpResponse {
    match counter.ask(Add(n.into_inner())).await {
        Ok(sum) => HttpResponse::Ok().body(sum.to_string()),
        Err(error @ AskError::Panicked(_)) => HttpResponse::UnprocessableEntity().body(error.to_string()),
        Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
    }
}

/// The status and the body of an answer.
async fn post(address: SocketAddr, n: u64) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("POST /add/{n} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

async fn exercise() {
    let system = System::start().unwrap();
    let counter = web::Data::new(system.spawn(ActorConfig::named("counter"), || Counter(0)));
    let shared = counter.clone();
    let app = move || App::new().app_data(shared.clone()).route("/add/{n}", web::post().to(add));
    let server = HttpServer::new(app).workers(2).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let stop = server.handle();
    let served = tokio::spawn(server);

    let mut requests = JoinSet::new();
    for _ in 0..40 {
        requests.spawn(post(address, 1));
    }
    let mut sums: Vec<u64> = Vec::new();
    while let Some(answer) = requests.join_next().await {
        let (status, body) = answer.unwrap();
        assert_eq!(status, 200, "{body}");
        sums.push(body.parse().unwrap());
    }
    sums.sort_unstable();
    assert_eq!(sums, (1..=40).collect::<Vec<_>>());

    // A panic is an answer, and the actor starts afresh.
    let (status, body) = post(address, u64::MAX).await;
    assert!(status == 422 && body.contains("the counter overflowed"), "{status}: {body}");
    assert_eq!(post(address, 5).await, (200, "5".to_owned()));

    // The server outlives the system.
    let receipt = system.shutdown(millis(10_000)).await;
    assert!(receipt.is_clean(), "{receipt:?}");
    assert_eq!((receipt.actors[0].handled, receipt.actors[0].dead), (41, 1));
    let (status, body) = post(address, 1).await;
    assert!(status == 503 && !body.is_empty(), "{status}: {body}");
    assert!(system.audit().balances());

    stop.stop(true).await;
    served.await.unwrap().unwrap();
}

#[actix_web::test]
async fn every_worker_of_a_server_asks_the_same_actor_in_an_actix_program() {
    bounded(exercise()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_worker_of_a_server_asks_the_same_actor_in_a_plain_program() {
    bounded(exercise()).await;
}
