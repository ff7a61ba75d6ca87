//! What is said of a service that answers, but has little to say.
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use sitewatch::cli::Exit;
use sitewatch::cli::remote::{Client, RemoteCommand, StatusArgs, run};
use sitewatch::service::{Health, Readiness, SiteView, Watch, WatchError};
use sitewatch::web::api::{Problem, ProblemKind};

use super::capture::console;
use crate::api_fake;

/// A service with these sites, or one that takes no token.
async fn asked<T>(sites: Option<Vec<SiteView>>, token: Option<&str>, ask: impl AsyncFnOnce(Client, String) -> T) -> T {
    let app = move || {
        let sites = sites.clone();
        App::new().default_service(web::to(move |request: HttpRequest| {
            let sites = sites.clone();
            async move {
                match (sites, request.path()) {
                    (None, _) => HttpResponse::Unauthorized().json(Problem::new(ProblemKind::TokenNeeded, "no")),
                    (Some(sites), "/api/v1/sites") => HttpResponse::Ok().json(sites),
                    (Some(_), _) => HttpResponse::Ok().json(Readiness { ready: true, reasons: Vec::new() }),
                }
            }
        }))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    let ended = tokio::spawn(server);
    let answer = ask(Client::new(&url, token).unwrap(), url).await;
    handle.stop(false).await;
    ended.await.unwrap().unwrap();
    answer
}

async fn status(sites: Vec<SiteView>) -> (Exit, String) {
    let (console, out, _) = console();
    let command = RemoteCommand::Status(StatusArgs::default());
    let exit = asked(Some(sites), None, async |client, _| run(&command, &console, &client).await).await;
    (exit, out.text())
}

fn sites(healths: &[Health]) -> Vec<SiteView> {
    let any = api_fake::sites().remove(0);
    let site = |health: &Health| SiteView { health: *health, broken: 0, last: None, ..any.clone() };
    healths.iter().map(site).collect()
}

#[tokio::test]
async fn before_the_first_check_nothing_is_known_and_not_nothing_broken() {
    let (exit, said) = status(sites(&[Health::Unknown, Health::Unknown])).await;
    assert_eq!((exit, said.as_str()), (Exit::Clean, "nothing is known yet\n\n2 sites: 2 unknown\n"));
    let (_, said) = status(sites(&[Health::Ok, Health::Unknown])).await;
    assert!(said.starts_with("nothing is broken\n\n2 sites: "), "{said}");
}

#[tokio::test]
async fn a_token_that_is_wrong_is_not_told_as_one_that_is_missing() {
    for (token, words) in [
        (Some("0123456789abcdef"), "refuses: the token is wrong"),
        (
            None,
            "needs its token, which its settings name as web.token, or it printed as it started: set SITEWATCH_TOKEN, or \
            name a file by --token-file",
        ),
    ] {
        let (answer, url) = asked(None, token, async |client, url| (client.sites().await, url)).await;
        assert_eq!(answer, Err(WatchError::NoAnswer(format!("{url} {words}"))));
    }
}
