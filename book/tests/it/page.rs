//! A chapter as its parts, with all that is not prose left out.

use std::collections::BTreeSet;
use std::path::Path;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::support::read;

#[derive(Default)]
pub(crate) struct Page {
    /// Of its file.
    pub(crate) name: String,
    /// Its first heading.
    pub(crate) title: String,
    /// Its headings of the second level.
    pub(crate) parts: Vec<String>,
    /// Fragments that headings make.
    pub(crate) headings: BTreeSet<String>,
    pub(crate) links: Vec<String>,
    /// What stands in backticks.
    pub(crate) codes: Vec<String>,
    /// Rows of cells, the head first.
    pub(crate) tables: Vec<Vec<Vec<String>>>,
}

impl Page {
    pub(crate) fn read(path: &Path) -> Self {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut page = Self { name, ..Self::default() };
        let mut text = String::new();
        for event in Parser::new_ext(&read(path), Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. } | Tag::TableCell) => text.clear(),
                Event::End(TagEnd::Heading(level)) => page.heading(level, &text),
                Event::Start(Tag::Table(_)) => page.tables.push(Vec::new()),
                Event::Start(Tag::TableHead | Tag::TableRow) => page.tables.last_mut().unwrap().push(Vec::new()),
                Event::End(TagEnd::TableCell) => {
                    page.tables.last_mut().unwrap().last_mut().unwrap().push(text.trim().to_owned());
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string());
                }
                Event::Code(code) => {
                    text.push_str(&code);
                    page.codes.push(code.to_string());
                }
                Event::Text(part) => text.push_str(&part),
                _ => {}
            }
        }
        page
    }

    fn heading(&mut self, level: HeadingLevel, text: &str) {
        self.headings.insert(fragment(text));
        match level {
            HeadingLevel::H1 => text.clone_into(&mut self.title),
            HeadingLevel::H2 => self.parts.push(text.to_owned()),
            _ => {}
        }
    }
}

/// As mdBook makes it.
fn fragment(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Whether a piece of code is the name of a test: a sentence of four words or more.
pub(crate) fn is_sentence(code: &str) -> bool {
    let words = code.split('_').filter(|word| !word.is_empty()).count();
    words >= 4 && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
