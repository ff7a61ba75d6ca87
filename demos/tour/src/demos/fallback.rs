//! A default instead of an error.
use patterns_core::cancel::{CancelToken, timeout};
use patterns_core::context::{self, Context, Interrupt};
use patterns_core::fallback::{Fallback, fallback};
use patterns_core::outcome::BoxError;
use tokio::time::sleep;

use crate::site::{FetchError, Host, fetch};
use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "fallback",
    "A default where a call fails or takes too long; but a request to stop is no error, and always passes.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    let host = Host::answering("docs.example", |_, page| match page {
        2 => (ms(50), 503),
        3 => (ms(5_000), 200),
        _ => (ms(50), 200),
    });

    // ANCHOR: default
    stage.scene("a default on an error, and on a limit of time");
    for page in 1..=3 {
        let links = fallback(
            async {
                timeout(ms(100), fetch(&stage, &host, page)).await??;
                Ok::<_, BoxError>(12)
            },
            0,
        );
        let links = links.await?;
        say!(stage, "page {page} has {links} links");
    }
    // ANCHOR_END: default

    stage.scene(
        "a default that is made of the error, and a hook that hears of it",
    );
    // ANCHOR: hook
    let listener = stage.clone();
    let or_yesterday =
        Fallback::with(|error: FetchError| format!("yesterday's, as {error}"))
            .on_fallback(move |error| {
                say!(listener, "the hook hears of it: {error}");
            });
    for page in [4, 2] {
        let text = or_yesterday.run(async {
            let page = fetch(&stage, &host, page).await?;
            Ok::<_, FetchError>(format!("fresh page {page}"))
        });
        let text = text.await?;
        say!(stage, "what is shown: {text}");
        assert_eq!(text.starts_with("yesterday"), page == 2);
    }
    // ANCHOR_END: hook

    // ANCHOR: stop
    stage.scene("a request to stop is no error");
    let token = CancelToken::new();
    let crawl = Context::current().with_token(token.clone()).scope(async {
        for page in 5.. {
            // `?` passes the request on, although there is a default.
            let links = fallback(links(&stage, page), 0).await?;
            say!(stage, "page {page} has {links} links");
        }
        Ok::<_, Interrupt>(())
    });
    let user = async {
        sleep(ms(150)).await;
        token.cancel("the user stops the crawl");
    };
    let (stopped, ()) = tokio::join!(crawl, user);
    let interrupt = stopped.expect_err("it was cancelled");
    say!(stage, "the crawl returns: {interrupt}");
    assert!(interrupt.cause().is_some());
    // ANCHOR_END: stop
    Ok(())
}

// ANCHOR: links
async fn links(stage: &Stage, page: u32) -> Result<u32, Interrupt> {
    let work = stage.busy(format!("page {page}"), "is read");
    match context::sleep(ms(100)).await {
        Ok(()) => work.done(),
        Err(interrupt) => {
            work.stopped(&interrupt);
            return Err(interrupt);
        }
    }
    Ok(12)
}
// ANCHOR_END: links

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("unwrap_or: the request to stop is an error like any other");
    // ANCHOR: unwrap_or
    let token = CancelToken::new();
    let crawl = Context::current().with_token(token.clone()).scope(async {
        let mut empty = 0;
        for page in 1..=5 {
            let links = links(&stage, page).await.unwrap_or(0);
            say!(stage, "page {page} has {links} links");
            empty += u32::from(links == 0);
        }
        empty
    });
    let user = async {
        sleep(ms(150)).await;
        say!(stage, "the user stops the crawl");
        token.cancel("the user stops the crawl");
    };
    let (empty, ()) = tokio::join!(crawl, user);
    // ANCHOR_END: unwrap_or
    say!(
        stage,
        "it did not stop, and {empty} pages are reported to have no links, which is wrong"
    );
    assert_eq!(empty, 4);
    Ok(())
}
