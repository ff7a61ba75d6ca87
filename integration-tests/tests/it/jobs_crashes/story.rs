//! What happened to whom, and when.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::support::stalls::Stalls;

/// What the engine is called here.
pub(super) const ENGINE: &str = "the engine";

/// When the engine and each life of a worker were well, and how those ended that were killed.
pub(super) struct Story {
    spans: BTreeMap<String, Vec<Span>>,
    pub(super) deaths: Vec<Death>,
}

/// A time in which somebody was well.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: Timestamp,
    /// `None`: to the end.
    until: Option<Timestamp>,
}

/// A life that was cut short.
#[derive(Clone, Debug)]
pub(super) struct Death {
    pub(super) instance: String,
    pub(super) life: String,
    /// Not later than that.
    pub(super) at: Timestamp,
    /// Whether the engine heard of its end at once. Of one elsewhere it may hold locks until a broken link shows.
    pub(super) is_near: bool,
}

impl Default for Story {
    /// The engine is there.
    fn default() -> Self {
        let mut story = Self { spans: BTreeMap::new(), deaths: Vec::new() };
        story.gets_well(ENGINE);
        story
    }
}

impl Story {
    /// From now on it can do what it is there for.
    pub(super) fn gets_well(&mut self, who: &str) {
        let spans = self.spans.entry(who.to_owned()).or_default();
        spans.push(Span { from: Timestamp::now(), until: None });
    }

    /// It can't any more. What was not well stays so.
    pub(super) fn gets_unwell(&mut self, who: &str) {
        if let Some(span) = self.spans.get_mut(who).and_then(|spans| spans.last_mut()) {
            span.until.get_or_insert_with(Timestamp::now);
        }
    }

    /// Those who began their work later than their life have been well from then on only; those who never did, never.
    pub(super) fn ready(&mut self, ready: &BTreeMap<String, Timestamp>) {
        for (life, spans) in self.spans.iter_mut().filter(|(who, _)| *who != ENGINE) {
            let Some(ready) = ready.get(life) else {
                spans.clear();
                continue;
            };
            spans.iter_mut().for_each(|span| span.from = span.from.max(*ready));
            spans.retain(|span| span.until.is_none_or(|until| span.from < until));
        }
    }

    /// How long others have let something be that was to be done after a death, and was not yet by then: from when it
    /// was dead, the engine was there, and so was one of the others, all without a break. `None`: there was nobody
    /// then. A time in which this machine stood still is none of theirs.
    pub(super) fn waited(&self, death: &Death, until: Timestamp, stalls: &Stalls) -> Option<SignedDuration> {
        let engine = well_since(&self.spans[ENGINE], until)?;
        let others = self.spans.iter().filter(|(who, _)| *who != ENGINE && **who != death.life);
        let other = others.filter_map(|(_, spans)| well_since(spans, until)).min()?;
        let since = death.at.max(engine).max(other);
        Some(until.duration_since(since) - stalls.between(since, until))
    }
}

/// From when on somebody was well at that time.
fn well_since(spans: &[Span], at: Timestamp) -> Option<Timestamp> {
    let span = spans.iter().find(|span| span.from <= at && span.until.is_none_or(|until| at < until))?;
    Some(span.from)
}
