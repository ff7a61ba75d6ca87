//! The `tower` layers: which instance is called, how often, with what.
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as Polling, Poll};
use std::time::Duration;

use patterns_core::context;
use patterns_core::fallback::Fallback;
use patterns_core::hedge::Hedge;
use patterns_core::policy::{Policy, PolicyCause};
use patterns_core::rate_limit::{Quota, RateLimiter};
use patterns_core::retry::Retry;
use patterns_core::tower::{HedgeLayer, OnceLayer, PolicyLayer, rate_limit, retry, timeout};
use tokio::time::{Instant, sleep};
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{Log, ms, polled, secs};

/// What the service does with one request.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Answers after this time.
    Answer(Duration),
    /// Fails after this time.
    Fail(Duration),
    /// Never becomes ready for the next request; the one after that finds it ready.
    NotReady,
}

/// Panics where it is called without having been made ready: itself, not the instance that it was cloned from.
struct Strict {
    name: &'static str,
    ready: bool,
    acts: Arc<Mutex<VecDeque<Act>>>,
    log: Log,
}

impl Strict {
    fn new(acts: impl IntoIterator<Item = Act>, log: &Log) -> Self {
        let acts = Arc::new(Mutex::new(acts.into_iter().collect()));
        Self { name: "original", ready: false, acts, log: log.clone() }
    }
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { name: "clone", ready: false, acts: Arc::clone(&self.acts), log: self.log.clone() }
    }
}

