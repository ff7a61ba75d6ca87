//! Engines that answer, but refuse us; and such that are not there.

use actors::System;
use sitewatch::remote::{Engine, OpenError, Place};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// A server that has this to say to each client.
async fn server<F>(greet: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who has heard it goes away.
            tokio::spawn(greet(stream));
        }
    });
    port
}

/// What PostgreSQL says instead of letting somebody in.
async fn postgres(code: &'static str, words: &'static str) -> u16 {
    server(move |mut stream| async move {
        let length = stream.read_u32().await?;
        let mut startup = vec![0_u8; length as usize - 4];
        stream.read_exact(&mut startup).await?;
        let fields = format!("SFATAL\0VFATAL\0C{code}\0M{words}\0\0");
        stream.write_u8(b'E').await?;
        stream.write_u32(u32::try_from(fields.len()).unwrap() + 4).await?;
        stream.write_all(fields.as_bytes()).await
    })
    .await
}

async fn nats() -> u16 {
    server(|mut stream| async move {
        let info = r#"{"server_id":"x","version":"2.12.0","max_payload":1048576,"headers":true,"auth_required":true}"#;
        stream.write_all(format!("INFO {info}\r\n").as_bytes()).await?;
        let mut connect = [0_u8; 4_096];
        while !connect.windows(4).any(|word| word == b"PING") {
            if stream.read(&mut connect).await? == 0 {
                return Ok(());
            }
        }
        stream.write_all(b"-ERR 'Authorization Violation'\r\n").await?;
        // Until the client has gone.
        stream.read_to_end(&mut Vec::new()).await.map(drop)
    })
    .await
}

/// A port on which nobody listens, nor can for as long as the socket is held.
fn nobody() -> (TcpSocket, u16) {
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = held.local_addr().unwrap().port();
    (held, port)
}

async fn refused(place: &str) -> OpenError {
    let error = Engine::open(&Place::of(place).unwrap(), &System::start().unwrap()).await.unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
    error
}

#[tokio::test]
async fn what_postgresql_refuses_is_not_asked_again_and_what_passes_is() {
    for (code, words, temporary) in [
        ("28P01", "password authentication failed for user \"me\"", false),
        ("3D000", "database \"jobs\" does not exist", false),
        ("57P03", "the database system is starting up", true),
        ("53300", "sorry, too many clients already", true),
    ] {
        let port = postgres(code, words).await;
        let error = refused(&format!("postgres://me:hunter2@127.0.0.1:{port}/jobs")).await;
        // What was the matter, and nothing of connections and attempts.
        let expected = format!("cannot use the queue postgres://me@127.0.0.1:{port}/jobs: FATAL: {words}");
        assert_eq!((error.to_string(), error.is_temporary()), (expected, temporary));
    }
}

#[tokio::test]
async fn what_nats_refuses_is_not_asked_again() {
    let port = nats().await;
    let error = refused(&format!("nats://me:hunter2@127.0.0.1:{port}?unsynced=accept")).await;
    let told = error.to_string().to_lowercase();
    assert!(told.starts_with(&format!("cannot use the queue nats://127.0.0.1:{port}: ")), "{told}");
    assert!(told.contains("authorization violation") && !error.is_temporary(), "{told}");
}

#[tokio::test]
async fn who_is_not_there_may_come() {
    let (_held, port) = nobody();
    for place in [
        format!("postgres://me:hunter2@127.0.0.1:{port}/jobs"),
        format!("nats://me:hunter2@127.0.0.1:{port}?unsynced=accept"),
    ] {
        let error = refused(&place).await;
        assert!(error.is_temporary(), "{error}");
        assert!(error.to_string().to_lowercase().contains("refused"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "no database at all\n".repeat(500)).unwrap();
    let error = refused(file.to_str().unwrap()).await;
    assert!(!error.is_temporary() && error.to_string().contains("not a database"), "{error}");
}
