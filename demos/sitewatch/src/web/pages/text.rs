//! How values are shown.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, Render, html};
use url::Url;

use crate::report::text::{clean, elided};
use crate::report::{Grouped, Took};

/// A text from elsewhere: escaped, and with nothing in it that would turn a line's direction around or not be seen.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a>(&'a str);

pub(super) fn shown(text: &str) -> Shown<'_> {
    Shown(text)
}

impl Render for Shown<'_> {
    fn render_to(&self, buffer: &mut String) {
        let mut rest = self.0;
        while let Some((at, character)) = rest.char_indices().find(|(_, character)| is_unseen(*character)) {
            rest[..at].render_to(buffer);
            buffer.extend(character.escape_unicode());
            rest = &rest[at + character.len_utf8()..];
        }
        rest.render_to(buffer);
    }
}

fn is_unseen(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (character.is_control() && !matches!(character, '\n' | '\t' | '\r'))
}

/// An address, shown in the same way: a line can end after each of its slashes.
#[derive(Clone, Copy)]
pub(super) struct Address<'a>(&'a str);

pub(super) fn address(text: &str) -> Address<'_> {
    Address(text)
}

impl Render for Address<'_> {
    fn render_to(&self, buffer: &mut String) {
        let mut parts = self.0.split_inclusive('/').peekable();
        while let Some(part) = parts.next() {
            shown(part).render_to(buffer);
            // Two of them stay together, and with what is before them: they begin an address.
            if part != "/" && parts.peek().is_some_and(|next| *next != "/") {
                buffer.push_str("<wbr>");
            }
        }
    }
}

/// A text from elsewhere on one line, for where nothing is escaped.
pub(super) fn plain(text: &str) -> String {
    clean(text).to_string()
}

/// The same, with the middle left out of what is longer than so many characters.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    elided(text, limit).to_string()
}

/// An address of the web as a link to there, which is told nothing about us; anything else as a text.
pub(super) fn link(text: &str) -> Markup {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    html! {
        @match url {
            Some(url) => { a.url href=(url.as_str()) rel="noreferrer noopener" { (address(text)) } }
            None => { span.url { (address(text)) } }
        }
    }
}

/// A number as people write it.
pub(super) fn number(count: u64) -> String {
    Grouped(count).to_string()
}

/// How long something took.
pub(super) fn took(milliseconds: u64) -> String {
    Took(Duration::from_millis(milliseconds)).to_string()
}

/// How long ago, or in how long; the instant itself is its title.
pub(super) fn when(now: Timestamp, at: Timestamp) -> Markup {
    let seconds = now.as_second() - at.as_second();
    let words = match (seconds, rough(seconds.unsigned_abs())) {
        (-9..=9, _) => "just now".to_owned(),
        (10.., Some(rough)) => format!("{rough} ago"),
        (_, Some(rough)) => format!("in {rough}"),
        (_, None) => at.strftime("%-d %b %Y").to_string(),
    };
    instant(at, &words)
}

/// Since when, and for how long: what a pointer would be needed for elsewhere is not to be missed here.
pub(super) fn since(now: Timestamp, at: Timestamp) -> Markup {
    let seconds = (now.as_second() - at.as_second()).max(0);
    html! {
        @match rough(seconds.unsigned_abs()) {
            Some(rough) => { "since " (short(at)) ", for " (rough) }
            None => { "since " (instant(at, &at.strftime("%-d %b %Y").to_string())) }
        }
    }
}

/// An instant, to the second.
pub(super) fn exact(at: Timestamp) -> Markup {
    instant(at, &at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// A day and a minute.
pub(super) fn short(at: Timestamp) -> Markup {
    instant(at, &at.strftime("%-d %b, %H:%M UTC").to_string())
}

fn instant(at: Timestamp, words: &str) -> Markup {
    let machine = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let title = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    html! { time datetime=(machine) title=(title) { (words) } }
}

/// In the largest unit of which there is one, and the next where a few hours would be far off; none beyond 60 days,
/// which are better told by their date.
fn rough(seconds: u64) -> Option<String> {
    Some(match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..36_000 if seconds % 3_600 >= 60 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        172_800..5_184_000 => format!("{} days", seconds / 86_400),
        _ => return None,
    })
}
