//! Payloads and outputs: short ones are written into the log and are in every copy of the tables, and long ones are
//! kept beside it, once, and read by who needs them.
//!
//! In the log and in the tables a text is `=` and the text itself, or `@`, a name and a number of parts. Each is kept
//! under a name of its own, which says when that was; so nobody overwrites another's, and what nobody needs can be told
//! from what somebody has only just kept.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_nats::HeaderMap;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::sleep;

use super::super::{DriverError, JobId};
use super::link::Link;
use super::names::Subject;

/// How many bytes a text has at most that is written into the log.
const SHORT: usize = 1 << 10;

/// What a longer one counts in a batch: it is a message of its own, and takes as long as many that are not.
const LONG: usize = 8 << 10;

/// What is in the place of a text that is lost.
const LOST: &str = "null";

/// How many texts are asked for at once. The server answers with no more than 1,024 messages.
const AT_ONCE: usize = 32;

/// How often it is looked for a text that is not there yet: a follower of the server that has it may be a little
/// behind.
const LOOKS: u32 = 40;

const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// Where a long text is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    name: JobId,
    parts: u32,
}

impl Place {
    /// Of a text that was kept at this time.
    fn new(now: Timestamp, parts: u32) -> Self {
        // As the ids of jobs: 48 bits of milliseconds, and the rest random.
        let millis = u128::try_from(now.as_millisecond()).unwrap_or(0);
        Self { name: JobId::from_u128((millis << 80) | (rand::random::<u128>() >> 48)), parts }
    }

    /// Where this text is, if it is a long one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, parts) = text.strip_prefix('@')?.split_once('.')?;
        Some(Self { name: name.parse().ok()?, parts: parts.parse().ok()? })
    }

    /// As the log and the tables have it.
    fn text(self) -> String {
        format!("@{}.{}", self.name, self.parts)
    }

    pub(super) fn name(self) -> JobId {
        self.name
    }

    /// When it was kept, as far as its writer knew the server's clock.
    pub(super) fn made_at(self) -> Timestamp {
        made_at(self.name)
    }
}

/// When a text of this name was kept.
pub(super) fn made_at(name: JobId) -> Timestamp {
    let millis = i64::try_from(name.as_u128() >> 80).unwrap_or(0);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// How many bytes of a batch a text is worth.
pub(super) fn weight(text: &str) -> usize {
    if text.len() > SHORT { LONG } else { text.len() }
}

/// As it is written into the log. What is long is kept beside it, and is there when this returns.
pub(super) async fn keep(link: &Link, now: Timestamp, text: &str) -> Result<String, DriverError> {
    if text.len() <= SHORT {
        return Ok(format!("={text}"));
    }
    keep_apart(link, now, text).await
}

/// Keeps it beside the log, however long it is.
pub(super) async fn keep_apart(link: &Link, now: Timestamp, text: &str) -> Result<String, DriverError> {
    let parts = text.as_bytes().chunks(link.part);
    let place = Place::new(now, u32::try_from(parts.len()).unwrap_or(u32::MAX));
    let name = place.name.to_string();
    let mut kept = Vec::new();
    for (number, part) in parts.enumerate() {
        let subject = link.names.text(&name, &number.to_string());
        kept.push(link.store(subject, HeaderMap::new(), part.to_vec()));
    }
    try_join_all(kept).await?;
    Ok(place.text())
}

/// Has each of these texts, which are as the tables have them, be as it was given. Tells which of them, by their index,
/// are lost: these become `null`.
pub(super) async fn read(link: &Link, texts: Vec<&mut String>) -> Result<Vec<usize>, DriverError> {
    let mut places: Vec<Place> = texts.iter().filter_map(|text| Place::parse(text)).collect();
    places.sort_unstable();
    places.dedup();
    let found = find(link, &places).await?;
    let mut lost = Vec::new();
    for (at, text) in texts.into_iter().enumerate() {
        match Place::parse(text) {
            Some(place) => match found.get(&place) {
                Some(whole) => text.clone_from(whole),
                None => {
                    LOST.clone_into(text);
                    lost.push(at);
                }
            },
            None if text.starts_with('=') => {
                text.remove(0);
            }
            None => return Err(DriverError::new(format!("{text:?} is no text of the jobs' log"))),
        }
    }
    Ok(lost)
}

/// Texts, without those that are lost.
async fn find(link: &Link, places: &[Place]) -> Result<HashMap<Place, String>, DriverError> {
    let mut found = HashMap::new();
    for some in places.chunks(AT_ONCE) {
        for look in 0.. {
            let left: Vec<Place> = some.iter().filter(|place| !found.contains_key(*place)).copied().collect();
            if left.is_empty() {
                break;
            }
            if look == LOOKS {
                check_lost(link, &left).await?;
                break;
            }
            if look > 0 {
                sleep(BETWEEN_LOOKS).await;
            }
            found.extend(look_for(link, &left).await?);
        }
    }
    Ok(found)
}

/// Those that are there as a whole.
async fn look_for(link: &Link, places: &[Place]) -> Result<Vec<(Place, String)>, DriverError> {
    let subjects: Vec<String> = places.iter().map(|place| link.names.text(&place.name.to_string(), "*")).collect();
    let messages = link.read_many(&link.names.kept_stream, &json!({ "multi_last": subjects })).await?;
    let mut parts: BTreeMap<JobId, BTreeMap<u32, Vec<u8>>> = BTreeMap::new();
    for message in &messages {
        let subject = message.headers.as_ref().and_then(|headers| headers.get("Nats-Subject"));
        if let Some(Subject::Text(name, number)) = subject.and_then(|subject| link.names.parse(subject.as_str()))
            && let Ok(name) = name.parse()
        {
            parts.entry(name).or_default().insert(number, message.payload.to_vec());
        }
    }
    let mut found = Vec::new();
    for place in places {
        let Some(parts) = parts.remove(&place.name) else { continue };
        if u32::try_from(parts.len()).is_ok_and(|count| count == place.parts) {
            let whole: Vec<u8> = parts.into_values().flatten().collect();
            found.push((*place, String::from_utf8(whole).map_err(DriverError::new)?));
        }
    }
    Ok(found)
}

/// Fails where one of these is not lost: the leader of the stream has all of it, and whoever was asked is behind.
async fn check_lost(link: &Link, places: &[Place]) -> Result<(), DriverError> {
    for place in places {
        if has_all(link, *place).await? {
            return Err(DriverError::new(format!("the text {} of a job is not there yet", place.text())));
        }
        tracing::error!(text = %place.text(), "the server has lost a text of a job");
    }
    Ok(())
}

async fn has_all(link: &Link, place: Place) -> Result<bool, DriverError> {
    let name = place.name.to_string();
    for part in 0..place.parts {
        if link.latest(&link.names.text(&name, &part.to_string())).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_again_and_says_when_it_was_made() {
        let now = Timestamp::from_millisecond(1_777_777_777_123).unwrap();
        let place = Place::new(now, 3);
        assert_eq!(Place::parse(&place.text()), Some(place));
        assert_eq!(place.made_at(), now);
        assert_ne!(Place::new(now, 3), place);
        // What a user writes is none, as it begins with another sign.
        assert_eq!(Place::parse(&format!("={}", place.text())), None);
        assert_eq!((Place::parse("@x.1"), Place::parse("@")), (None, None));
    }
}
