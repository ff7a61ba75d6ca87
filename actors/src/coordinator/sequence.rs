use std::time::Duration;

use futures_util::future::join_all;
use patterns_core::outcome::catch_panics;
use tokio::time::{Instant, timeout, timeout_at};

use super::board::Board;
use super::component::Readiness;
use crate::Receipt;
use crate::system::{End, after};

/// How long beyond its deadline a component has to obey it.
const GRACE: Duration = Duration::from_secs(1);

/// Asks a component whether it can do its work. Always has an answer, in time.
pub(super) async fn check(board: &Board, index: usize) -> Readiness {
    let limit = board.plan.config.check_timeout;
    let component = &board.plan.components[index].1;
    match timeout(limit, catch_panics(async { component.ready().await })).await {
        Ok(Ok(readiness)) => readiness,
        Ok(Err(panic)) => Readiness::NotReady(format!("its check {panic}")),
        Err(_) => Readiness::NotReady(format!("its check took longer than {limit:?}")),
    }
}

/// Stops the components that have not been stopped yet: phase after phase, each phase under a deadline
/// of its own and all under one.
///
/// It can be dropped and called again: components that have a receipt are left alone.
pub(super) async fn shut_down(board: &Board) {
    let _one_at_a_time = board.sequence.lock().await;
    let config = &board.plan.config;
    let began = board.shutdown_since().unwrap_or_else(Instant::now);
    let end = after(began, config.shutdown_timeout);
    for phase in &board.plan.phases {
        let deadline = after(Instant::now(), config.phase_timeout).min(end);
        let left = phase.iter().filter(|index| !board.is_stopped(**index));
        join_all(left.map(|index| stop(board, *index, deadline))).await;
    }
    board.finish();
}

async fn stop(board: &Board, index: usize, deadline: Instant) {
    let (name, component) = &board.plan.components[index];
    let began = Instant::now();
    let stopped = timeout_at(after(deadline, GRACE), catch_panics(async { component.shut_down(deadline).await }));
    let receipt = tokio::select! {
        biased;
        stopped = stopped => match stopped {
            Ok(Ok(receipt)) => receipt,
            Ok(Err(panic)) => Receipt::new(name).failed(panic.to_string()),
            Err(_) => Receipt { end: End::Unresponsive, ..Receipt::new(name) },
        },
        _ = board.forced.cancelled() => Receipt::new(name).cut_short(),
    };
    // It goes by the name that the coordinator knows, whatever the component calls itself.
    let receipt = Receipt { name: name.clone(), elapsed: began.elapsed(), ..receipt };
    tracing::info!(%receipt, "a component was shut down");
    board.component_stopped(index, receipt);
}
