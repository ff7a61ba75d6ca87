//! `<urlset>` and `<sitemapindex>`.

use quick_xml::Reader;
use quick_xml::errors::IllFormedError;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, Event};
use quick_xml::name::QName;

use super::{MAX_URLS, Sitemap, SitemapError, place};
use crate::fetch::LONGEST_URL;

/// How many elements may be open at a time; a sitemap with extensions has about five.
const DEEPEST: usize = 100;

/// How many characters a message has at most: it names what was found, which may be as long as the file.
const LONGEST_MESSAGE: usize = 200;

pub(super) fn parse(text: &str) -> Result<Sitemap, SitemapError> {
    let mut reader = Reader::from_str(text);
    let mut document = Document::default();
    loop {
        let start = reader.buffer_position();
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                return Err(not_well_formed(text, reader.error_position(), &message(&error)));
            }
        };
        let outcome = match event {
            Event::Start(tag) => document.open(tag.name()),
            Event::Empty(tag) => document.open(tag.name()).and_then(|()| document.close()),
            Event::End(_) => document.close(),
            Event::Text(piece) => document.text(&piece.xml10_content()),
            Event::CData(piece) => document.text(&piece.xml10_content()),
            Event::GeneralRef(name) => match resolve(&name) {
                Some(value) => document.text(value.encode_utf8(&mut [0; 4])),
                None => Err(Problem::Other(format!("unknown character reference `&{};`", &*name))),
            },
            Event::Eof => match document.open.last() {
                None if document.entry.is_some() => return Ok(document.sitemap),
                None => Err(Problem::Other("there is no element".to_owned())),
                Some(name) => Err(Problem::Other(format!("the file ends before `</{name}>`"))),
            },
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => Ok(()),
        };
        match outcome {
            Ok(()) => {}
            Err(Problem::Final(error)) => return Err(error),
            Err(Problem::TooLong) => {
                let (line, _) = place(text, usize::try_from(start).unwrap_or(text.len()));
                return Err(SitemapError::UrlTooLong { line });
            }
            Err(Problem::Other(message)) => return Err(not_well_formed(text, start, &message)),
        }
    }
}

enum Problem {
    Final(SitemapError),
    /// An address, which is to be given its place.
    TooLong,
    /// To be given its place.
    Other(String),
}

/// What has been read so far.
#[derive(Default)]
struct Document {
    /// The names of the open elements, outermost first.
    open: Vec<String>,
    /// The name of an entry (`url` or `sitemap`) with the root's prefix, once the root is known.
    entry: Option<String>,
    /// The name of an entry's address.
    address: String,
    /// The address that is being read.
    current: String,
    sitemap: Sitemap,
}

impl Document {
    fn open(&mut self, name: QName<'_>) -> Result<(), Problem> {
        if self.open.is_empty() {
            if self.entry.is_some() {
                return Err(Problem::Other(format!("a second root element `<{}>`", name.0)));
            }
            let (local, prefix) = name.decompose();
            let entry = match local.into_inner() {
                "urlset" => "url",
                "sitemapindex" => "sitemap",
                _ => {
                    let root = name.0.chars().take(60).collect();
                    return Err(Problem::Final(SitemapError::NotASitemap { root }));
                }
            };
            // Extensions have a `loc` too, as in `image:loc`, but another prefix.
            let prefix = prefix.map_or(String::new(), |prefix| format!("{}:", prefix.into_inner()));
            self.address = format!("{prefix}loc");
            self.entry = Some(format!("{prefix}{entry}"));
        }
        if self.open.len() == DEEPEST {
            return Err(Problem::Other(format!("more than {DEEPEST} elements inside one another")));
        }
        self.open.push(name.0.to_owned());
        if self.in_address() {
            self.current.clear();
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        if self.in_address() {
            let address = self.current.trim();
            if !address.is_empty() {
                let is_index = self.entry.as_ref().is_some_and(|entry| entry.ends_with("sitemap"));
                let list = if is_index { &mut self.sitemap.indexes } else { &mut self.sitemap.pages };
                if list.len() == MAX_URLS {
                    return Err(Problem::Final(SitemapError::TooManyUrls));
                }
                list.push(address.to_owned());
            }
        }
        self.open.pop();
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Problem> {
        if self.open.is_empty() && !text.trim().is_empty() {
            return Err(Problem::Other("text outside the root element".to_owned()));
        }
        if self.in_address() {
            // White space around it doesn't count.
            let text = if self.current.is_empty() { text.trim_start() } else { text };
            if self.current.len() + text.trim_end().len() > LONGEST_URL {
                return Err(Problem::TooLong);
            }
            self.current.push_str(text);
        }
        Ok(())
    }

    fn in_address(&self) -> bool {
        match self.open.as_slice() {
            [_, entry, address] => Some(entry) == self.entry.as_ref() && *address == self.address,
            _ => false,
        }
    }
}

fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => Some(c),
        Ok(None) => resolve_xml_entity(reference)?.chars().next(),
        Err(_) => None,
    }
}

/// The library's own words, without its name for the kind of error.
fn message(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => {
            "a `&` that begins no character reference: write it as `&amp;`".to_owned()
        }
        quick_xml::Error::IllFormed(error) => error.to_string(),
        quick_xml::Error::Syntax(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn not_well_formed(text: &str, offset: u64, message: &str) -> SitemapError {
    let (line, column) = place(text, usize::try_from(offset).unwrap_or(text.len()));
    let message = match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    };
    SitemapError::Xml { line, column, message }
}
