//! What the workers have written down.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use actors::jobs::JobId;
use jiff::Timestamp;
use serde::Deserialize;

use super::story::Death;

/// Names a delivery, as a job's output and its effects do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Delivery {
    pub(super) life: String,
    pub(super) number: u64,
}

/// What became of a delivery, as far as its process lived to tell.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) job: JobId,
    pub(super) begun: Timestamp,
    pub(super) ended: Option<Timestamp>,
}

/// The ledgers of all lives together.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) deliveries: BTreeMap<Delivery, Told>,
    /// Since when each life took jobs.
    pub(super) ready: BTreeMap<String, Timestamp>,
    /// Those who died by their own hand.
    pub(super) crashes: Vec<Death>,
}

#[derive(Deserialize)]
struct Line {
    at: Timestamp,
    what: What,
    job: Option<JobId>,
    number: Option<u64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Ready,
    Begin,
    End,
    Crash,
}

impl Ledger {
    /// Reads all that is in this folder.
    pub(super) fn read(folder: &Path) -> Self {
        let mut ledger = Self::default();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "ledger") {
                let life = path.file_stem().unwrap().to_str().unwrap();
                ledger.add(life, &fs::read_to_string(&path).unwrap());
            }
        }
        ledger
    }

    fn add(&mut self, life: &str, text: &str) {
        // What a kill has torn is the end, and has no end of its line.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let Line { at, what, job, number } = serde_json::from_str(line).unwrap();
            let delivery = number.map(|number| Delivery { life: life.to_owned(), number });
            match (what, delivery, job) {
                (What::Begin, Some(delivery), Some(job)) => {
                    let earlier = self.deliveries.insert(delivery, Told { job, begun: at, ended: None });
                    assert!(earlier.is_none(), "a delivery began twice: {line}");
                }
                (What::End, Some(delivery), Some(_)) => {
                    self.deliveries.get_mut(&delivery).expect("what ends has begun").ended = Some(at);
                }
                (What::Ready, None, None) => {
                    self.ready.insert(life.to_owned(), at);
                }
                (What::Crash, None, None) => {
                    let instance = life.split('.').next().unwrap_or_default().to_owned();
                    self.crashes.push(Death { instance, life: life.to_owned(), at, is_near: true });
                }
                _ => panic!("{life}: {line}"),
            }
        }
    }

    /// How many deliveries of each job have begun.
    pub(super) fn begun(&self) -> BTreeMap<JobId, usize> {
        let mut begun = BTreeMap::new();
        for told in self.deliveries.values() {
            *begun.entry(told.job).or_default() += 1;
        }
        begun
    }

    /// When the first of the jobs that one who died had begun, and not ended, was begun again.
    pub(super) fn begun_again(&self, death: &Death) -> Option<Timestamp> {
        let of_life = self.deliveries.iter().filter(|(delivery, _)| delivery.life == death.life);
        let left: Vec<JobId> = of_life.filter(|(_, told)| told.ended.is_none()).map(|(_, told)| told.job).collect();
        let later = self.deliveries.iter().filter(|(delivery, _)| delivery.life != death.life);
        let again = later.filter(|(_, told)| told.begun > death.at && left.contains(&told.job));
        again.map(|(_, told)| told.begun).min()
    }
}
