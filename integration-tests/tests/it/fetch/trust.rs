//! The certificates that the system trusts are read when a fetcher is made, from where `SSL_CERT_FILE` says.
//! A process can't safely change its own environment, so a test here runs itself again in another one.
use std::process::Stdio;

use tokio::process::Command;

use super::fetcher;
use crate::support::bounded;
use crate::support::reply::Reply;
use crate::support::server::Server;

/// Tells the second process that it is the second, and where the server of the first is.
const SERVER: &str = "SITEWATCH_TEST_SERVER";

/// Runs `name` again, in a process that trusts just the certificates in `pem`.
async fn again(name: &str, server: &Server, pem: &str) -> std::process::Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("trusted.pem");
    std::fs::write(&file, pem).expect("it can be written");
    Command::new(std::env::current_exe().expect("this test"))
        .args([name, "--exact", "--nocapture"])
        .env("SSL_CERT_FILE", &file)
        .env("SSL_CERT_DIR", folder.path().join("none"))
        .env(SERVER, server.url("/").as_str())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("it can be started")
}

#[tokio::test]
async fn a_certificate_that_the_system_trusts_is_accepted_and_its_connection_reused() {
    bounded(async {
        if let Ok(url) = std::env::var(SERVER) {
            let fetcher = fetcher();
            for _ in 0..2 {
                let page = fetcher.page(&url.parse().unwrap()).await.result.unwrap();
                assert_eq!(page.body.as_deref(), Some(&b"trusted"[..]));
            }
            return;
        }
        let server = Server::start_tls(|_| Reply::html("trusted")).await;
        let name = "fetch::trust::a_certificate_that_the_system_trusts_is_accepted_and_its_connection_reused";
        let output = again(name, &server, server.certificate()).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!((server.log().len(), server.connections()), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn a_system_without_certificates_can_still_fetch_without_tls() {
    bounded(async {
        if let Ok(url) = std::env::var(SERVER) {
            let fetcher = fetcher();
            fetcher.page(&url.parse().unwrap()).await.result.unwrap();
            let tls = Server::start_tls(|_| Reply::html("")).await;
            let error = fetcher.page(&tls.url("/")).await.result.unwrap_err();
            assert_eq!(error.to_string(), "certificate issued by nobody that this system trusts");
            return;
        }
        let server = Server::start(|_| Reply::html("")).await;
        let name = "fetch::trust::a_system_without_certificates_can_still_fetch_without_tls";
        let output = again(name, &server, "").await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(server.log().len(), 1);
    })
    .await;
}
