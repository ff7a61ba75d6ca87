//! Futures that a test polls by hand, each with a waker of its own.
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub(crate) struct ByHand<'a, R> {
    fut: Pin<Box<dyn Future<Output = R> + 'a>>,
    woken: Arc<Woken>,
}

impl<'a, R> ByHand<'a, R> {
    pub(crate) fn new(fut: impl Future<Output = R> + 'a) -> Self {
        Self { fut: Box::pin(fut), woken: Arc::default() }
    }

    pub(crate) fn poll(&mut self) -> Poll<R> {
        self.woken.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.woken));
        self.fut.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Whether it was woken since it was last polled.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }
}
