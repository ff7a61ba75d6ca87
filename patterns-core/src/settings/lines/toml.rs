use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::Lines;
use crate::settings::path::KeyPath;

pub(super) fn locate(text: &str) -> Lines {
    let mut walk = Walk { starts: line_starts(text), lines: Lines::new() };
    if let Ok(table) = DeTable::parse(text) {
        walk.table(&KeyPath::default(), table.get_ref());
    }
    walk.lines
}

struct Walk {
    /// The byte at which each line starts.
    starts: Vec<usize>,
    lines: Lines,
}

impl Walk {
    fn note(&mut self, path: &KeyPath, span: Range<usize>) {
        let line = self.starts.partition_point(|start| *start <= span.start);
        self.lines.insert(path.clone(), line);
    }

    fn table(&mut self, path: &KeyPath, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = path.key(key.get_ref());
            self.note(&path, key.span());
            self.value(&path, value.get_ref());
        }
    }

    fn value(&mut self, path: &KeyPath, value: &DeValue<'_>) {
        match value {
            DeValue::Table(table) => self.table(path, table),
            DeValue::Array(list) => {
                for (index, element) in list.iter().enumerate() {
                    let path = path.index(index);
                    self.note(&path, element.span());
                    self.value(&path, element.get_ref());
                }
            }
            _ => {}
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(byte, _)| byte + 1)).collect()
}
