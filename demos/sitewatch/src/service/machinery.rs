//! The machinery behind the service, as it is now.

use patterns_core::inspect;

use actors::connection_pool::ConnectionPoolStatus;
use actors::worker_pool::WorkerPoolStatus;

use super::service::Service;
use super::view::{ActorView, ComponentView, Gauge, MachineryView, PoolView, TimerView};

fn gauge(name: &str, value: usize, bound: Option<usize>) -> Gauge {
    Gauge { name: name.to_owned(), value: value as u64, bound: bound.map(|bound| bound as u64) }
}

pub(super) fn machinery(service: &Service) -> MachineryView {
    let core = service.core();
    MachineryView {
        actors: service.system().status().into_iter().map(actor).collect(),
        workers: workers(&core.workers.status()),
        pools: vec![pool("store", &core.store.status())],
        timers: timers(service, &core.scheduler.status()),
        components: components(service),
        tasks: inspect::tree().to_string(),
    }
}

fn actor(status: actors::system::ActorStatus) -> ActorView {
    let lanes = status.lanes.iter().map(|lane| gauge(&lane.lane.to_string(), lane.depth, Some(lane.capacity)));
    ActorView {
        name: status.name.to_string(),
        state: status.state.to_string(),
        lanes: lanes.collect(),
        handled: status.handled,
        restarts: status.restarts,
    }
}

fn workers(status: &WorkerPoolStatus) -> Vec<Gauge> {
    vec![
        gauge("jobs computing", status.cpu.running, Some(status.cpu.width)),
        gauge("jobs waiting", status.cpu.queued, None),
        gauge("requests running", status.io.running, Some(status.io.width)),
        gauge("requests waiting", status.io.queued, None),
        gauge("held back for their host", status.io.held, None),
    ]
}

fn pool(name: &str, status: &ConnectionPoolStatus) -> PoolView {
    let state = match (&status.last_failure, status.is_open) {
        (_, false) => "closed".to_owned(),
        (Some(failure), true) => format!("failing: {}", failure.error),
        (None, true) => "open".to_owned(),
    };
    let gauges = vec![
        gauge("in use", status.in_use, Some(status.max_size)),
        gauge("idle", status.idle, None),
        gauge("being opened", status.opening, None),
        gauge("being checked", status.checking, None),
        gauge("waiting for one", status.waiting, None),
    ];
    PoolView { name: name.to_owned(), state, gauges }
}

fn timers(service: &Service, status: &actors::scheduler::SchedulerStatus) -> Vec<TimerView> {
    // A site that is checked by hand only has a schedule all the same, for whoever asks.
    let by_hand = |name: &str| service.core().site(name).is_some_and(|site| !site.config().schedule.is_scheduled());
    let timer = |schedule: &actors::scheduler::ScheduleStatus| TimerView {
        name: schedule.name.to_string(),
        state: format!("{:?}", schedule.state).to_lowercase(),
        next: schedule.next_at.filter(|_| !by_hand(&schedule.name)),
        counts: schedule.counts.to_string(),
    };
    status.schedules.iter().map(timer).collect()
}

fn components(service: &Service) -> Vec<ComponentView> {
    let status = service.coordinator().status();
    let component = |component: &actors::coordinator::ComponentStatus| {
        let reason = component.reason();
        ComponentView {
            name: component.name.clone(),
            ready: reason.is_none(),
            state: reason.unwrap_or_else(|| "ready".to_owned()),
            after: component.after.clone(),
        }
    };
    status.components.iter().map(component).collect()
}
