//! What runs in the tasks of a pipeline.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};

use super::belt::{Input, Outlet};
use super::report::Stage;
use crate::outcome::{BoxError, catch_panics};

/// Works on one item after the other, as one of the workers of a stage.
pub(super) async fn work<T, U, E, F, Fut>(
    step: Arc<F>,
    input: Arc<Input<T>>,
    outlet: Outlet<U>,
    stage: Arc<Stage>,
) -> Result<(), BoxError>
where
    F: Fn(T) -> Fut,
    Fut: Future<Output = Result<U, E>>,
    E: Into<BoxError>,
{
    loop {
        let Some(taken) = outlet.wanted(input.take()).await? else { return Ok(()) };
        let Some((number, item, mut turn)) = taken else { break };
        let inside = stage.enter(number);
        let value = match catch_panics(async { step(item).await }).await {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => return Err(inside.fail(error.into())),
            Err(panic) => return Err(inside.fail(panic.into())),
        };
        let place = outlet.wanted(async { if turn.comes().await { outlet.place().await } else { None } });
        // Nobody takes it any more, or it can't come in its order.
        let Some(place) = place.await?.flatten() else { return Ok(()) };
        inside.emit();
        place.send((number, value));
        turn.pass();
    }
    outlet.finish();
    Ok(())
}

/// Passes on what a stream gives: the source, or a stage that is a stream itself.
pub(super) async fn feed<T, E>(
    stream: impl Stream<Item = Result<T, E>>,
    outlet: Outlet<T>,
    stage: Arc<Stage>,
    is_source: bool,
) -> Result<(), BoxError>
where
    E: Into<BoxError>,
{
    let mut stream = pin!(stream);
    let mut number = 0;
    loop {
        // A place first, so that nothing is taken from the stream that has to wait for one.
        let Some(place) = outlet.wanted(outlet.place()).await?.flatten() else { return Ok(()) };
        let Some(next) = outlet.wanted(catch_panics(stream.next())).await? else { return Ok(()) };
        let item = match next {
            Ok(Some(Ok(item))) => item,
            Ok(Some(Err(error))) => return Err(stage.failed(number, error.into())),
            Ok(None) => break,
            Err(panic) => return Err(stage.failed(number, panic.into())),
        };
        if is_source {
            stage.took();
        }
        stage.emitted();
        place.send((number, item));
        number += 1;
    }
    outlet.finish();
    Ok(())
}
