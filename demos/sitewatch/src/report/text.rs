use std::fmt::{self, Write};
use std::time::Duration;

/// A string from the web, on one line and with nothing in it that a terminal would obey.
///
/// White space becomes single spaces. Control characters and the characters that turn the direction of
/// text around, which could forge what a line says, are shown as `\u{1b}`. With a limit, the middle of
/// a longer string becomes `…`.
#[derive(Clone, Copy)]
pub(crate) struct Clean<'a> {
    text: &'a str,
    limit: usize,
}

/// The whole of `text`.
pub(crate) fn clean(text: &str) -> Clean<'_> {
    Clean { text, limit: usize::MAX }
}

/// `text` in at most `limit` characters (before escaping).
pub(crate) fn elided(text: &str, limit: usize) -> Clean<'_> {
    Clean { text, limit }
}

impl Clean<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn part(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
        let mut words = text.split_whitespace();
        if text.starts_with(char::is_whitespace) {
            f.write_char(' ')?;
        }
        if let Some(word) = words.next() {
            word_to(f, word)?;
        }
        for word in words {
            f.write_char(' ')?;
            word_to(f, word)?;
        }
        if text.ends_with(char::is_whitespace) {
            f.write_char(' ')?;
        }
        Ok(())
    }
}

fn word_to(f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
    for character in word.chars() {
        if is_unsafe(character) {
            write!(f, "{}", character.escape_unicode())?;
        } else {
            f.write_char(character)?;
        }
    }
    Ok(())
}

/// Whether a terminal or a renderer might act on it instead of showing it.
pub(super) fn is_unsafe(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.trim();
        // Bytes are at least as many as characters, so most strings need no counting.
        if text.len() <= self.limit || text.chars().count() <= self.limit {
            return Self::part(f, text);
        }
        let head = self.limit * 2 / 3;
        let tail = self.limit - head - 1;
        let end = text.char_indices().nth(head).map_or(text.len(), |(at, _)| at);
        let start = text.char_indices().rev().nth(tail - 1).map_or(0, |(at, _)| at);
        Self::part(f, &text[..end])?;
        f.write_char('…')?;
        Self::part(f, &text[start..])
    }
}

/// A number as people write it: `125,776`.
///
/// # Examples
///
/// ```
/// use sitewatch::report::Grouped;
///
/// assert_eq!(Grouped(125_776).to_string(), "125,776");
/// assert_eq!(format!("{:>6}", Grouped(999)), "   999");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut grouped = String::with_capacity(digits.len() * 4 / 3 + 1);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&grouped)
    }
}

/// A duration as people say it: `340 ms`, `3.1 s`, `2 min 5 s`, `1 h 3 min`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sitewatch::report::Took;
///
/// assert_eq!(Took(Duration::from_millis(3_140)).to_string(), "3.1 s");
/// assert_eq!(Took(Duration::from_secs(3_780)).to_string(), "1 h 3 min");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took(pub Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.as_millis());
        match seconds {
            0 => write!(f, "{millis} ms"),
            1..60 => write!(f, "{}.{} s", seconds, (millis % 1000) / 100),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3600, seconds % 3600 / 60),
        }
    }
}

/// `1 page`, `2 pages`, `1,000 pages`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", Grouped(count), if count == 1 { one } else { many })
}
