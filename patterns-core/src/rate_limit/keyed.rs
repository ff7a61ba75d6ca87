use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::bucket::wake;
use super::keys::Keys;
use super::{AcquireError, Quota, Status, TooManyKeys};

/// A [`RateLimiter`](super::RateLimiter) per key, such as a host or a user, with bounded memory.
///
/// A key's limiter is made when the key is first used, and forgotten once it has been at rest (its
/// bucket full, nobody waiting, no pause) for a while, or earlier to make room. A limiter at rest is as
/// good as a new one, so forgetting it never admits more than the quota. Where all keys are in use and
/// their number is at its limit, a new key is an error: nothing is admitted uncounted.
///
/// Clones are the same limiter.
///
/// # Comparison to `governor`'s keyed limiters
///
/// Those grow until `retain_recent` is called. Keys here go by themselves, can have a quota of their
/// own, and can be paused.
///
/// # Defaults
///
/// - idle time: 60 s
/// - at most 100,000 keys
///
/// # Examples
///
/// ```
/// use patterns_core::rate_limit::{AcquireError, KeyedRateLimiter, Quota};
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main()
/// # -> Result<(), AcquireError> {
/// let hosts: KeyedRateLimiter<String> = KeyedRateLimiter::new(Quota::per_second(2));
/// hosts.set_quota("slow.example", Quota::one_per(Duration::from_secs(5)))?; // its crawl delay
/// hosts.pause_until("busy.example", Instant::now() + Duration::from_secs(30))?; // its Retry-After
///
/// for host in ["a.example", "b.example", "slow.example"] {
///     hosts.acquire(host).await?; // independent of each other: none waits
/// }
/// let wait = |host: &str| hosts.try_acquire(host).unwrap_err().wait().unwrap();
/// assert_eq!(wait("a.example"), Duration::from_millis(500));
/// assert_eq!(wait("slow.example"), Duration::from_secs(5));
/// assert_eq!(wait("busy.example"), Duration::from_secs(30));
/// # Ok(()) }
/// ```
pub struct KeyedRateLimiter<K> {
    shared: Arc<Mutex<Keys<K>>>,
}

impl<K: Eq + Hash + Clone> KeyedRateLimiter<K> {
    /// A limiter with this quota for each key.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self { shared: Arc::new(Mutex::new(Keys::new(quota))) }
    }

    /// Forgets a key's limiter once it has been at rest for this long; looked at whenever a key is used.
    #[must_use]
    pub fn idle_time(self, idle: Duration) -> Self {
        self.shared.lock().idle = idle;
        self
    }

    /// Tracks at most this many keys, and as many quotas of their own.
    ///
    /// # Panics
    ///
    /// Where it is zero.
    #[must_use]
    pub fn max_keys(self, max: usize) -> Self {
        assert!(max > 0, "a keyed rate limiter must be able to track at least 1 key");
        self.shared.lock().max_keys = max;
        self
    }

    /// Waits for one unit of this key.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::TooManyKeys`]: the key is new, and there is no room for one more.
    /// - [`AcquireError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn acquire<Q>(&self, key: &Q) -> Result<(), AcquireError>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        self.acquire_many(key, 1).await
    }

    /// Waits for `n` units of this key, to be admitted together.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::TooManyKeys`]: the key is new, and there is no room for one more.
    /// - [`AcquireError::ExceedsBurst`]: `n` is more than the key's burst.
    /// - [`AcquireError::Interrupted`]: the ambient token was cancelled or the ambient deadline passed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn acquire_many<Q>(&self, key: &Q, n: u32) -> Result<(), AcquireError>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let limiter = self.shared.lock().limiter(key)?;
        limiter.acquire_many(n).await
    }

    /// Takes one unit of this key if it is there.
    ///
    /// # Errors
    ///
    /// - [`AcquireError::NotYet`]: it is not, but would be after the given time.
    /// - [`AcquireError::TooManyKeys`]: the key is new, and there is no room for one more.
    pub fn try_acquire<Q>(&self, key: &Q) -> Result<(), AcquireError>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let limiter = self.shared.lock().limiter(key)?;
        limiter.try_acquire()
    }

    /// Gives this key a quota of its own, for those who wait too. It is kept until
    /// [`clear_quota`](Self::clear_quota).
    ///
    /// # Errors
    ///
    /// [`TooManyKeys`]: there are as many quotas as keys may be tracked.
    pub fn set_quota<Q>(&self, key: &Q, quota: Quota) -> Result<(), TooManyKeys>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let mut keys = self.shared.lock();
        if keys.quotas.len() >= keys.max_keys && !keys.quotas.contains_key(key) {
            return Err(TooManyKeys { max_keys: keys.max_keys });
        }
        keys.quotas.insert(key.to_owned(), quota);
        let wakes = keys.limiters.get(key).map(|limiter| limiter.change_quota(quota));
        drop(keys);
        wake(wakes.unwrap_or_default());
        Ok(())
    }

    /// Takes this key's own quota away. Returns whether it had one.
    pub fn clear_quota<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let mut keys = self.shared.lock();
        let had_one = keys.quotas.remove(key).is_some();
        let limiter = keys.limiters.get(key).filter(|_| had_one);
        let wakes = limiter.map(|limiter| limiter.change_quota(keys.quota));
        drop(keys);
        wake(wakes.unwrap_or_default());
        had_one
    }

    /// Admits nothing for this key before this instant, as a `Retry-After` header asks for.
    ///
    /// # Errors
    ///
    /// [`TooManyKeys`]: the key is new, and there is no room for one more.
    pub fn pause_until<Q>(&self, key: &Q, at: Instant) -> Result<(), TooManyKeys>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let limiter = self.shared.lock().limiter(key)?;
        limiter.pause_until(at);
        Ok(())
    }

    /// What the limiter of this key would do now; `None` where it is not tracked, as good as new.
    #[must_use]
    pub fn status<Q>(&self, key: &Q) -> Option<Status>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let limiter = self.shared.lock().limiters.get(key).cloned();
        limiter.map(|limiter| limiter.status())
    }

    /// How many keys are tracked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().limiters.len()
    }

    /// Whether no key is tracked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K> Clone for KeyedRateLimiter<K> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K> fmt::Debug for KeyedRateLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.shared.lock();
        f.debug_struct("KeyedRateLimiter")
            .field("quota", &keys.quota)
            .field("keys", &keys.limiters.len())
            .field("own_quotas", &keys.quotas.len())
            .field("idle", &keys.idle)
            .field("max_keys", &keys.max_keys)
            .finish()
    }
}
