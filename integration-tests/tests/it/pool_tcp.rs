//! `ConnectionPool` on plain TCP, against a server that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use actors::connection_pool::tcp::TcpManager;
use actors::{ConnectionPool, System};
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::pool_support::{assert_books, bounded, eventually, millis};
use crate::support::server::refusing;
use crate::support::stalls::Stalls;

/// Says everything again. `late` is how many milliseconds it takes to close its side.
#[derive(Default)]
struct Echo {
    live: AtomicUsize,
    most: AtomicUsize,
    accepted: AtomicUsize,
    late: AtomicUsize,
    hang_up: AtomicBool,
    chatty: AtomicBool,
}

impl Echo {
    async fn start() -> (Arc<Self>, String) {
        let echo = Arc::<Self>::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Arc::clone(&echo);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.accepted.fetch_add(1, SeqCst);
                server.most.fetch_max(server.live.fetch_add(1, SeqCst) + 1, SeqCst);
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let mut stream = stream;
                    let _ = server.serve(&mut stream).await;
                    sleep(millis(server.late.load(SeqCst) as u64)).await;
                    server.live.fetch_sub(1, SeqCst);
                    drop(stream);
                });
            }
        });
        (echo, address)
    }

    async fn serve(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut said = [0; 64];
        loop {
            let n = stream.read(&mut said).await?;
            if n == 0 {
                return Ok(());
            }
            stream.write_all(&said[..n]).await?;
            if self.chatty.load(SeqCst) {
                stream.write_all(b"and more").await?;
            }
            if self.hang_up.load(SeqCst) {
                return Ok(());
            }
        }
    }
}

async fn say(stream: &mut TcpStream, word: &[u8]) -> std::io::Result<()> {
    stream.write_all(word).await?;
    let mut answer = vec![0; word.len()];
    stream.read_exact(&mut answer).await?;
    assert_eq!(answer, word);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_never_sees_more_connections_than_allowed_not_even_while_it_closes_some() {
    bounded(async {
        let (echo, address) = Echo::start().await;
        echo.late.store(15, SeqCst);
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(TcpManager::new(address)).max_size(3).max_opening(3);
        let pool = pool.start(&system).await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..60 {
            let pool = pool.clone();
            tasks.spawn(async move {
                let mut conn = pool.acquire().await.unwrap();
                say(&mut conn, b"hello").await.unwrap();
                if n % 3 == 0 {
                    conn.discard();
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
            assert_books(&pool.status());
        }
        assert_eq!(echo.most.load(SeqCst), 3);
        assert!(echo.accepted.load(SeqCst) >= 20);
        let receipt = pool.drain(Instant::now() + millis(5_000)).await;
        assert!(receipt.is_complete(), "{receipt}");
        eventually("the server has closed all", || echo.live.load(SeqCst) == 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_not_given_to_anybody() {
    bounded(async {
        let (echo, address) = Echo::start().await;
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(TcpManager::new(address)).max_size(1).check_after(millis(0));
        let pool = pool.start(&system).await.unwrap();
        echo.hang_up.store(true, SeqCst);
        say(&mut pool.acquire().await.unwrap(), b"one").await.unwrap();
        echo.hang_up.store(false, SeqCst);
        eventually("it hung up", || echo.live.load(SeqCst) == 0).await;
        say(&mut pool.acquire().await.unwrap(), b"two").await.expect("this is another");
        assert_eq!(echo.accepted.load(SeqCst), 2);
        assert_books(&pool.status());
    })
    .await;
}

#[tokio::test]
async fn a_connection_on_which_somebody_left_an_answer_is_not_given_to_the_next() {
    bounded(async {
        let (echo, address) = Echo::start().await;
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(TcpManager::new(address)).max_size(1).check_after(millis(0));
        let pool = pool.start(&system).await.unwrap();
        echo.chatty.store(true, SeqCst);
        say(&mut pool.acquire().await.unwrap(), b"one").await.unwrap();
        echo.chatty.store(false, SeqCst);
        sleep(millis(50)).await;
        // A byte of "and more" would be taken for the answer.
        say(&mut pool.acquire().await.unwrap(), b"two").await.unwrap();
        assert_eq!(echo.accepted.load(SeqCst), 2);
        assert_books(&pool.status());
    })
    .await;
}

#[tokio::test]
async fn a_closed_port_is_told_within_a_second_and_a_senseless_address_at_once() {
    bounded(async {
        let (_held, refused) = refusing();
        let address = refused.authority().to_owned();
        let system = System::start().unwrap();
        let pool = ConnectionPool::builder(TcpManager::new(address)).warm_up(false).start(&system).await.unwrap();
        let (begun, stalls) = (Timestamp::now(), Stalls::watch());
        let error = pool.acquire().await.unwrap_err();
        let took = stalls.took(begun).await;
        assert!(error.is_connect_failed() && took < SignedDuration::from_secs(1), "{error} after {took:?}");

        let pool = ConnectionPool::builder(TcpManager::new("nowhere")).warm_up(false).start(&system).await.unwrap();
        let error = pool.acquire().await.unwrap_err();
        assert!(error.report().unwrap().last_failure.as_ref().unwrap().permanent, "{error}");
    })
    .await;
}
