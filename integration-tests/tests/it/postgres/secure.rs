use std::io;

use actors::connection_pool::StartError;
use actors::connection_pool::postgres::{BoxStream, Tls};
use async_trait::async_trait;
use integration_tests::skip_or_fail;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::*;

struct Rustls(TlsConnector);

#[async_trait]
impl Tls for Rustls {
    async fn handshake(&self, stream: BoxStream, host: &str) -> io::Result<BoxStream> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        Ok(Box::new(self.0.connect(name, stream).await?))
    }
}

/// Trusts nobody but these.
fn trusting(certificates: &[&rcgen::Certificate]) -> Rustls {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate.der().clone()).expect("it is a certificate");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Rustls(TlsConnector::from(Arc::new(config)))
}

#[tokio::test]
async fn connections_are_secure_if_the_manager_brings_tls_along_and_so_are_cancellations() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a valid name");
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let started = blocking(move || Postgres::start_tls(&certificate, &key)).await.expect("it starts");
    let Some(server) = started else { return skip_or_fail("a pool over TLS", "postgres") };
    bounded(async {
        let system = System::start().unwrap();
        let url = server.url("application_name=pool&sslmode=require");
        let manager = || PostgresManager::new(&url).unwrap();
        let pool = ConnectionPool::builder(manager().tls(trusting(&[&made.cert]))).max_size(1);
        let pool = pool.start(&system).await.unwrap();
        let conn = pool.acquire().await.unwrap();
        let ssl = conn.query_one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", &[]).await.unwrap();
        assert!(ssl.get::<_, bool>(0));
        assert!(timeout(millis(100), conn.query("select pg_sleep(60)", &[])).await.is_err());
        drop(conn);
        let begun = Instant::now();
        pool.acquire().await.unwrap().query_one("select 1", &[]).await.unwrap();
        assert!(begun.elapsed() < millis(4_000), "{:?}", begun.elapsed());
        assert_eq!(pool.status().counts.opened, 1);
        let receipt = pool.drain(Instant::now() + millis(4_000)).await;
        assert!(receipt.is_complete(), "{receipt}");

        // Nobody whom we trust, and nothing to do it with.
        let error = ConnectionPool::builder(manager().tls(trusting(&[]))).start(&system).await.unwrap_err();
        assert!(error.to_string().contains("no secure connection to 127.0.0.1"), "{error}");
        let error = ConnectionPool::builder(manager()).start(&system).await.unwrap_err();
        assert!(matches!(&error, StartError::Connect(failure) if failure.permanent), "{error}");
        assert!(error.to_string().contains("TLS is required, and the manager has none"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_server_without_tls_is_used_without_it_only_if_that_is_allowed() {
    let Some(server) = server("a server without TLS").await else { return };
    bounded(async {
        let system = System::start().unwrap();
        let manager = |mode: &str| {
            let url = server.url(&format!("application_name=pool&sslmode={mode}"));
            PostgresManager::new(&url).unwrap().tls(trusting(&[]))
        };
        let pool = ConnectionPool::builder(manager("prefer")).max_size(1).start(&system).await.unwrap();
        pool.acquire().await.unwrap().query_one("select 1", &[]).await.unwrap();
        let error = ConnectionPool::builder(manager("require")).start(&system).await.unwrap_err();
        assert!(error.to_string().contains("TLS is required, and the server has none"), "{error}");
    })
    .await;
}
