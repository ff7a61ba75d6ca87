use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::ActorConfig;
use crate::mailbox::Meters;

/// What actors share that are called the same, or run the same. So an actor that is one of many is small.
pub(crate) struct Kin {
    pub(crate) meters: Arc<Meters>,
    /// Without the name.
    pub(crate) config: Arc<ActorConfig>,
}

/// Who is kin to whom, among the live actors of one system.
#[derive(Default)]
pub(super) struct Families(Mutex<Known>);

#[derive(Default)]
struct Known {
    meters: FxHashMap<Arc<str>, Arc<Meters>>,
    /// That of the actor that came last.
    config: Option<Arc<ActorConfig>>,
}

impl Families {
    pub(super) fn join(&self, mut config: ActorConfig) -> Kin {
        let name = std::mem::take(&mut config.name);
        let mut known = self.0.lock();
        let config = match &known.config {
            Some(known) if **known == config => known.clone(),
            _ => known.config.insert(Arc::new(config)).clone(),
        };
        let meters = known.meters.get(name.as_str()).cloned();
        drop(known);
        let meters = meters.unwrap_or_else(|| {
            // A recorder may be user code: not under the lock.
            let new = Arc::new(Meters::new(name.into()));
            let mut known = self.0.lock();
            known.meters.entry(new.actor.clone()).or_insert_with(|| new.clone()).clone()
        });
        Kin { meters, config }
    }

    /// An actor that had these is no more.
    pub(super) fn leave(&self, meters: &Arc<Meters>) {
        let mut known = self.0.lock();
        // Its own and the one here: it was the last of its name.
        let last = if Arc::strong_count(meters) <= 2 { known.meters.remove_entry(&meters.actor) } else { None };
        drop(known);
        drop(last);
    }
}
