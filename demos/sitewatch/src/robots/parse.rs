//! Lines and groups.

use std::time::Duration;

use super::pattern::Pattern;
use super::{Robots, Rule};

/// The least that the RFC asks a crawler to read, in bytes; more is not needed by anyone honest.
const LIMIT: usize = 500 * 1024;

/// What one kind of group says: those that name the crawler, or those for `*`.
#[derive(Default)]
struct Group {
    exists: bool,
    /// Whether it is the one that the current lines belong to.
    current: bool,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

pub(super) fn parse(body: &[u8], agent: &str) -> Robots {
    let agent = product_token(agent.as_bytes());
    let mut named = Group::default();
    let mut any = Group::default();
    let mut sitemaps = Vec::new();
    // A user-agent line after a rule begins a new group; one after another joins it.
    let mut seen_rule = false;

    for line in whole_lines(body) {
        let Some((key, value)) = key_and_value(line) else { continue };
        let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
        if is("user-agent") {
            if std::mem::take(&mut seen_rule) {
                named.current = false;
                any.current = false;
            }
            let token = product_token(value);
            if !token.is_empty() && token.eq_ignore_ascii_case(agent) {
                (named.exists, named.current) = (true, true);
            } else if value == b"*" || value.starts_with(b"* ") {
                any.current = true;
            }
        } else if is("allow") || is("disallow") {
            seen_rule = true;
            for group in [&mut named, &mut any] {
                // An empty path matches nothing.
                if group.current && !value.is_empty() {
                    group.rules.push(Rule { pattern: Pattern::new(value), allow: is("allow") });
                }
            }
        } else if is("crawl-delay") {
            // Not a rule of the RFC, so it ends no list of user agents.
            for group in [&mut named, &mut any] {
                if group.current {
                    group.crawl_delay = group.crawl_delay.max(seconds(value));
                }
            }
        } else if is("sitemap") && !value.is_empty() {
            sitemaps.push(String::from_utf8_lossy(value).into_owned());
        }
    }
    let group = if named.exists { named } else { any };
    Robots { rules: group.rules, crawl_delay: group.crawl_delay, sitemaps }
}

/// The lines within the limit. Half a line could forbid more than the whole one.
fn whole_lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let read = match body.get(..LIMIT) {
        Some(start) if body.len() > LIMIT => &start[..start.iter().rposition(is_end).unwrap_or(0)],
        _ => body,
    };
    read.split(is_end)
}

fn key_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.split(|byte| *byte == b'#').next()?;
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

fn product_token(text: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    let end = text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len());
    &text[..end]
}

fn seconds(value: &[u8]) -> Option<Duration> {
    let seconds = std::str::from_utf8(value).ok()?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
