use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

use super::{Quota, RateLimiter, TooManyKeys};

/// The limiters of all keys, behind the keyed limiter's lock.
pub(super) struct Keys<K> {
    pub(super) limiters: HashMap<K, RateLimiter>,
    /// Quotas that were set per key. They are kept when the key's limiter is forgotten.
    pub(super) quotas: HashMap<K, Quota>,
    /// Each key in `limiters` once, with an instant before which it is not at rest.
    rests: BinaryHeap<Rest<K>>,
    pub(super) quota: Quota,
    pub(super) idle: Duration,
    pub(super) max_keys: usize,
}

/// The earliest comes first out of the heap.
struct Rest<K> {
    at: Instant,
    key: K,
}

impl<K> Ord for Rest<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl<K> PartialOrd for Rest<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> PartialEq for Rest<K> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl<K> Eq for Rest<K> {}

impl<K: Eq + Hash + Clone> Keys<K> {
    pub(super) fn new(quota: Quota) -> Self {
        Self {
            limiters: HashMap::new(),
            quotas: HashMap::new(),
            rests: BinaryHeap::new(),
            quota,
            idle: Duration::from_secs(60),
            max_keys: 100_000,
        }
    }

    /// The key's limiter; a new one if it is not tracked.
    pub(super) fn limiter<Q>(&mut self, key: &Q) -> Result<RateLimiter, TooManyKeys>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let now = Instant::now();
        self.forget(now, self.idle, 0);
        if let Some(limiter) = self.limiters.get(key) {
            return Ok(limiter.clone());
        }
        self.forget(now, Duration::ZERO, self.max_keys - 1);
        if self.limiters.len() >= self.max_keys {
            return Err(TooManyKeys { max_keys: self.max_keys });
        }
        let limiter = RateLimiter::new(self.quotas.get(key).copied().unwrap_or(self.quota));
        // Both first: a key's own code may panic.
        let (kept, rest) = (key.to_owned(), Rest { at: now, key: key.to_owned() });
        self.limiters.insert(kept, limiter.clone());
        self.rests.push(rest);
        Ok(limiter)
    }

    /// Forgets limiters that have been at rest for `idle`, down to `keep` of them.
    ///
    /// Looks only at those that could be: each is looked at again only once it could be at rest again, so
    /// what this costs is paid for by the acquires in between.
    fn forget(&mut self, now: Instant, idle: Duration, keep: usize) {
        while self.limiters.len() > keep
            && let Some(first) = self.rests.peek()
            && now.saturating_duration_since(first.at) >= idle
            && first.at <= now
            && let Some(Rest { key, .. }) = self.rests.pop()
        {
            let Some(limiter) = self.limiters.get_mut(&key) else { continue };
            // In this order: once unshared, it does not change any more.
            let unshared = limiter.is_unshared();
            let rests_at = limiter.rests_at();
            if !unshared {
                // Somebody is about to use it, or waits.
                let later = now + Duration::from_millis(1);
                self.rests.push(Rest { at: rests_at.max(later), key });
            } else if rests_at > now || now - rests_at < idle {
                self.rests.push(Rest { at: rests_at, key });
            } else {
                self.limiters.remove(&key);
            }
        }
    }
}