/// A request that can't be cloned.
#[derive(Debug)]
struct Unique(#[allow(dead_code, reason = "it is printed")] u32);

impl<Req: fmt::Debug> Service<Req> for Strict {
    type Response = &'static str;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<&'static str, io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Polling<'_>) -> Poll<Result<(), io::Error>> {
        let mut acts = self.acts.lock().unwrap();
        if let Some(Act::NotReady) = acts.front() {
            acts.pop_front();
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having been made ready");
        let (name, log) = (self.name, self.log.clone());
        log.add(format!("{name} gets {request:?}"));
        let act = self.acts.lock().unwrap().pop_front().expect("one more request than planned");
        Box::pin(async move {
            match act {
                Act::Answer(after) => sleep(after).await,
                Act::Fail(after) => {
                    sleep(after).await;
                    return Err(io::Error::other("down"));
                }
                Act::NotReady => unreachable!("taken by `poll_ready`"),
            }
            Ok(name)
        })
    }
}

/// Makes the service ready, and calls it.
async fn send<S, Req>(service: &mut S, request: Req) -> Result<S::Response, S::Error>
where
    S: Service<Req>,
{
    std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await
}

#[tokio::test(start_paused = true)]
async fn the_instance_that_was_made_ready_is_called_and_made_ready_again_for_each_attempt() {
    let log = Log::default();
    let acts = [Act::Fail(ms(1)), Act::Fail(ms(1)), Act::Answer(ms(1)), Act::Answer(ms(1))];
    let mut service = retry(Retry::fixed(ms(1))).layer(Strict::new(acts, &log));
    assert_eq!(send(&mut service, 7).await.unwrap(), "original");
    assert_eq!(send(&mut service, 8).await.unwrap(), "clone", "the one that was left in its place");
    assert_eq!(log.all(), ["original gets 7", "original gets 7", "original gets 7", "clone gets 8"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_ends_while_the_service_is_not_ready_leaves_it_to_the_next() {
    let log = Log::default();
    // Asked once when the attempt begins, and once more when its time is over.
    let acts = [Act::Fail(ms(1)), Act::NotReady, Act::NotReady, Act::Answer(ms(1))];
    let policy = Policy::new().retry(Retry::fixed(ms(1))).attempt_timeout(secs(1));
    let mut service = PolicyLayer::new(policy).layer(Strict::new(acts, &log));
    let start = Instant::now();
    assert_eq!(send(&mut service, 7).await.unwrap(), "original");
    assert_eq!(start.elapsed(), secs(1) + ms(4));
    assert_eq!(log.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn while_the_inner_service_is_not_ready_the_outer_is_not() {
    let mut service = retry(Retry::fixed(ms(1))).layer(Strict::new([Act::NotReady], &Log::default()));
    let ready = std::future::poll_fn(|cx| Service::<u32>::poll_ready(&mut service, cx));
    assert!(polled(1, ready).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn without_a_retry_a_request_need_not_be_clone() {
    let log = Log::default();
    let limiter = RateLimiter::new(Quota::per_second(1));
    let acts = [Act::Answer(ms(1)), Act::Answer(ms(1))];
    let mut service = rate_limit(limiter).layer(Strict::new(acts, &log));
    let start = Instant::now();
    send(&mut service, Unique(1)).await.unwrap();
    send(&mut service, Unique(2)).await.unwrap();
    assert_eq!(start.elapsed(), secs(1) + ms(1));
    assert_eq!(log.all(), ["original gets Unique(1)", "clone gets Unique(2)"]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_shared_by_the_clones_of_a_service() {
    let layer = rate_limit(RateLimiter::new(Quota::per_second(1)));
    let service = layer.layer(Strict::new([Act::Answer(ms(0)); 3], &Log::default()));
    let start = Instant::now();
    let tasks: Vec<_> = (0..3)
        .map(|n| {
            let mut service = service.clone();
            tokio::spawn(async move { send(&mut service, n).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_passed_limit_is_a_typed_error() {
    let mut service = timeout(secs(1)).layer(Strict::new([Act::Answer(secs(60))], &Log::default()));
    let error = send(&mut service, 7).await.unwrap_err();
    assert!(matches!(error.cause(), PolicyCause::TimedOut(_)));
}

#[tokio::test(start_paused = true)]
async fn a_whole_policy_is_one_layer_with_one_flat_error() {
    let retry = Retry::fixed(ms(1)).max_attempts(2);
    let policy = Policy::new().timeout(secs(9)).retry(retry.clone()).attempt_timeout(secs(1));
    let acts = [Act::Answer(secs(60)), Act::Fail(ms(1))];
    let mut service = PolicyLayer::new(policy).layer(Strict::new(acts, &Log::default()));
    let error = send(&mut service, 7).await.unwrap_err();
    assert!(matches!(error.cause(), PolicyCause::Failed(_)));
    assert_eq!((error.log().len(), error.error().unwrap().to_string().as_str()), (2, "down"));

    let policy = Policy::new().fallback(Fallback::value("cached")).retry(retry);
    let acts = [Act::Fail(ms(1)), Act::Fail(ms(1))];
    let mut service = PolicyLayer::new(policy).layer(Strict::new(acts, &Log::default()));
    assert_eq!(send(&mut service, 7).await.unwrap(), "cached");
}

#[tokio::test(start_paused = true)]
async fn a_service_sees_the_limit_as_its_ambient_deadline() {
    /// Answers with the time that is left.
    #[derive(Clone)]
    struct Left;

    impl Service<()> for Left {
        type Response = Option<Duration>;
        type Error = io::Error;
        type Future = std::future::Ready<Result<Option<Duration>, io::Error>>;

        fn poll_ready(&mut self, _: &mut Polling<'_>) -> Poll<Result<(), io::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            std::future::ready(Ok(context::remaining()))
        }
    }

    let mut service = OnceLayer::new(Policy::new().timeout(secs(9)).attempt_timeout(secs(2))).layer(Left);
    assert_eq!(send(&mut service, ()).await.unwrap(), Some(secs(2)));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_leaves_the_line() {
    let limiter = RateLimiter::new(Quota::one_per(secs(60)));
    limiter.try_acquire().unwrap();
    let mut service = rate_limit(limiter.clone()).layer(Strict::new([], &Log::default()));
    assert!(polled(1, send(&mut service, 7)).await.is_none());
    assert_eq!(limiter.status().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_failing_readiness_is_the_services_failure() {
    #[derive(Clone)]
    struct Broken;

    impl Service<u32> for Broken {
        type Response = ();
        type Error = io::Error;
        type Future = std::future::Ready<Result<(), io::Error>>;

        fn poll_ready(&mut self, _: &mut Polling<'_>) -> Poll<Result<(), io::Error>> {
            Poll::Ready(Err(io::Error::other("connection lost")))
        }

        fn call(&mut self, _: u32) -> Self::Future {
            panic!("called without having been made ready")
        }
    }

    let error = send(&mut retry(Retry::fixed(ms(1))).layer(Broken), 7_u32).await.unwrap_err();
    assert_eq!(error.into_inner().unwrap().to_string(), "connection lost");
    let error = send(&mut HedgeLayer::new(Hedge::after(ms(1))).layer(Broken), 7_u32).await.unwrap_err();
    assert_eq!(error.into_inner().unwrap().to_string(), "connection lost");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_of_a_hedge_has_an_instance_that_it_has_made_ready() {
    let log = Log::default();
    let acts = [Act::Answer(secs(60)), Act::Answer(ms(10)), Act::Answer(ms(10))];
    let mut service = HedgeLayer::new(Hedge::after(ms(50))).layer(Strict::new(acts, &log));
    let start = Instant::now();
    assert_eq!(send(&mut service, 7).await.unwrap(), "clone");
    assert_eq!(start.elapsed(), ms(60));
    send(&mut service, 8).await.unwrap();
    assert_eq!(log.all(), ["original gets 7", "clone gets 7", "clone gets 8"]);
}
