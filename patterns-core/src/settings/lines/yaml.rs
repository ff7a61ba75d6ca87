use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::Marker;

use super::Lines;
use crate::settings::path::KeyPath;

pub(super) fn locate(text: &str) -> Lines {
    let mut walk = Walk { open: Vec::new(), lines: Lines::new() };
    // An error leaves the lines before it.
    let _ = Parser::new_from_str(text).load(&mut walk, false);
    walk.lines
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
    lines: Lines,
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
}

impl MarkedEventReceiver for Walk {
    fn on_event(&mut self, event: Event, mark: Marker) {
        match event {
            Event::Scalar(text, ..) => match self.open.last_mut() {
                Some(Open { path, at: at @ At::Key }) => {
                    let path = path.key(&text);
                    self.lines.insert(path.clone(), mark.line());
                    *at = At::Value(path);
                }
                _ => {
                    self.value(mark.line());
                }
            },
            Event::Alias(_) => {
                self.value(mark.line());
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
