use super::PolicyCause;
use crate::retry::{Classify, Verdict};

/// Tells which causes are worth another attempt, and asks the user's own classifier about errors of the operation.
#[derive(Clone, Copy)]
pub(super) struct ByCause<C>(pub(super) C);

impl<E, C: Classify<E>> Classify<PolicyCause<E>> for ByCause<C> {
    fn classify(&self, cause: &PolicyCause<E>) -> Verdict {
        match cause {
            PolicyCause::Failed(error) => self.0.classify(error),
            PolicyCause::AttemptTimedOut(_) | PolicyCause::BulkheadFull => Verdict::Retry,
            PolicyCause::TimedOut(_)
            | PolicyCause::CircuitOpen { .. }
            | PolicyCause::BulkheadClosed
            | PolicyCause::RateLimited(_)
            | PolicyCause::Interrupted { .. } => Verdict::Stop,
        }
    }
}
