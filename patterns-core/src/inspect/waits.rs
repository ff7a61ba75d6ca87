use std::borrow::Cow;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::context::{Context, TaskPath};
use crate::task_group::Task;

/// What is awaited.
#[derive(Clone)]
pub(crate) enum Wait {
    Label(Cow<'static, str>),
    /// The end of another task.
    Task(Arc<Task>),
}

/// What a task awaits: several things where it joins futures.
#[derive(Default)]
pub(crate) struct Waits(Mutex<List>);

#[derive(Default)]
struct List {
    next: u32,
    waits: Vec<(u32, Wait)>,
}

impl Waits {
    pub(crate) fn all(&self) -> Vec<Wait> {
        self.0.lock().waits.iter().map(|(_, wait)| wait.clone()).collect()
    }
}

/// That the current task awaits something, until this is dropped.
pub(crate) struct Waiting {
    path: TaskPath,
    number: u32,
}

/// Notes what the current task awaits; `None` outside of any task with a name.
pub(crate) fn waiting(wait: impl FnOnce() -> Wait) -> Option<Waiting> {
    let path = Context::try_here()?.path().clone();
    let mut list = path.waits()?.0.lock();
    let number = list.next;
    list.next = number.wrapping_add(1);
    list.waits.push((number, wait()));
    drop(list);
    Some(Waiting { path, number })
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(waits) = self.path.waits() else { return };
        let mut list = waits.0.lock();
        let at = list.waits.iter().position(|(number, _)| *number == self.number);
        let wait = at.map(|at| list.waits.swap_remove(at));
        drop(list);
        // Under no lock: it may be the last reference to a task.
        drop(wait);
    }
}
