use patterns_core::context::Context;
use patterns_core::reaper::Reaper;

/// A context for a job that inherits none, used again as long as no job has kept anything of it: to make one
/// costs more than such a job.
#[derive(Default)]
pub(crate) struct Spare(Option<Context>);

impl Spare {
    pub(super) fn take(&mut self) -> Context {
        self.0.take().unwrap_or_else(|| Context::root(Reaper::global()))
    }

    /// Keeps a context that a job ran in, unless something of that job still has a part in it, or it was cancelled.
    pub(super) fn put(&mut self, mut context: Context) {
        if context.is_pristine() {
            self.0 = Some(context);
        }
    }
}
