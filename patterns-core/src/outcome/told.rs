//! Telling a failure from the answer to being told to stop.

use std::error::Error;

use tokio::time::Instant;

use super::ErrorGroup;
use crate::cancel::{CancelCause, CancelKind};
use crate::context::{DeadlinePassed, Interrupt};

/// Whether an error is only the answer to being told to stop, by whomever.
pub(crate) fn is_told_to_stop(error: &(dyn Error + 'static)) -> bool {
    told_to_stop(error).is_some()
}

/// Whether a task failed only because it was told to stop, and why: `token` is the cause for which its
/// own token was cancelled, `deadline` the one that it runs under.
pub(crate) fn cancellation(
    error: &(dyn Error + 'static),
    token: Option<&CancelCause>,
    deadline: Option<Instant>,
) -> Option<CancelCause> {
    let late = |deadline: &Instant| *deadline <= Instant::now();
    let told = told_to_stop(error)?;
    match (token, told) {
        (Some(cause), _) => Some(cause.clone()),
        (None, Told::Cancelled(cause)) if cause.kind() == CancelKind::Deadline => {
            deadline.filter(late).map(|_| cause.clone())
        }
        (None, Told::DeadlinePassed) => deadline.filter(late).map(|_| CancelCause::new(CancelKind::Deadline, "")),
        // A cancellation of something else, which is an error here.
        (None, Told::Cancelled(_)) => None,
    }
}

enum Told<'a> {
    Cancelled(&'a CancelCause),
    DeadlinePassed,
}

/// The first link of the error's chain that speaks of being told to stop.
fn told_to_stop<'a>(error: &'a (dyn Error + 'static)) -> Option<Told<'a>> {
    let mut link = Some(error);
    while let Some(error) = link {
        if let Some(interrupt) = error.downcast_ref::<Interrupt>() {
            return Some(interrupt.cause().map_or(Told::DeadlinePassed, Told::Cancelled));
        }
        if error.is::<DeadlinePassed>() {
            return Some(Told::DeadlinePassed);
        }
        if let Some(cause) = error.downcast_ref::<CancelCause>() {
            return Some(Told::Cancelled(cause));
        }
        // What failed besides being cancelled has failed.
        if let Some(group) = error.downcast_ref::<ErrorGroup>() {
            return group.cause().map(Told::Cancelled);
        }
        link = error.source();
    }
    None
}
