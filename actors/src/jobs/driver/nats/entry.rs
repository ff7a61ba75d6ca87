use std::fmt;

use async_nats::Message;
use jiff::Timestamp;

use super::super::DriverError;

/// How entries of the log are written and what they mean. Whoever finds a later one stops, as it would not do what
/// others do: it is raised with every change of the [commands](super::command) or of what they do to the tables.
const VERSION: u32 = 1;

/// Tells an entry from all others: who wrote it, and which of his entries it is, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct EntryId {
    pub(super) session: u64,
    pub(super) number: u64,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}.{:016x}.{}", self.session, self.number)
    }
}

impl EntryId {
    /// `None`: it is no entry of ours, and counts for nothing.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, DriverError> {
        let mut words = text.split('.');
        let Some(version) = words.next().and_then(|word| word.parse::<u32>().ok()) else { return Ok(None) };
        if version > VERSION {
            return Err(DriverError::refused(format!(
                "an entry of the jobs' log is of version {version}, and this program knows them up to {VERSION}"
            )));
        }
        let session = words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
        let number = words.next().and_then(|word| word.parse().ok());
        Ok(session.zip(number).map(|(session, number)| Self { session, number }))
    }
}

/// An entry of the log, as the server has it.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// Its place in the log.
    pub(super) seq: u64,
    /// What the server's clock read.
    pub(super) at: Timestamp,
    pub(super) id: Option<EntryId>,
    message: Message,
}

impl Heard {
    /// Reads a message that was read from the log, or came by the feed: both have the same headers.
    pub(super) fn new(message: Message) -> Result<Self, DriverError> {
        let missing =
            |name| DriverError::new(format!("a message of the jobs' log has no header {name} that can be read"));
        let seq = header(&message, "Nats-Sequence").and_then(|text| text.parse().ok());
        let at = header(&message, "Nats-Time-Stamp").and_then(|text| text.parse().ok());
        let id = header(&message, "Nats-Msg-Id").map_or(Ok(None), EntryId::parse)?;
        let seq = seq.ok_or_else(|| missing("Nats-Sequence"))?;
        let at = at.ok_or_else(|| missing("Nats-Time-Stamp"))?;
        Ok(Self { seq, at, id, message })
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.message.payload
    }
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    Some(message.headers.as_ref()?.get(name)?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_known_by_its_text_and_a_later_version_is_refused() {
        let id = EntryId { session: u64::MAX - 1, number: 12 };
        assert_eq!(EntryId::parse(&id.to_string()).unwrap(), Some(id));
        assert_eq!(EntryId::parse("somebody else's").unwrap(), None);
        assert_eq!(EntryId::parse("1.xyz.1").unwrap(), None);
        let error = EntryId::parse("2.00.1").unwrap_err();
        assert!(error.is_final() && error.to_string().contains("version 2"), "{error}");
    }
}
