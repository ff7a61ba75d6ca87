//! Something that happens, for all who wait and all who come late.
use patterns_core::cancel::timeout;
use patterns_core::context::Context;
use patterns_core::event::{Event, WaitError};
use patterns_core::gather::gather;
use patterns_core::outcome::BoxError;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::{Demo, Stage, ms};

/// The demo.
pub const DEMO: Demo = Demo::new(
    "event",
    "Something that happens, with a value, for all who wait and all who come late; who waits in vain says for what.",
    |stage| Box::pin(play(stage)),
)
.with_broken(|stage| Box::pin(broken(stage)));

async fn play(stage: Stage) -> Result<(), BoxError> {
    // ANCHOR: server
    stage.scene("a server starts, and three clients wait for its address");
    let listening = Event::<u16>::named("listening");
    let server = async {
        stage.works("server", "starts");
        sleep(ms(100)).await;
        stage.rests("server");
        say!(
            stage,
            "the server listens; {} clients are waiting",
            listening.waiting()
        );
        listening.set_with(8080).expect("nobody else sets it");
    };
    let clients = gather((1..=3).map(|n| client(&stage, &listening, n)));
    let ((), ports) = tokio::join!(server, clients);
    for port in ports {
        assert_eq!(port?, 8080);
    }
    // ANCHOR_END: server

    stage.scene("whoever comes late passes at once");
    let start = Instant::now();
    client(&stage, &listening, 4).await?;
    stage.assert_took(start, ms(0));
    let second = listening.set_with(9090);
    say!(
        stage,
        "a second value changes nothing: {second:?}; it is still {:?}",
        listening.value()
    );
    assert_eq!((second, listening.value()), (Err(9090), Some(8080)));

    stage.scene("set and cleared at once: all who waited have been reached");
    // ANCHOR: blink
    listening.clear();
    let blink = async {
        sleep(ms(50)).await;
        listening.set_with(8081).expect("it was cleared");
        listening.clear();
        say!(stage, "set, and cleared before anybody could look");
    };
    let ((), port) = tokio::join!(blink, client(&stage, &listening, 5));
    assert_eq!(port?, 8081);
    // ANCHOR_END: blink

    stage.scene("waiting in vain, with a deadline");
    let context = Context::current().with_deadline(Instant::now() + ms(80));
    let error = context
        .scope(client(&stage, &listening, 6))
        .await
        .expect_err("nobody sets it");
    stage.stops("client 6", &error);
    say!(stage, "{error}");
    assert_eq!(error.event(), "listening");
    Ok(())
}

// ANCHOR: client
async fn client(
    stage: &Stage,
    listening: &Event<u16>,
    n: u32,
) -> Result<u16, WaitError> {
    let me = format!("client {n}");
    stage.waits(me.clone(), "for the server");
    let port = listening.wait().await?;
    stage.works(me.clone(), "connects");
    say!(stage, "{me} connects to port {port}");
    stage.rests(me);
    Ok(port)
}
// ANCHOR_END: client

async fn broken(stage: Stage) -> Result<(), BoxError> {
    stage.scene("a notification is for those who wait already");
    // ANCHOR: notified
    let listening = Notify::new();
    stage.works("server", "starts");
    sleep(ms(100)).await;
    listening.notify_waiters();
    stage.rests("server");
    say!(stage, "the server listens, and tells everybody");
    stage.waits("client", "for the server");
    let waited = timeout(ms(200), listening.notified()).await;
    assert!(waited.is_err());
    // ANCHOR_END: notified
    stage.stops("client", "gives up");
    say!(stage, "a client that came a moment later would wait for ever");
    Ok(())
}
