//! When the machine gave this process no time, which is nobody's fault who is measured meanwhile.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const PULSE: Duration = Duration::from_millis(10);

/// What is late by less is no stall.
const SHORTEST: SignedDuration = SignedDuration::from_millis(50);

/// Notes them until it is dropped.
pub(crate) struct Stalls {
    noted: Arc<Mutex<Vec<(Timestamp, Timestamp)>>>,
    task: JoinHandle<()>,
}

impl Stalls {
    pub(crate) fn watch() -> Self {
        let noted = Arc::<Mutex<Vec<_>>>::default();
        let notes = Arc::clone(&noted);
        let task = tokio::spawn(async move {
            loop {
                let from = Timestamp::now();
                sleep(PULSE).await;
                let until = Timestamp::now();
                if until.duration_since(from) > SHORTEST {
                    notes.lock().push((from, until));
                }
            }
        });
        Self { noted, task }
    }

    /// How much of that time was none.
    pub(crate) fn between(&self, from: Timestamp, until: Timestamp) -> SignedDuration {
        let noted = self.noted.lock();
        let inside = noted.iter().map(|(begun, over)| (*over).min(until).duration_since((*begun).max(from)));
        inside.filter(SignedDuration::is_positive).sum()
    }

    /// How long something took that began then and is over now.
    pub(crate) async fn took(&self, from: Timestamp) -> SignedDuration {
        let until = Timestamp::now();
        // By then a stall is noted that only just ended.
        sleep(PULSE * 2).await;
        until.duration_since(from) - self.between(from, until)
    }
}

impl Drop for Stalls {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[test]
fn only_what_is_inside_counts() {
    let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let stalls = runtime.block_on(async { Stalls::watch() });
    stalls.noted.lock().extend([(at(100), at(200)), (at(300), at(1_300))]);
    let lost = |from, until| stalls.between(at(from), at(until)).as_millis();
    assert_eq!([lost(0, 50), lost(0, 150), lost(150, 310), lost(0, 2_000), lost(1_300, 1_400)], [0, 50, 60, 1_100, 0]);
}
