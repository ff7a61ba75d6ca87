//! What goes into a database and comes out of it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::Key;

/// A value, as both engines know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Value {
    /// A value as JSON.
    pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        // Our own types, whose keys are texts: nothing that JSON can't hold.
        Self::from(serde_json::to_string(value).unwrap_or_default())
    }
}

/// A text as it can be kept: PostgreSQL can't keep a NUL in one, and no reader can see it.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Int(yes.into())
    }
}

impl From<Timestamp> for Value {
    /// Milliseconds since 1970.
    fn from(instant: Timestamp) -> Self {
        Self::Int(instant.as_millisecond())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(if text.contains('\0') { storable(&text).into_owned() } else { text })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl From<Key> for Value {
    fn from(key: Key) -> Self {
        Self::Blob(key.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row that was read; its columns are taken one after the other, in the order of the statement.
#[derive(Clone, Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Null)
    }

    /// The number in the first column, which is not taken.
    pub(crate) fn first_int(&self) -> Option<i64> {
        if let Some(Value::Int(number)) = self.0.as_slice().first() { Some(*number) } else { None }
    }

    /// A number; 0 where there is none.
    pub(crate) fn int(&mut self) -> i64 {
        self.opt_int().unwrap_or_default()
    }

    pub(crate) fn opt_int(&mut self) -> Option<i64> {
        if let Value::Int(number) = self.next() { Some(number) } else { None }
    }

    /// A number of things.
    pub(crate) fn count(&mut self) -> u64 {
        u64::try_from(self.int()).unwrap_or_default()
    }

    pub(crate) fn text(&mut self) -> String {
        self.opt_text().unwrap_or_default()
    }

    pub(crate) fn opt_text(&mut self) -> Option<String> {
        if let Value::Text(text) = self.next() { Some(text) } else { None }
    }

    pub(crate) fn opt_blob(&mut self) -> Option<Vec<u8>> {
        if let Value::Blob(bytes) = self.next() { Some(bytes) } else { None }
    }

    /// An instant; the beginning of 1970 where it is none.
    pub(crate) fn instant(&mut self) -> Timestamp {
        self.opt_instant().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    pub(crate) fn opt_instant(&mut self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.opt_int()?).ok()
    }

    /// What was kept as JSON; `None` if it can't be understood, as where a later version has written it.
    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Option<T> {
        serde_json::from_str(&self.opt_text()?).ok()
    }
}

/// A statement, and the values that it is run with: once for each row.
///
/// It is written so that both engines understand it, with `$1`, `$2` and so on in the order in which they first
/// appear: that is what SQLite numbers them by.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) sql: &'static str,
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Statement {
    /// A statement that is run once.
    pub(crate) fn once(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql, rows: vec![values] }
    }

    /// A statement that is run for each of these.
    pub(crate) fn each(sql: &'static str, rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        Self { sql, rows: rows.into_iter().collect() }
    }
}

/// The values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::db::Value::from($value)),*] };
}
pub(crate) use values;
