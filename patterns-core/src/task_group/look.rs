//! A group as [`inspect`](crate::inspect) sees it.

use tokio::time::Instant;

use super::shared::Shared;
use super::task::Task;
use crate::cancel::CancelCause;
use crate::inspect::{GroupLook, State, TaskLook};

impl Shared {
    pub(crate) fn look(&self) -> GroupLook {
        let context = self.context();
        let mut tasks: Vec<_> = self.registry.all().iter().map(|task| task.look()).collect();
        tasks.sort_by_key(|task| std::cmp::Reverse(task.age));
        GroupLook {
            path: context.path().clone(),
            place: self.place.to_string(),
            age: Instant::now().saturating_duration_since(self.started),
            state: state(self.token().cause(), false),
            remaining: context.remaining(),
            live: self.count.live(),
            tasks,
            adopted: context.reaper().clone(),
        }
    }
}

impl Task {
    fn look(&self) -> TaskLook {
        TaskLook {
            path: self.path().clone(),
            place: self.place().to_string(),
            age: self.age(),
            state: state(self.cause(), self.is_aborted()),
        }
    }
}

fn state(cause: Option<&CancelCause>, aborted: bool) -> State {
    match cause {
        None => State::Running,
        Some(cause) if aborted => State::Aborted(cause.to_string()),
        Some(cause) => State::Cancelled(cause.to_string()),
    }
}
