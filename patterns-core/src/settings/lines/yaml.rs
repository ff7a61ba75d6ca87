use std::collections::HashMap;

use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::Marker;

use super::{Lines, Twice};
use crate::settings::path::KeyPath;

/// The parser recurses, and a thread's stack ends. As deep as JSON may be.
const DEEPEST: usize = 128;
/// Aliases of aliases are copied, which doubles and doubles again.
const MOST_COPIES: usize = 100_000;

pub(super) fn locate(text: &str) -> (Lines, Option<Twice>) {
    let mut walk = Walk { open: Vec::new(), names: HashMap::new(), lines: Lines::new(), twice: None };
    // An error leaves the lines before it.
    let _ = Parser::new_from_str(text).load(&mut walk, false);
    (walk.lines, walk.twice)
}

/// Line, column and reason, where the text is too deep or its aliases stand for too much.
pub(super) fn excess(text: &str) -> Option<(usize, usize, String)> {
    let mut parser = Parser::new_from_str(text);
    let place = |mark: Marker, reason: String| Some((mark.line(), mark.col() + 1, reason));
    // What is open: its anchor, if it has one, and how many values are in it so far.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut anchored: HashMap<usize, usize> = HashMap::new();
    let mut copies = 0_usize;
    // Event by event, which does not recurse. An error is told by the parser that reads the values.
    while let Ok((event, mark)) = parser.next_token() {
        let (anchor, values) = match event {
            Event::StreamEnd => break,
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                open.push((anchor, 1));
                if open.len() > DEEPEST {
                    return place(mark, format!("nested deeper than {DEEPEST} levels"));
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(ended) => ended,
                None => continue,
            },
            Event::Scalar(_, _, anchor, _) => (anchor, 1),
            Event::Alias(anchor) => {
                let values = anchored.get(&anchor).copied().unwrap_or(1);
                copies = copies.saturating_add(values);
                if copies > MOST_COPIES {
                    return place(mark, format!("aliases stand for more than {MOST_COPIES} values"));
                }
                (0, values)
            }
            _ => continue,
        };
        // Valid anchors start from 1.
        if anchor > 0 {
            anchored.insert(anchor, values);
        }
        if let Some((_, sum)) = open.last_mut() {
            *sum = sum.saturating_add(values);
        }
    }
    None
}

/// A collection that has begun, and where in it we are.
struct Open {
    path: KeyPath,
    at: At,
}

enum At {
    /// A mapping, between two entries.
    Key,
    /// A mapping, after a key.
    Value(KeyPath),
    /// A sequence, before this element.
    Element(usize),
}

struct Walk {
    open: Vec<Open>,
    /// The texts that have an anchor: an alias may be a key.
    names: HashMap<usize, String>,
    lines: Lines,
    twice: Option<Twice>,
}

impl Walk {
    /// The path of the value that begins here.
    fn value(&mut self, line: usize) -> KeyPath {
        let Some(open) = self.open.last_mut() else { return KeyPath::default() };
        match &mut open.at {
            // A key that is a collection: `config` refuses such a file.
            At::Key => open.path.clone(),
            At::Value(path) => {
                let path = path.clone();
                open.at = At::Key;
                path
            }
            At::Element(index) => {
                let path = open.path.index(*index);
                *index += 1;
                self.lines.insert(path.clone(), line);
                path
            }
        }
    }

    /// A text, as a key or as a value.
    fn text(&mut self, text: &str, line: usize) {
        let Some(Open { path, at: at @ At::Key }) = self.open.last_mut() else {
            self.value(line);
            return;
        };
        let path = path.key(text);
        let again = self.lines.insert(path.clone(), line).is_some();
        if again && self.twice.is_none() {
            self.twice = Some((path.clone(), line));
        }
        *at = At::Value(path);
    }
}

impl MarkedEventReceiver for Walk {
    fn on_event(&mut self, event: Event, mark: Marker) {
        match event {
            Event::Scalar(text, _, anchor, _) => {
                self.text(&text, mark.line());
                self.names.insert(anchor, text);
            }
            Event::Alias(anchor) => {
                let text = self.names.get(&anchor).cloned().unwrap_or_default();
                self.text(&text, mark.line());
            }
            Event::MappingStart(..) => {
                let path = self.value(mark.line());
                self.open.push(Open { path, at: At::Key });
            }
            Event::SequenceStart(..) => {
                let path = self.value(mark.line());
                self.open.push(Open { path, at: At::Element(0) });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
            }
            _ => {}
        }
    }
}
