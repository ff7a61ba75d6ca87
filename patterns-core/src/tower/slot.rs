use std::future::poll_fn;

use parking_lot::Mutex;
use tower_service::Service;

/// Puts a clone in the place of the instance that was made ready, which is the one to call.
pub(super) fn take_ready<S: Clone>(service: &mut S) -> S {
    let clone = service.clone();
    std::mem::replace(service, clone)
}

/// The instance that the attempts of one call go through, one after the other.
pub(super) struct Slot<S>(Mutex<Option<Instance<S>>>);

struct Instance<S> {
    service: S,
    ready: bool,
}

impl<S> Slot<S> {
    /// `service` has been made ready.
    pub(super) fn new(service: S) -> Self {
        Self(Mutex::new(Some(Instance { service, ready: true })))
    }

    pub(super) async fn call<Req>(&self, request: Req) -> Result<S::Response, S::Error>
    where
        S: Service<Req>,
    {
        let answer = {
            let mut held = Held { instance: self.0.lock().take(), slot: self };
            let instance = held.instance.as_mut().expect("an attempt that has ended has given it back");
            if !instance.ready {
                poll_fn(|cx| instance.service.poll_ready(cx)).await?;
            }
            instance.ready = false;
            instance.service.call(request)
        };
        answer.await
    }
}

/// Gives the instance back, also where the attempt is dropped while it waits for it to be ready.
struct Held<'a, S> {
    instance: Option<Instance<S>>,
    slot: &'a Slot<S>,
}

impl<S> Drop for Held<'_, S> {
    fn drop(&mut self) {
        *self.slot.0.lock() = self.instance.take();
    }
}
