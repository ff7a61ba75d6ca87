//! The server around it all.

use std::sync::Arc;
use std::time::Duration;

use sitewatch::service::Watch;
use sitewatch::web::{BindError, WebServer, WebSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::settings;
use crate::web_fake::Fake;

fn watch() -> Arc<dyn Watch> {
    Arc::new(Fake::default())
}

fn anywhere() -> WebSettings {
    WebSettings { listen: vec!["127.0.0.1:0".parse().unwrap(), "127.0.0.1:0".parse().unwrap()], ..settings() }
}

#[tokio::test]
async fn it_is_not_bound_without_an_address_or_with_a_token_that_could_be_guessed() {
    let none = WebServer::bind(WebSettings { listen: Vec::new(), ..settings() }, watch()).await;
    assert!(matches!(none, Err(BindError::NoAddress)), "{none:?}");
    for token in ["", "0123456789abcde"] {
        let short = WebServer::bind(WebSettings { token: token.to_owned(), ..anywhere() }, watch()).await;
        let length = token.len();
        assert_eq!(
            short.unwrap_err().to_string(),
            format!("the token has {length} characters, and must have at least 16")
        );
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let first = WebServer::bind(anywhere(), watch()).await.unwrap();
    let taken = first.addresses()[0];
    let second = WebServer::bind(WebSettings { listen: vec![taken], ..settings() }, watch()).await.unwrap_err();
    assert!(matches!(second, BindError::Address { address, .. } if address == taken), "{second:?}");
    assert!(second.to_string().starts_with(&format!("can't listen at {taken}: ")), "{second}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_at_each_of_its_addresses_and_ends_with_those_who_listen() {
    let scenario = async {
        let server = WebServer::bind(anywhere(), watch()).await.unwrap();
        let (addresses, handle) = (server.addresses().to_vec(), server.handle());
        assert!(addresses.len() == 2 && addresses.iter().all(|address| address.port() != 0), "{addresses:?}");
        let served = tokio::spawn(server.run());
        for address in &addresses {
            let mut socket = TcpStream::connect(address).await.unwrap();
            let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("</html>"), "{answer}");
        }
        let mut listener = TcpStream::connect(addresses[0]).await.unwrap();
        let request = format!("GET /events HTTP/1.1\r\nhost: {}\r\n\r\n", addresses[0]);
        listener.write_all(request.as_bytes()).await.unwrap();
        let mut heard = String::new();
        while !heard.contains("retry: 3000") {
            let mut some = [0; 1_024];
            let read = listener.read(&mut some).await.unwrap();
            assert_ne!(read, 0, "it hung up: {heard}");
            heard += std::str::from_utf8(&some[..read]).unwrap();
        }
        handle.stop();
        served.await.unwrap().unwrap();
        // However the system says it: the stream ends, and nobody answers any more.
        let _ = listener.read_to_string(&mut heard).await;
        assert!(TcpStream::connect(addresses[0]).await.is_err());
    };
    timeout(Duration::from_secs(60), scenario).await.expect("it hangs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_dropped_frees_its_addresses() {
    let scenario = async {
        let server = WebServer::bind(anywhere(), watch()).await.unwrap();
        let address = server.addresses()[0];
        let served = tokio::spawn(server.run());
        while TcpStream::connect(address).await.is_err() {
            tokio::task::yield_now().await;
        }
        served.abort();
        assert!(served.await.unwrap_err().is_cancelled());
        WebServer::bind(WebSettings { listen: vec![address], ..settings() }, watch()).await.unwrap();
    };
    timeout(Duration::from_secs(60), scenario).await.expect("it hangs");
}
