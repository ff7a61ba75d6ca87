//! The proxy of a process's environment, which it can't safely change for itself: so a test here runs itself again.
use std::process::Stdio;

use sitewatch::fetch::{Fetcher, HttpConfig, Private};
use tokio::process::Command;

use crate::support::bounded;
use crate::support::reply::Reply;
use crate::support::server::Server;

/// Tells the second process that it is the second, and where the server of the first is.
const SERVER: &str = "SITEWATCH_TEST_SERVER";

#[tokio::test]
async fn a_proxy_is_used_only_where_private_addresses_are_allowed() {
    bounded(async {
        if let Ok(url) = std::env::var(SERVER) {
            let url: url::Url = url.parse().unwrap();
            for (private, answer) in [(Private::Refuse, "the site"), (Private::Allow, "the proxy")] {
                let private_hosts = vec![url.authority().to_owned()];
                let config = HttpConfig { rate: 0.0, private, private_hosts, ..HttpConfig::default() };
                let page = Fetcher::new(&config).unwrap().page(&url).await.result.unwrap();
                assert_eq!(page.body.as_deref(), Some(answer.as_bytes()), "{private:?}");
            }
            return;
        }
        let site = Server::start(|_| Reply::html("the site")).await;
        let proxy = Server::start(|_| Reply::html("the proxy")).await;
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "hostile::proxy::a_proxy_is_used_only_where_private_addresses_are_allowed",
                "--exact",
                "--nocapture",
            ])
            .env(SERVER, site.url("/").as_str())
            .env("HTTP_PROXY", proxy.url("/").as_str())
            .env("http_proxy", proxy.url("/").as_str())
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env_remove("REQUEST_METHOD")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!((site.log().len(), proxy.log().len()), (1, 1));
    })
    .await;
}
