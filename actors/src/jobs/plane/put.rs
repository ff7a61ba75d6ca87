//! Putting jobs: as many at once as have come while those before were written.

use std::sync::Arc;

use patterns_core::context::interruptible;
use tokio::sync::oneshot;

use super::super::PutError;
use super::super::desk::{Errand, Parcel, Phase};
use super::super::driver::{DriverError, Entered, NewJob};
use super::Plane;

impl Plane {
    /// Puts jobs; a verdict for each, in their order. At most a batch of them.
    pub(in crate::jobs) async fn put(self: &Arc<Self>, jobs: Vec<NewJob>) -> Result<Vec<Entered>, PutError> {
        let (reply, entered) = oneshot::channel();
        let to_put = {
            let mut desk = self.desk.lock();
            if desk.phase == Phase::Closed {
                return Err(PutError::Closed);
            }
            desk.letters.post(Parcel { jobs, reply })
        };
        if to_put {
            self.send(Errand::Puts);
        }
        match interruptible(entered).await {
            Ok(Ok(entered)) => Ok(entered?),
            Ok(Err(_)) if self.phase() == Phase::Closed => Err(PutError::Closed),
            Ok(Err(_)) => Err(PutError::Driver(DriverError::new("nobody told whether it was put"))),
            Err(interrupt) => Err(PutError::Interrupted(interrupt)),
        }
    }

    /// Only one does, until nothing is left.
    pub(super) async fn put_parcels(self: Arc<Self>) {
        loop {
            let parcels = self.desk.lock().letters.parcels();
            let Some(parcels) = parcels else { break };
            let (mut jobs, mut replies) = (Vec::new(), Vec::new());
            for Parcel { jobs: more, reply } in parcels {
                replies.push((more.len(), reply));
                jobs.extend(more);
            }
            match self.enqueue(&jobs).await {
                Ok(entered) => {
                    let mut entered = entered.into_iter();
                    for (count, reply) in replies {
                        // Whoever asked may be gone.
                        let _ = reply.send(Ok(entered.by_ref().take(count).collect()));
                    }
                }
                // One is refused: the others' are to go in.
                Err(DriverError::Refused(_)) if replies.len() > 1 => {
                    for (count, reply) in replies {
                        let jobs: Vec<NewJob> = jobs.drain(..count).collect();
                        let _ = reply.send(self.enqueue(&jobs).await);
                    }
                }
                Err(error) => replies.into_iter().for_each(|(_, reply)| drop(reply.send(Err(error.clone())))),
            }
        }
        self.settled.notify_waiters();
    }

    async fn enqueue(&self, jobs: &[NewJob]) -> Result<Vec<Entered>, DriverError> {
        let entered = self.ask(self.driver.enqueue(None, jobs)).await?;
        match entered.len() {
            n if n == jobs.len() => Ok(entered),
            n => Err(DriverError::new(format!("it gave {n} verdicts on {} jobs", jobs.len()))),
        }
    }
}
